/**
 * Receipts as a property: of every bid command, in whatever history, the shard states what the log
 * holds, the log bears it out, and nothing else passes: not a changed character, not another key,
 * not a log that was changed, cut or restored.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Journal } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { readRecord, writeRecord } from '../../src/journal/record.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { GET_RECEIPT } from '../../src/protocol/messages/get-receipt.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { checkReceipt } from '../../src/receipt/check-receipt.ts';
import {
  BadSignature,
  openCompact,
  publicKeysOf,
  signCompact,
  signingKeyOf,
} from '../../src/receipt/signature.ts';
import type { Statement } from '../../src/receipt/statement.ts';
import { parseStatement } from '../../src/receipt/statement.ts';
import { randomFrom, seedOfRun } from '../server/harness.ts';
import { AUCTION, SELLER, ShardFixture } from '../shard/fixture.ts';
import { OTHER, playHistory, statementText } from './history.ts';
import { makeKey } from './office.ts';

const key = makeKey();
const keys = publicKeysOf({ keys: [key.publicJwk] });

function parsed(text: string | null): Statement {
  const statement = parseStatement(text ?? 'null');
  assert.ok(statement !== undefined, `a statement was expected: ${text}`);
  return statement;
}

test('of every bid command there is a receipt, and the log bears it out: 200 histories', (t) => {
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed}`);
  let receipts = 0;
  for (let i = 0; i < 200; i++) {
    const below = randomFrom(seed + i);
    const { shard, bids } = playHistory(below);
    for (const { record, user } of bids.filter(() => below(4) === 0)) {
      const text = statementText(shard, user, record, key);
      const own = parsed(text);
      assert.equal(own.bidder, `user-${user}`);
      assert.equal(own.record, record);
      assert.deepEqual(
        checkReceipt(own, shard.journal, key.seal).finding,
        null,
        `seed ${seed + i}`,
      );
      assert.equal(statementText(shard, user, record, key), text, 'the same for ever');
      // The seller is shown all but who bid how much, and that is borne out as well.
      const { bidder: _, amountCents: __, nonce: ___, ...rest } = own;
      const sellers = parsed(statementText(shard, SELLER, record, key));
      assert.deepEqual(sellers, rest);
      assert.equal(checkReceipt(sellers, shard.journal, key.seal).finding, null);
      receipts += 1;
    }
  }
  assert.ok(receipts > 500, `${receipts} receipts`);
});

test('a receipt shows a seal and not the chain hash: one for each key and hash', () => {
  const { shard, bids } = playHistory(randomFrom(7));
  const [{ record, user } = { record: 0, user: 0 }] = bids;
  const hash = shard.journal.linked(record as Seq)?.hash ?? new Uint8Array();
  const other = makeKey();
  const [one, two, others] = [key, signingKeyOf(key.privateKey), other].map((each) => {
    const text = statementText(shard, user, record, each);
    assert.ok(!text?.includes(Buffer.from(hash).toString('hex')));
    return parsed(text).chainSeal;
  });
  assert.equal(one, two);
  assert.notEqual(one, others);
  const seals = new Set(Array.from({ length: 256 }, (_, i) => key.seal(hash.with(0, i))));
  assert.equal(seals.size, 256);
});

test('RECORD_UNKNOWN: nobody gets the receipt of another, of another auction, or of no bid', () => {
  const shard = new ShardFixture();
  shard.list();
  shard.list({}, OTHER, 91);
  const { record } = shard.bid(1, 1_000);
  const refused = (user: number, fields: { auctionId: string; record: number }): void => {
    const reply = shard.ask(GET_RECEIPT, user, fields);
    assert.equal(reply.fields['code'], REFUSALS.RECORD_UNKNOWN.code, JSON.stringify(fields));
  };
  refused(2, { auctionId: AUCTION, record });
  refused(91, { auctionId: AUCTION, record });
  refused(1, { auctionId: OTHER, record });
  refused(1, { auctionId: AUCTION, record: record - 1 });
  refused(1, { auctionId: AUCTION, record: 0 });
  refused(1, { auctionId: AUCTION, record: Number.MAX_SAFE_INTEGER });
  const unknown = shard.ask(GET_RECEIPT, 1, { auctionId: 'auction000000000000009', record });
  assert.equal(unknown.fields['code'], REFUSALS.AUCTION_UNKNOWN.code);
  const stranger = shard.ask(GET_RECEIPT, 0, { auctionId: AUCTION, record });
  assert.equal(stranger.fields['code'], REFUSALS.NOT_SIGNED_IN.code);
});

test('a record that is decided and not committed has no receipt yet', () => {
  const shard = new ShardFixture();
  shard.list();
  const { record } = shard.bid(1, 1_000);
  const fields = shard.bidFields(2_000);
  shard.take(PLACE_BID, 1, fields);
  const guessed = shard.take(GET_RECEIPT, 1, { auctionId: AUCTION, record: record + 1 });
  shard.shard.commit();
  const reply = shard.delivered().find((one) => one.fields['id'] === guessed);
  assert.equal(reply?.fields['code'], REFUSALS.RECORD_UNKNOWN.code);
  assert.equal(parsed(statementText(shard, 1, record + 1, key)).amountCents, 2_000);
});

test('no other character, no other key and nothing else signed passes as a receipt', async () => {
  const { shard, bids } = playHistory(randomFrom(7));
  const [{ record, user } = { record: 0, user: 0 }] = bids;
  const text = statementText(shard, user, record, key) ?? '';
  const receipt = await signCompact('gavel-receipt', text, key);
  assert.deepEqual(openCompact('gavel-receipt', receipt, keys), { text, kid: key.kid });
  const faultOf = (given: string, with_ = keys): string => {
    try {
      openCompact('gavel-receipt', given, with_);
    } catch (error) {
      assert.ok(error instanceof BadSignature);
      return error.fault;
    }
    return 'good';
  };
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=';
  for (let at = 0; at < receipt.length; at++) {
    // Every other character in the places where the encoding leaves bits unused.
    const others = at === receipt.length - 1 ? [...alphabet] : [alphabet[(at * 7) % 66] ?? 'A'];
    for (const other of others.filter((each) => each !== receipt[at])) {
      const changed = receipt.slice(0, at) + other + receipt.slice(at + 1);
      assert.notEqual(faultOf(changed), 'good', `${other} at ${at}`);
    }
  }
  const stranger = publicKeysOf({ keys: [makeKey().publicJwk] });
  assert.equal(faultOf(receipt, stranger), 'other key');
  assert.equal(faultOf(await signCompact('gavel-report', text, key)), 'unreadable');
  assert.equal(
    faultOf(await signCompact('gavel-receipt', text, { ...key, kid: 'x' })),
    'other key',
  );
  const forger = { ...makeKey(), kid: key.kid };
  assert.equal(faultOf(await signCompact('gavel-receipt', text, forger)), 'forged');
  assert.equal(faultOf(`${receipt}.x`), 'unreadable');
  assert.equal(faultOf(''), 'unreadable');
});

/** A log with other contents: what `change` makes of each record, until it says stop. */
function copied(
  from: Journal,
  change: (seq: number, bytes: Uint8Array) => Uint8Array | 'stop',
): MemoryJournal {
  const copy = new MemoryJournal();
  for (const batch of from.scan(1 as Seq)) {
    const writer: Uint8Array[] = [];
    for (let i = 0; i < batch.count; i++) {
      const bytes = batch.bytes.subarray(batch.offsets[i], batch.offsets[i + 1]);
      const changed = change(batch.firstSeq + i, bytes);
      if (changed === 'stop') return copy;
      writer.push(changed);
    }
    copy.append(batchOf(batch, writer));
  }
  return copy;
}

function batchOf({ firstSeq, count, atUs, epoch }: Batch, records: readonly Uint8Array[]): Batch {
  const offsets = new Uint32Array(count + 1);
  for (const [i, bytes] of records.entries()) {
    offsets[i + 1] = (offsets[i] as number) + bytes.length;
  }
  return { firstSeq, count, atUs, epoch, offsets, bytes: Buffer.concat(records) };
}

test('a log that was changed anywhere up to the record, cut or restored contradicts the receipt', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const below = randomFrom(seed);
    const { shard, bids } = playHistory(below);
    const { record, user } = bids[below(bids.length)] ?? { record: 0, user: 0 };
    const statement = parsed(statementText(shard, user, record, key));
    const { lastRecord } = statement;
    const kindIn = (journal: Journal): string | undefined =>
      checkReceipt(statement, journal, key.seal).finding?.kind;

    const target = 1 + below(lastRecord);
    const later = copied(shard.journal, (seq, bytes) => {
      if (seq !== target) return bytes;
      const event = readRecord(bytes);
      const writer = new MsgpackWriter();
      writeRecord(writer, { ...event, atUs: event.atUs + 1 });
      return writer.copy();
    });
    assert.equal(kindIn(later), 'rewritten', `record ${target} of seed ${seed}`);
    assert.equal(kindIn(copied(shard.journal, (_, bytes) => bytes)), undefined);

    const cut = copied(shard.journal, (seq, bytes) => (seq === record ? 'stop' : bytes));
    assert.equal(kindIn(cut), 'restored', `seed ${seed}`);
    // Restored to before it, and gone on under the next epoch.
    for (let more = 0; cut.head.seq < lastRecord + 3; more++) {
      const bytes = new MsgpackWriter();
      writeRecord(bytes, {
        kind: 'UserIntroduced',
        user: 900 + more,
        id: `n${more}`,
        atUs: 1,
      } as never);
      const header = { firstSeq: cut.head.seq + 1, count: 1, atUs: cut.lastAtUs, epoch: 2 };
      cut.append(batchOf(header as Batch, [bytes.copy()]));
    }
    assert.equal(kindIn(cut), 'restored', `seed ${seed}, gone on`);
  }
});

test('a server that signs what its log does not hold is found out', () => {
  const { shard, bids } = playHistory(randomFrom(3));
  const { record, user } = bids[1] ?? { record: 0, user: 0 };
  const honest = parsed(statementText(shard, user, record, key));
  const lies: Partial<Statement>[] = [
    { amountCents: (honest.amountCents ?? 0) + 1 },
    { bidder: 'user-99' },
    { bidder: `user-${(user % 5) + 1}` },
    { auctionId: OTHER },
    { nonce: 'another-nonce' },
    { code: honest.code === 0 ? 3011 : 0 },
    { currentPriceCents: honest.currentPriceCents + 1 },
    { endsAtMs: honest.endsAtMs - 1 },
    { atUs: honest.atUs - 1 },
    { leads: !honest.leads },
    { seq: honest.seq + 1 },
    { epoch: honest.epoch + 1 },
    { record: record - 1 },
    { command: 'buy_now' },
  ];
  for (const lie of lies) {
    const { finding } = checkReceipt({ ...honest, ...lie }, shard.journal, key.seal);
    assert.ok(finding !== null, JSON.stringify(lie));
    assert.ok(finding.what.length > 20, finding.what);
  }
  const other = { ...honest, chainSeal: '0'.repeat(64) };
  assert.equal(checkReceipt(other, shard.journal, key.seal).finding?.kind, 'rewritten');
});
