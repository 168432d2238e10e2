/** What an outage took is given back once, in the log, and replayed like anything else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stateHash } from '../../src/auction/state-hash.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import { CHANGE_AUCTION } from '../../src/protocol/messages/change-auction.ts';
import { recover } from '../../src/shard/recovery.ts';
import { auctionId, NO_CHANGES, SELLER, ShardFixture } from './fixture.ts';

const SECOND = 1_000_000;

/** Three auctions that end in 5 s, in 30 s and in a day, and the log that they left. */
function wentDown(): { journal: MemoryJournal; downUs: number; ends: readonly number[] } {
  const journal = new MemoryJournal();
  const fixture = new ShardFixture({ journal });
  const nowMs = Math.floor(fixture.nowUs / 1000);
  const ends = [5_000, 30_000, 86_400_000].map((ms) => nowMs + ms);
  ends.forEach((endsAtMs, i) => fixture.list({ endsAtMs }, auctionId(i)));
  return { journal, downUs: fixture.nowUs, ends };
}

const endsOf = (fixture: ShardFixture): readonly number[] =>
  [...fixture.state.auctions()].map(({ endsAtMs }) => endsAtMs);

describe('outage credit', () => {
  it('moves the ends that were near, once, however often it is asked', () => {
    const { journal, downUs, ends } = wentDown();
    const fixture = new ShardFixture({ journal });
    const outage = { fromUs: downUs, toUs: downUs + 10 * SECOND };
    assert.equal(fixture.shard.creditOutage(outage), 2);
    fixture.shard.commit();
    const [first = 0, second = 0, third = 0] = ends;
    assert.deepEqual(endsOf(fixture), [first + 10_000, second + 10_000, third]);
    assert.equal(
      stateHash(recover(journal, null).state.auctions()),
      stateHash(fixture.state.auctions()),
    );

    // The process dies before it notes that it lived: the next one asks for the time since then.
    const again = new ShardFixture({ journal });
    again.shard.creditOutage({ fromUs: downUs, toUs: downUs + 12 * SECOND });
    again.shard.commit();
    assert.deepEqual(endsOf(again), [first + 12_000, second + 12_000, third]);
    assert.equal(again.shard.creditOutage({ fromUs: downUs, toUs: downUs + 12 * SECOND }), 0);
  });

  it('ends an auction at the new end, and none that was over before', () => {
    const { journal, downUs, ends } = wentDown();
    const fixture = new ShardFixture({ journal });
    const [first = 0, second = 0] = ends;
    // Alive until the first end had passed, and gone before it was written down.
    fixture.shard.creditOutage({ fromUs: first * 1000, toUs: downUs + 60 * SECOND });
    const lostMs = Math.ceil((downUs + 60 * SECOND - first * 1000) / 1000);
    fixture.tickAt(second + lostMs - 1);
    assert.deepEqual(
      [...fixture.state.auctions()].map(({ status }) => status),
      ['unsold', 'active', 'active'],
    );
    fixture.tickAt(second + lostMs);
    assert.equal(fixture.state.auctionById(auctionId(1) as never)?.closedAtMs, second + lostMs);
  });

  it('lets a seller change an auction whose end was moved', () => {
    const { journal, downUs } = wentDown();
    const fixture = new ShardFixture({ journal });
    fixture.shard.creditOutage({ fromUs: downUs, toUs: downUs + 10 * SECOND });
    fixture.nowUs = downUs + 10 * SECOND;
    const before = endsOf(fixture);
    const changes = { ...NO_CHANGES, title: 'A better watch' };
    const reply = fixture.ask(CHANGE_AUCTION, SELLER, { auctionId: auctionId(0), changes });
    assert.equal(reply.name, 'auction', JSON.stringify(reply.fields));
    assert.deepEqual(endsOf(fixture), before);
  });
});
