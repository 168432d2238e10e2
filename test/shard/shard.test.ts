/** The single writer through its in-process channel: order, dedupe, deadlines, watchers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommitFailure } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { CANCEL_AUCTION } from '../../src/protocol/messages/cancel-auction.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { AUCTION, auctionId, SELLER, ShardFixture, START_MS } from './fixture.ts';

const DAY_MS = 86_400_000;

describe('one nonce, one effect', () => {
  it('answers a repeated bid byte for byte, even after other bids', () => {
    const fixture = new ShardFixture();
    fixture.list();
    const fields = fixture.bidFields(5_000, { nonce: 'same-nonce-1' });
    const first = fixture.ask(PLACE_BID, 1, fields);
    fixture.bid(2, 9_000);
    const before = fixture.journal.committedSeq;
    const again = fixture.ask(PLACE_BID, 1, fields);
    assert.equal(fixture.journal.committedSeq, before, 'nothing was recorded');
    assert.deepEqual({ ...again.fields, id: 0 }, { ...first.fields, id: 0 });
    assert.deepEqual(again.bytes.subarray(3), first.bytes.subarray(3));
  });

  it('answers a repetition within the same batch', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.delivered();
    const fields = fixture.bidFields(5_000);
    fixture.take(PLACE_BID, 1, fields);
    fixture.take(PLACE_BID, 1, fields);
    fixture.shard.commit();
    const [first, second] = fixture.delivered();
    assert.deepEqual({ ...first?.fields, id: 0 }, { ...second?.fields, id: 0 });
  });

  it('answers repeated refusals and retractions as well', () => {
    const fixture = new ShardFixture();
    fixture.list();
    const low = fixture.bidFields(10);
    const refused = fixture.ask(PLACE_BID, 1, low);
    fixture.bid(2, 7_000);
    assert.deepEqual(
      { ...fixture.ask(PLACE_BID, 1, low).fields, id: 0 },
      { ...refused.fields, id: 0 },
    );
    const first = fixture.retract(2, 'retract-once');
    assert.equal(first.code, 0);
    const again = fixture.retract(2, 'retract-once');
    assert.deepEqual({ ...again, id: 0 }, { ...first, id: 0 });
  });

  it('refuses the same nonce with other content (NONCE_REUSED)', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000, { nonce: 'same-nonce-1' });
    const other = fixture.ask(PLACE_BID, 1, fixture.bidFields(6_000, { nonce: 'same-nonce-1' }));
    assert.equal(other.fields['code'], REFUSALS.NONCE_REUSED.code);
    assert.equal(fixture.bid(2, 6_000, { nonce: 'same-nonce-1' }).code, 0, 'per user');
  });
});

describe('time is what the server read', () => {
  it('decides a bid read before the end, whatever comes first in the batch', () => {
    const fixture = new ShardFixture();
    const endsAtMs = START_MS + 60_000;
    fixture.list({ endsAtMs, softClose: { windowMs: 0, extensionMs: 0, extensionsMax: 0 } });
    fixture.nowUs = endsAtMs * 1000 - 1;
    assert.equal(fixture.bid(1, 5_000).code, 0);
    fixture.nowUs = endsAtMs * 1000;
    assert.equal(fixture.bid(2, 9_000).code, REFUSALS.AUCTION_ENDED.code);
    const auction = fixture.state.auctionById(AUCTION as never);
    assert.equal(auction?.status, 'sold');
  });

  it('ends on time without any bid, also more than 24.8 days away', () => {
    const fixture = new ShardFixture();
    const endsAtMs = START_MS + 40 * DAY_MS;
    fixture.list({ endsAtMs });
    fixture.tickAt(START_MS);
    assert.equal(fixture.shard.nextDeadlineMs, endsAtMs);
    fixture.tickAt(endsAtMs - 1);
    assert.equal(fixture.state.auctionById(AUCTION as never)?.status, 'active');
    fixture.tickAt(endsAtMs);
    assert.equal(fixture.state.auctionById(AUCTION as never)?.status, 'unsold');
  });

  it('starts a scheduled auction at its time', () => {
    const fixture = new ShardFixture();
    const startsAtMs = START_MS + DAY_MS;
    fixture.list({ startsAtMs, endsAtMs: startsAtMs + DAY_MS });
    assert.equal(fixture.bid(1, 5_000).code, REFUSALS.AUCTION_NOT_STARTED.code);
    fixture.nowUs = startsAtMs * 1000;
    assert.equal(fixture.bid(1, 5_000).code, 0);
  });

  it('never lets a stamp move time back', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.tickAt(START_MS + 1_000_000);
    fixture.nowUs = START_MS * 1000;
    assert.equal(fixture.bid(1, 5_000).serverTimeMs, START_MS + 1_000_000);
  });

  it('ends many auctions due at the same time over several batches', () => {
    const fixture = new ShardFixture();
    const endsAtMs = START_MS + DAY_MS;
    for (let i = 0; i < 5_000; i++) fixture.list({ endsAtMs }, auctionId(i));
    fixture.tickAt(endsAtMs);
    for (let i = 0; i < 5; i++) fixture.tickAt(endsAtMs);
    const open = [...fixture.state.auctions()].filter((auction) => auction.status === 'active');
    assert.equal(open.length, 0);
  });
});

describe('watchers', () => {
  it('sends the snapshot first, then updates without a gap', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    fixture.delivered();
    const snapshot = fixture.ask(SUBSCRIBE, 3, { auctionId: AUCTION, epoch: null, seq: null });
    assert.equal(snapshot.kind, 'subscribed');
    let seq = snapshot.subscription?.seq ?? 0;
    fixture.take(PLACE_BID, 1, fixture.bidFields(6_000));
    fixture.take(PLACE_BID, 2, fixture.bidFields(7_000));
    fixture.shard.commit();
    fixture.bid(1, 9_000);
    const updates = fixture.delivered().filter((one) => one.kind === 'update');
    assert.equal(updates.length, 2, 'one update a batch');
    for (const { range } of updates) {
      assert.equal(range?.fromSeq, seq + 1);
      seq = range?.seq ?? 0;
    }
    assert.equal(seq, fixture.state.auctionById(AUCTION as never)?.auctionSeq);
  });

  it('sends extensions and the end at once and in order', () => {
    const fixture = new ShardFixture();
    const endsAtMs = START_MS + 600_000;
    fixture.list({ endsAtMs });
    fixture.ask(SUBSCRIBE, 3, { auctionId: AUCTION, epoch: null, seq: null });
    fixture.delivered();
    fixture.nowUs = (endsAtMs - 10_000) * 1000;
    fixture.bid(1, 5_000);
    fixture.tickAt(endsAtMs + 3_600_000);
    const updates = fixture.delivered().filter((one) => one.kind === 'update');
    assert.deepEqual(
      updates.map((one) => one.name),
      ['bid_update', 'extended', 'ended'],
    );
    assert.deepEqual(
      updates.map((one) => one.range?.urgent),
      [false, true, true],
    );
  });

  it('shows the bids of a batch as they stood, also where one is taken back in the same batch', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    fixture.ask(SUBSCRIBE, 3, { auctionId: AUCTION, epoch: null, seq: null });
    fixture.delivered();
    fixture.take(PLACE_BID, 2, fixture.bidFields(9_000));
    fixture.take(RETRACT, 2, { auctionId: AUCTION, nonce: fixture.nonce() });
    fixture.shard.commit();
    const updates = fixture.delivered().filter((one) => one.kind === 'update');
    assert.deepEqual(
      updates.map(({ name }) => name),
      ['bid_update', 'auction_changed'],
    );
    assert.equal(updates[0]?.fields['currentPriceCents'], 5_100);
    assert.equal(updates[0]?.fields['bidCount'], 2);
    const after = updates[1]?.fields['auction'] as { currentPriceCents: number; bidCount: number };
    assert.deepEqual([after.currentPriceCents, after.bidCount], [1_000, 1]);
  });

  it('shows a cancelled auction as if nobody had bid', () => {
    const fixture = new ShardFixture();
    fixture.list({ reserveCents: 3_000 });
    fixture.bid(1, 5_000);
    fixture.bid(2, 9_000);
    fixture.ask(SUBSCRIBE, 3, { auctionId: AUCTION, epoch: null, seq: null });
    fixture.delivered();
    fixture.ask(CANCEL_AUCTION, SELLER, { auctionId: AUCTION, how: 'cancel', asAdmin: false });
    const delivered = fixture.delivered();
    const { handle, seq, ...ended } = delivered.find(({ name }) => name === 'ended')?.fields ?? {};
    assert.deepEqual([handle, seq], [1, fixture.state.auctionById(AUCTION as never)?.auctionSeq]);
    assert.deepEqual(ended, {
      status: 'cancelled',
      reason: 'cancelled',
      currentPriceCents: 1_000,
      bidCount: 0,
      winner: 0,
    });
    const results = delivered.filter(({ name }) => name === 'result');
    assert.deepEqual(
      results.map(({ to, fields }) => [to, fields['outcome'], fields['currentPriceCents']]),
      [
        [SELLER, 'cancelled', 1_000],
        [1, 'cancelled', 1_000],
        [2, 'cancelled', 1_000],
      ],
    );
  });

  it('tells the former leader, the winner, the losers and the seller', () => {
    const fixture = new ShardFixture();
    fixture.list({ endsAtMs: START_MS + 600_000 });
    fixture.bid(1, 5_000);
    fixture.bid(2, 9_000);
    const outbid = fixture.delivered().filter((one) => one.kind === 'notify');
    assert.deepEqual(
      outbid.map((one) => [one.to, one.name, one.fields['yourBidCents']]),
      [[1, 'outbid', 5_000]],
    );
    fixture.tickAt(START_MS + 600_000);
    const results = fixture.delivered().filter((one) => one.name === 'result');
    assert.deepEqual(
      new Map(results.map((one) => [one.to, one.fields['outcome']])),
      new Map([
        [SELLER, 'sold'],
        [1, 'lost'],
        [2, 'won'],
      ]),
    );
  });
});

describe('the private feed after a retraction', () => {
  const notices = (fixture: ShardFixture): unknown[] =>
    fixture
      .delivered()
      .filter(({ kind }) => kind === 'notify')
      .map(({ to, name, fields }) => [to, name, fields['yourBidCents'], fields['seq']]);

  it('tells the bidder who leads again, and not the one who took the bid back', () => {
    const fixture = new ShardFixture();
    fixture.list({ reserveCents: 6_000 });
    fixture.bid(1, 5_000);
    fixture.bid(2, 9_000);
    fixture.delivered();
    const answer = fixture.retract(2);
    assert.deepEqual([answer.code, answer.status], [0, 'none']);
    const told = fixture.delivered().filter(({ kind }) => kind === 'notify');
    assert.deepEqual(
      told.map(({ to, name, fields }) => [to, name, fields]),
      [
        [
          1,
          'leading_again',
          {
            auctionId: AUCTION,
            epoch: 1,
            seq: answer.seq,
            yourBidCents: 5_000,
            currentPriceCents: answer.currentPriceCents,
            reserveMet: false,
            endsAtMs: answer.endsAtMs,
            noticeSeq: null,
          },
        ],
      ],
    );
  });

  it('tells nobody where nobody leads any more', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    fixture.delivered();
    assert.equal(fixture.retract(1).code, 0);
    assert.deepEqual(notices(fixture), []);
  });

  it('tells nobody where the leader stays', () => {
    const fixture = new ShardFixture();
    fixture.list();
    fixture.bid(1, 5_000);
    fixture.bid(2, 3_000);
    fixture.delivered();
    assert.equal(fixture.retract(2).code, 0);
    assert.deepEqual(notices(fixture), []);
  });

  it('tells the one who took back the newest bid nothing, also where an older one still stands', () => {
    const fixture = new ShardFixture();
    fixture.list({ endsAtMs: START_MS + 3_600_000 });
    fixture.bid(2, 2_000);
    fixture.bid(1, 5_000);
    fixture.bid(2, 9_000);
    fixture.delivered();
    const answer = fixture.retract(2);
    assert.equal(answer.currentPriceCents, 2_050, 'the older bid counts');
    assert.deepEqual(notices(fixture), [[1, 'leading_again', 5_000, answer.seq]]);
  });
});

describe('nothing leaves before it is committed', () => {
  it('keeps every answer back when the commit fails', () => {
    class FailingJournal extends MemoryJournal {
      broken = false;
      override append(batch: Parameters<MemoryJournal['append']>[0]): void {
        if (this.broken) throw new CommitFailure('the disk is gone');
        super.append(batch);
      }
    }
    const journal = new FailingJournal();
    const fixture = new ShardFixture({ journal });
    fixture.list();
    fixture.delivered();
    journal.broken = true;
    fixture.take(PLACE_BID, 1, fixture.bidFields(5_000));
    assert.throws(() => fixture.shard.commit(), CommitFailure);
    assert.deepEqual(fixture.delivered(), []);
  });
});

describe('auctions that are about to end', () => {
  it('are told while they run, follow an extension, and are gone with their end', () => {
    const fixture = new ShardFixture();
    const endsAtMs = fixture.nowUs / 1000 + 300_000;
    fixture.list({ endsAtMs });
    fixture.list({ endsAtMs: endsAtMs + 600_000 }, auctionId(2));
    const closing = (): string[] => fixture.shard.closing(60_000, 10).map(({ id }) => id);
    assert.deepEqual(closing(), []);
    fixture.tickAt(endsAtMs - 20_000);
    assert.deepEqual(closing(), [AUCTION]);
    fixture.bid(1, 5_000);
    const [auction] = fixture.shard.closing(60_000, 10);
    assert.equal(auction?.endsAtMs, endsAtMs + 40_000, 'extended to a minute from now');
    fixture.tickAt(endsAtMs + 40_000);
    assert.deepEqual(closing(), []);
  });
});
