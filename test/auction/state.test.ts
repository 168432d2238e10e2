import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Auction } from '../../src/auction/auction.ts';
import { UnreadableState, readAuction, writeAuction } from '../../src/auction/state-codec.ts';
import { stateHash } from '../../src/auction/state-hash.ts';
import { MsgpackReader } from '../../src/lib/msgpack-reader.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import {
  ANN,
  BOB,
  CAT,
  END,
  START,
  bid,
  block,
  buy,
  cents,
  clock,
  copyOf,
  endEarly,
  given,
  limit,
  retract,
} from './fixture.ts';
import type { Scene } from './fixture.ts';

const SCENES: readonly (readonly [string, () => Scene])[] = [
  ['scheduled', () => given()],
  ['active', () => given({}, clock(START))],
  [
    'direct, in yen, with a reserve, its own table and no soft close',
    () =>
      given(
        {
          format: 'direct',
          currency: 'JPY',
          reserveCents: 9_000_000_000,
          increments: [{ belowCents: null, incrementCents: cents(100) }],
          softClose: { windowMs: 0, extensionMs: 0, extensionsMax: null },
          fatFingerFactor: 2.5,
        },
        bid(ANN, 2_00),
      ),
  ],
  [
    'with bidders of every kind',
    () => given({}, bid(ANN, 5_00), block(BOB), limit(CAT, 7_00), bid(CAT, 6_00), retract(ANN)),
  ],
  ['extended', () => given({}, bid(ANN, 5_00, END - 1))],
  ['sold', () => given({}, bid(ANN, 5_00), clock(END))],
  ['unsold', () => given({}, clock(END))],
  ['bought', () => given({ buyNowCents: 90_00 }, buy(ANN))],
  ['ended early', () => given({}, bid(ANN, 5_00), endEarly('sell'))],
  ['cancelled', () => given({}, bid(ANN, 5_00), endEarly('cancel'))],
];

function bytesOf(auction: Auction): Uint8Array {
  const writer = new MsgpackWriter();
  writeAuction(writer, auction);
  return writer.copy();
}

for (const [name, scene] of SCENES) {
  test(`written and read again: ${name}`, () => {
    const { auction } = scene();
    const bytes = bytesOf(auction);
    const reader = new MsgpackReader().open(bytes);
    const read = readAuction(reader);
    assert.ok(reader.atEnd);
    assert.equal(read.attempts.count, 0);
    const { attempts: _, ...expected } = auction;
    const { attempts: __, ...fields } = read;
    assert.deepEqual(fields, expected);
    assert.equal(read.terms.increments, auction.terms.increments);
    assert.deepEqual(bytesOf(read), bytes);
  });
}

test('bytes of another version or with an unknown word are refused', () => {
  const { auction } = given();
  const bytes = bytesOf(auction);
  const other = bytes.slice();
  other[0] = 99;
  assert.throws(() => readAuction(new MsgpackReader().open(other)), UnreadableState);
});

test('the hash is that of the state and its attempts, and of nothing else', () => {
  const { auction } = given({}, bid(ANN, 5_00), bid(BOB, 6_00));
  const hash = stateHash([auction]);
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.equal(stateHash([copyOf(auction)]), hash);
  const changes: readonly ((copy: Auction) => void)[] = [
    (copy) => (copy.priceCents = cents(copy.priceCents + 1)),
    (copy) => (copy.title += '.'),
    (copy) => (copy.reserveMet = !copy.reserveMet),
    (copy) => (copy.endReason = 'time'),
    (copy) => (copy.closedAtMs = 1),
    (copy) => ((copy.biddersByUser.get(ANN) ?? copy.biddersByUser.get(BOB)!).windowBids += 1),
    (copy) => copy.attempts.retract(0),
    (copy) => (copy.terms = { ...copy.terms, fatFingerFactor: 3 }),
  ];
  for (const change of changes) {
    const copy = copyOf(auction);
    change(copy);
    assert.notEqual(stateHash([copy]), hash, String(change));
  }
});

test('auctions are hashed in the order of their refs', () => {
  const one = given().auction;
  assert.throws(() => stateHash([one, one]), /order/);
});
