/** Listing again what found no buyer: when it may be, what the new auction is, and how both are linked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evolve } from '../../src/auction/evolve.ts';
import type { AuctionId, AuctionRef } from '../../src/auction/ids.ts';
import { decideRelisting } from '../../src/auction/relisting.ts';
import type { Auction } from '../../src/auction/auction.ts';
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import { readAuction, writeAuction } from '../../src/auction/state-codec.ts';
import { stateHash } from '../../src/auction/state-hash.ts';
import { MsgpackReader } from '../../src/lib/msgpack-reader.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import type { TermsGiven } from './fixture.ts';
import {
  ANN,
  bid,
  clock,
  DAY,
  END,
  END_MS,
  endEarly,
  given,
  HOUR,
  ID,
  SELLER,
  START,
  terms,
  TEXT,
} from './fixture.ts';

const NEW_ID = 'auction000000000000009' as AuctionId;
const NEW_REF = 9 as AuctionRef;
const AT = END + DAY;

function relist(
  old: Auction,
  over: TermsGiven = {},
  seller = SELLER,
): ReturnType<typeof decideRelisting> {
  const from = AT / 1000;
  const listed = terms({ startsAtMs: from, endsAtMs: from + 86_400_000, ...over });
  const command = { kind: 'ListAuction', id: NEW_ID, seller, terms: listed, text: TEXT } as const;
  return decideRelisting(old, NEW_REF, command, AT, RULE_SETTINGS);
}

const unsold = (): Auction => given({}, clock(END)).auction;

test('what ended without a buyer, or was cancelled, is listed again, and the two name each other', () => {
  const ended = [
    unsold(),
    given({}, endEarly('cancel')).auction,
    given({}, endEarly('cancel', START - HOUR)).auction,
    given({ reserveCents: 90_00 }, bid(ANN, 5_00), clock(END)).auction,
  ];
  for (const old of ended) {
    const decided = relist(old, { startPriceCents: 50 });
    assert.ok(typeof decided === 'object' && 'listed' in decided);
    const { listed, relisted } = decided;
    assert.deepEqual([listed.id, listed.auction, listed.text.relistOf], [NEW_ID, NEW_REF, ID]);
    assert.equal(listed.terms.startPriceCents, 50);
    assert.deepEqual(relisted, { kind: 'AuctionRelisted', auction: old.ref, atUs: AT, as: NEW_ID });
    const seqBefore = old.auctionSeq;
    evolve(old, relisted, 99);
    assert.equal(old.relistedAs, NEW_ID);
    assert.equal(old.auctionSeq, seqBefore, 'what was seen of it stays');
    assert.equal(relist(old), 'ALREADY_RELISTED');
    assert.throws(() => evolve(old, relisted, 100), /relisted once/);
  }
});

test('what runs, waits for its start or was sold is not', () => {
  assert.equal(relist(given().auction), 'NOT_TO_RELIST');
  assert.equal(relist(given({}, clock(START)).auction), 'NOT_TO_RELIST');
  assert.equal(relist(given({}, bid(ANN, 5_00), clock(END)).auction), 'NOT_TO_RELIST');
});

test('only its seller lists it again, and by the rules of any listing', () => {
  assert.equal(relist(unsold(), {}, ANN), 'NOT_YOUR_AUCTION');
  const refused = relist(unsold(), { endsAtMs: END_MS });
  assert.ok(typeof refused === 'object' && 'field' in refused);
  assert.equal(refused.field, 'endsAtMs');
  const old = unsold();
  relist(old, { startPriceCents: 0 });
  assert.equal(old.relistedAs, null, 'a refused one leaves the old one as it was');
});

test('a snapshot holds it, and one without it is as it ever was', () => {
  const writer = new MsgpackWriter();
  const old = unsold();
  writeAuction(writer, old);
  assert.equal(writer.copy()[0], 1, 'the version that every earlier program reads');
  const hash = stateHash([old]);
  old.relistedAs = NEW_ID;
  writer.clear();
  writeAuction(writer, old);
  const bytes = writer.copy();
  assert.equal(readAuction(new MsgpackReader().open(bytes, 0, bytes.length)).relistedAs, NEW_ID);
  assert.notEqual(stateHash([old]), hash);
});
