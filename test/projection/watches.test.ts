/** Who watches what: counted as the watchlists say, whatever is cut and restarted, and made again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Accounts } from '../account/fixture.ts';
import { accounts, ANN, ask, register, START_MS, taken } from '../account/fixture.ts';
import { auctionId } from '../shard/fixture.ts';
import { World } from './fixture.ts';

const AUCTIONS = 4;

function worldOf(): World {
  const world = new World(1);
  // People and auctions live at the same time.
  world.first.tickAt(START_MS);
  for (let i = 0; i < AUCTIONS; i++) world.first.list({ title: `Lamp ${i}` }, auctionId(i));
  world.take();
  return world;
}

const watch = (given: Accounts, userId: string, auction: number, isOn = true): void => {
  const change = { userId, auctionId: auctionId(auction) };
  if (isOn) taken<'watch'>(given, { kind: 'watch', ...change });
  else taken<'unwatch'>(given, { kind: 'unwatch', ...change });
};

/** Everything that the read model says of who watches. */
function rows(world: World): unknown {
  return world.db.prepare('SELECT id, watched, heat, watch_heat FROM listing ORDER BY id').all();
}

test('the counts are those of the lists; a file made again is the same to the last bit', () => {
  const step = fc.record({
    user: fc.nat(3),
    auction: fc.nat(AUCTIONS - 1),
    what: fc.constantFrom('watch', 'watch', 'unwatch', 'bid', 'take', 'some', 'restart'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = worldOf();
      const given = accounts();
      for (const { user, auction, what } of steps) {
        given.forward(1_000);
        if (what === 'watch' || what === 'unwatch') {
          watch(given, `user-${user}`, auction, what === 'watch');
        } else if (what === 'bid') {
          const amount = 2_000 + world.first.nowUs / 1e9;
          world.first.bid(user + 1, Math.floor(amount), { auctionId: auctionId(auction) });
        } else if (what === 'restart') {
          world.close();
          assert.equal(world.open(), null);
        } else {
          world.take();
          world.takeAccounts(given.journal, what === 'some' ? 1 : Infinity);
        }
      }
      world.take();
      world.takeAccounts(given.journal);
      assert.equal(world.takeAccounts(given.journal), 0, 'nothing is left to take');
      for (let i = 0; i < AUCTIONS; i++) {
        const watching = given.state.accounts.filter(
          (account) => account?.kept.watched.has(auctionId(i)) === true,
        );
        const [card] = world.search({ q: `${i}` }).auctions;
        assert.equal(card?.watchCount, watching.length);
      }
      const before = rows(world);
      world.close();
      assert.notEqual(world.open(2), null);
      world.take();
      world.takeAccounts(given.journal);
      assert.deepEqual(rows(world), before);
      world.close();
    }),
    { numRuns: 60 },
  );
});

test('who begins to watch makes it livelier, once; a bid counts more than three of them', () => {
  const world = worldOf();
  const given = accounts();
  for (const userId of ['ann', 'bob', 'carol']) watch(given, userId, 1);
  for (let i = 0; i < 50; i++) {
    watch(given, 'dave', 2);
    watch(given, 'dave', 2, false);
  }
  world.first.bid(1, 2_000, { auctionId: auctionId(3) });
  world.take();
  world.takeAccounts(given.journal);
  const order = ['Lamp 3', 'Lamp 1', 'Lamp 2', 'Lamp 0'];
  assert.deepEqual(world.titles({ sort: 'trending' }), order);
  assert.equal(world.search({ q: '2' }).auctions[0]?.watchCount, 0);
});

test('whoever is deleted watches nothing any more', async () => {
  const world = worldOf();
  const given = accounts();
  const ann = await register(given);
  watch(given, ann, 0);
  watch(given, 'bob', 0);
  world.takeAccounts(given.journal);
  assert.equal(world.search({ q: '0' }).auctions[0]?.watchCount, 2);
  await given.desk.handle({ kind: 'delete', userId: ann, password: ANN.password });
  world.takeAccounts(given.journal);
  assert.equal(world.search({ q: '0' }).auctions[0]?.watchCount, 1);
  const { refusal } = ask<'watch'>(given, { kind: 'watch', userId: ann, auctionId: auctionId(0) });
  assert.equal(refusal, 'ACCOUNT_UNKNOWN');
});
