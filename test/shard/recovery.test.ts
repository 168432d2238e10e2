/** What comes back after a stop: the same state from the log, and from snapshot and log. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stateHash } from '../../src/auction/state-hash.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { MemoryStateStore } from '../../src/journal/memory-state-store.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { recover } from '../../src/shard/recovery.ts';
import { Snapshotter } from '../../src/shard/snapshotter.ts';
import { auctionId, ShardFixture } from './fixture.ts';

const hashOf = (fixture: ShardFixture): string => stateHash(fixture.state.auctions());

describe('recovery', () => {
  it('gives the same state hash from the log, from a snapshot at any time, and from both', () => {
    const step = fc.record({
      auction: fc.nat(4),
      user: fc.integer({ min: 1, max: 6 }),
      amount: fc.integer({ min: 500, max: 20_000 }),
      what: fc.constantFrom('bid', 'bid', 'bid', 'retract', 'slice', 'snapshot', 'later'),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
        const journal = new MemoryJournal();
        const store = new MemoryStateStore();
        const settings = { bidsPerMinuteMax: null, fatFingerFactor: null };
        const fixture = new ShardFixture({ journal, settings });
        const snapshotter = new Snapshotter(fixture.state, store);
        for (let i = 0; i < 5; i++) fixture.list({}, auctionId(i));
        for (const { auction, user, amount, what } of steps) {
          const on = { auctionId: auctionId(auction) };
          if (what === 'bid') fixture.bid(user, amount, on);
          else if (what === 'later') fixture.tickAt(fixture.nowUs / 1000 + 3_600_000);
          else if (what === 'retract') fixture.retract(user);
          else if (what === 'slice') snapshotter.slice(journal.committedSeq);
          else {
            snapshotter.begin(journal.committedSeq);
            while (snapshotter.slice(journal.committedSeq));
          }
        }
        const expected = hashOf(fixture);
        assert.equal(stateHash(recover(journal, null).state.auctions()), expected);
        const both = recover(journal, store);
        assert.equal(stateHash(both.state.auctions()), expected);
        assert.equal(both.state.userCount, fixture.state.userCount);
      }),
      { numRuns: 200 },
    );
  });

  it('recognises nonces from before the stop, from the log and from the snapshot', () => {
    const journal = new MemoryJournal();
    const store = new MemoryStateStore();
    const first = new ShardFixture({ journal });
    first.list({}, auctionId(1));
    const bid = first.bidFields(5_000, { auctionId: auctionId(1) });
    const answer = first.ask(PLACE_BID, 1, bid);
    const snapshotter = new Snapshotter(first.state, store);
    snapshotter.begin(journal.committedSeq);
    while (snapshotter.slice(journal.committedSeq));

    for (const from of [null, store]) {
      const second = new ShardFixture({ journal, store: from });
      const before = journal.committedSeq;
      const again = second.ask(PLACE_BID, 1, bid);
      assert.equal(journal.committedSeq, before);
      assert.deepEqual({ ...again.fields, id: 0 }, { ...answer.fields, id: 0 });
    }
  });

  it('writes only what changed into the next snapshot', () => {
    const journal = new MemoryJournal();
    const store = new MemoryStateStore();
    const fixture = new ShardFixture({ journal });
    for (let i = 0; i < 300; i++) fixture.list({}, auctionId(i));
    const snapshotter = new Snapshotter(fixture.state, store);
    const take = (): void => {
      snapshotter.begin(journal.committedSeq);
      while (snapshotter.slice(journal.committedSeq));
    };
    take();
    fixture.bid(1, 5_000, { auctionId: auctionId(7) });
    const put = store.put.bind(store);
    let rows = 0;
    store.put = (batch) => {
      rows += batch.length;
      put(batch);
    };
    take();
    // The users, the auction, its attempts.
    assert.equal(rows, 3);
  });

  it('raises no alarm when nothing was ever written', () => {
    const { state, replayed } = recover(new MemoryJournal(), new MemoryStateStore());
    assert.equal(state.auctionCount, 0);
    assert.equal(replayed, 0);
  });
});
