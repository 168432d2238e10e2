/**
 * Goal: the read model says what the shards would say. Method: random histories, taken in with
 * random cuts, restarts and failed transactions in between, compared with the shard's own view of
 * each auction; and the whole again from an empty file.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { publicView } from '../../src/auction/view.ts';
import { CANCEL_AUCTION } from '../../src/protocol/messages/cancel-auction.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import { STATUSES } from '../../src/projection/read-model-file.ts';
import { auctionId, SELLER } from '../shard/fixture.ts';
import { World } from './fixture.ts';

const AUCTIONS = 5;

/** Everything that the read model knows of the listings, under the names of the shard's view. */
function told(world: World): unknown[] {
  return world.db
    .prepare(
      `SELECT l.id, l.status, l.price_cents AS price, l.bids, l.reserve_met AS met, l.ends_ms AS ends,
              coalesce(u.id, '') AS leader, coalesce(w.id, '') AS winner, c.path
       FROM listing l LEFT JOIN user u ON u.key = l.leader LEFT JOIN user w ON w.key = l.winner
       LEFT JOIN category c ON c.key = l.category ORDER BY l.id`,
    )
    .all()
    .map((row) => {
      const { status, met, ...rest } = row as { status: number; met: number };
      return { ...rest, status: STATUSES[status], met: met === 1 };
    });
}

function expected(world: World): unknown[] {
  const rows = world.shards.flatMap(({ state }) =>
    Array.from(state.auctions(), (auction) => {
      const { id, status, priceCents, bidCount, endsAtMs } = publicView(auction);
      return {
        id: id as string,
        status,
        price: priceCents,
        bids: bidCount,
        met: auction.reserveMet,
        ends: endsAtMs,
        leader: auction.leader === 0 ? '' : state.userId(auction.leader),
        winner: auction.winner === 0 ? '' : state.userId(auction.winner),
        path: 'Home/Lamps',
      };
    }),
  );
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What each user's bids are in each auction, by the shard. */
function standing(world: World): Map<string, { bids: number; maxCents: number }> {
  const all = new Map<string, { bids: number; maxCents: number }>();
  for (const { state } of world.shards) {
    for (const auction of state.auctions()) {
      for (const [user, { maxCents }] of auction.biddersByUser) {
        const { attempts } = auction;
        let bids = 0;
        for (let entry = 0; entry < attempts.count; entry++) {
          if (attempts.standsAt(entry) && attempts.bidderAt(entry) === user) bids += 1;
        }
        if (bids > 0) all.set(`${state.userId(user)} ${auction.id}`, { bids, maxCents });
      }
    }
  }
  return all;
}

/** Whether an auction can be bought is worked out again by the read model. */
function checkOffers(world: World): void {
  const { auctions } = world.search({ status: 'any', sort: 'newest', limit: 100 });
  const offers = new Map(auctions.map(({ auctionId: id, buyNowCents }) => [id, buyNowCents]));
  for (const { state } of world.shards) {
    for (const auction of state.auctions()) {
      assert.equal(offers.get(auction.id) ?? null, publicView(auction).buyNowCents, auction.id);
    }
  }
}

function checkBiddings(world: World): void {
  const rows = world.db
    .prepare(
      `SELECT u.id || ' ' || l.id AS name, b.bids, b.max_cents AS maxCents FROM bidding b
       JOIN user u ON u.key = b.user JOIN listing l ON l.key = b.listing WHERE b.bids > 0`,
    )
    .all() as { name: string; bids: number; maxCents: number | null }[];
  const all = standing(world);
  assert.deepEqual(new Set(rows.map(({ name }) => name)), new Set(all.keys()));
  for (const { name, bids, maxCents } of rows) {
    assert.equal(bids, all.get(name)?.bids, name);
    if (maxCents !== null) assert.equal(maxCents, all.get(name)?.maxCents, name);
  }
}

describe('the projector', () => {
  it('tells of each auction what its shard would, whatever is cut and restarted', () => {
    const step = fc.record({
      shard: fc.nat(1),
      auction: fc.nat(AUCTIONS - 1),
      user: fc.integer({ min: 1, max: 5 }),
      amount: fc.integer({ min: 500, max: 30_000 }),
      what: fc.constantFrom(
        'bid',
        'bid',
        'bid',
        'bid',
        'retract',
        'cancel',
        'later',
        'take',
        'some',
        'restart',
      ),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 100 }), (steps) => {
        const world = new World(2);
        for (const [s, fixture] of world.shards.entries()) {
          for (let i = 0; i < AUCTIONS; i++) {
            const reserveCents = i === 0 ? 8_000 : null;
            const category = ['Home', 'Lamps'];
            const buyNowCents = i < 3 ? 20_000 : null;
            fixture.list({ reserveCents, buyNowCents, category }, auctionId(s * AUCTIONS + i));
          }
        }
        for (const { shard, auction, user, amount, what } of steps) {
          const fixture = world.shards[shard] ?? world.first;
          const id = auctionId(shard * AUCTIONS + auction);
          if (what === 'bid') fixture.bid(user, amount, { auctionId: id });
          else if (what === 'retract')
            fixture.ask(RETRACT, user, { auctionId: id, nonce: fixture.nonce() });
          else if (what === 'later') fixture.tickAt(fixture.nowUs / 1000 + 1_800_000);
          else if (what === 'take') world.take();
          else if (what === 'some') world.take(amount % 7);
          else if (what === 'restart') {
            world.close();
            assert.equal(world.open(), null);
          } else {
            const how = 'cancel';
            fixture.ask(CANCEL_AUCTION, SELLER, { auctionId: id, asAdmin: false, how });
          }
        }
        world.take();
        assert.equal(world.take(), 0, 'nothing is left to take');
        const rows = told(world);
        assert.deepEqual(rows, expected(world));
        checkBiddings(world);
        checkOffers(world);
        const words = wordsIn(world);
        world.close();
        assert.equal(world.open(2), 'the data was restored or resharded since');
        world.take();
        assert.deepEqual(told(world), rows, 'made again, it is the same');
        assert.deepEqual(wordsIn(world), words);
        checkBiddings(world);
        world.close();
      }),
      { numRuns: 60 },
    );
  });
});

/** The words, as they are found: which listings have one in which table. */
function wordsIn(world: World): unknown {
  const find = (table: string): unknown =>
    world.db
      .prepare(`SELECT rowid FROM ${table} WHERE ${table} MATCH 'watch' ORDER BY rowid`)
      .all();
  const spellings = world.db.prepare('SELECT word FROM word ORDER BY word').all();
  return [find('live_words'), find('past_words'), spellings];
}
