/** Search, lists and recommendations, each asked of a small world whose answers are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DISCOVERY } from '../../src/config/limits.ts';
import { WrongCursor } from '../../src/projection/cursor.ts';
import { counted } from '../../src/projection/category-counts.ts';
import type { SearchQuestion } from '../../src/projection/questions.ts';
import { auctionId } from '../shard/fixture.ts';
import type { ListingOptions } from '../shard/fixture.ts';
import { World } from './fixture.ts';

const HOUR_MS = 3_600_000;

function worldOf(...listings: ListingOptions[]): World {
  const world = new World();
  for (const [i, listing] of listings.entries()) {
    world.first.list({ description: null, category: null, ...listing }, auctionId(i));
  }
  world.take();
  return world;
}

test('words are found in title and description, those in the title first', () => {
  const world = worldOf(
    { title: 'Brass lamp', description: 'A fine old thing.' },
    { title: 'Old chair', description: 'Stands well beside a lamp.' },
    { title: 'Table', description: 'Nothing of that.' },
  );
  assert.deepEqual(world.titles({ q: 'lamp' }), ['Brass lamp', 'Old chair']);
  assert.deepEqual(world.titles({ q: 'OLD' }), ['Old chair', 'Brass lamp']);
  assert.deepEqual(world.titles({ q: 'lamp brass' }), ['Brass lamp']);
  assert.deepEqual(world.titles({ q: 'lam' }), ['Brass lamp', 'Old chair'], 'a beginning');
  assert.deepEqual(world.titles({ q: 'läMP' }), ['Brass lamp', 'Old chair'], 'without its dots');
  assert.deepEqual(world.titles({ q: 'lamp table' }), []);
});

test('each beginning of a word finds what has the word, alone and behind others', () => {
  const letters = ['a', 'B', 'é', 'Å', 'ß', 'я', '東', '7', 'ﬁ', 'İ', 'ё'];
  const word = fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 6 });
  const words = fc.array(word, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(words, fc.boolean(), (all, isTitle) => {
      const text = all.map((chars) => chars.join('')).join(' ');
      const world = worldOf(isTitle ? { title: text } : { title: '-', description: text });
      for (const chars of all) {
        for (let length = 1; length <= chars.length; length++) {
          const beginning = chars.slice(0, length).join('');
          for (const q of [beginning, `${all[0]?.join('')} ${beginning}`]) {
            assert.equal(world.titles({ q }).length, 1, q);
          }
        }
      }
      world.close();
    }),
    { numRuns: 100 },
  );
});

test('each condition leaves out what does not meet it', () => {
  const world = worldOf(
    {
      title: 'Dear lamp',
      startPriceCents: 50_000,
      category: ['Home', 'Lamps'],
      condition: 'used',
      location: 'Lyon',
      shippingCents: 0,
    },
    { title: 'Cheap lamp', startPriceCents: 500, category: ['Home', 'Lamps', 'Oil/gas'] },
    { title: 'Euro lamp', currency: 'EUR', category: ['Art'], condition: 'new', country: 'DE' },
  );
  const found = (question: Partial<SearchQuestion>): readonly string[] =>
    [...world.titles({ q: 'lamp', ...question })].sort();
  const all = ['Cheap lamp', 'Dear lamp', 'Euro lamp'];
  assert.deepEqual(found({}), all);
  assert.deepEqual(found({ minPriceCents: 10_000 }), ['Dear lamp']);
  assert.deepEqual(found({ maxPriceCents: 999 }), ['Cheap lamp']);
  assert.deepEqual(found({ currency: 'EUR' }), ['Euro lamp']);
  assert.deepEqual(found({ category: 'Home' }), ['Cheap lamp', 'Dear lamp']);
  assert.deepEqual(found({ category: String.raw`Home/Lamps/Oil\/gas` }), ['Cheap lamp']);
  assert.deepEqual(found({ category: 'Hom' }), []);
  assert.deepEqual(found({ seller: 'user-90' }), all);
  assert.deepEqual(found({ seller: 'nobody' }), []);
  assert.deepEqual(found({ status: 'ended' }), []);
  assert.deepEqual(found({ endsBeforeMs: 1 }), []);
  assert.deepEqual(found({ conditions: ['used'] }), ['Dear lamp']);
  assert.deepEqual(found({ conditions: ['new', 'used', 'for_parts'] }), ['Dear lamp', 'Euro lamp']);
  assert.deepEqual(found({ conditions: ['for_parts'] }), []);
  assert.deepEqual(found({ country: 'DE' }), ['Euro lamp']);
  assert.deepEqual(found({ country: 'DE', conditions: ['used'] }), []);
  const [dear] = world.search({ conditions: ['used'] }).auctions;
  const { condition, location, country, shippingCents } = dear ?? {};
  assert.deepEqual([condition, location, country, shippingCents], ['used', 'Lyon', undefined, 0]);
  for (const question of [{ category: 'Home' }, { minPriceCents: 10_000 }] as const) {
    const browsed = [...world.titles({ ...question, sort: 'newest' })].sort();
    assert.deepEqual(browsed, found(question), 'the same without words');
  }
});

test('what has ended is among the past, and found there', () => {
  const world = worldOf({ title: 'Brass lamp' });
  world.first.tickAt(world.first.nowUs / 1000 + 30 * 24 * HOUR_MS);
  world.take();
  assert.deepEqual(world.titles({ q: 'lamp' }), []);
  assert.deepEqual(world.titles({ q: 'lamp', status: 'ended' }), ['Brass lamp']);
  assert.deepEqual(world.titles({ q: 'lamp', status: 'any' }), ['Brass lamp']);
  assert.deepEqual(world.ask<'categories'>({ kind: 'categories' }).categories, []);
});

test('pages together give everything once, in each order, with and without words', () => {
  const count = 53;
  const world = worldOf(
    ...Array.from({ length: count }, (_, i) => ({
      title: `Lamp ${i}`,
      startPriceCents: 100 * (1 + (i % 5)),
    })),
  );
  for (const q of ['', 'lamp']) {
    for (const sort of ['ending', 'newest', 'price', '-price', 'trending', 'relevance'] as const) {
      const seen: string[] = [];
      const prices: number[] = [];
      let cursor: string | null = null;
      do {
        const page = world.search({ q, sort, cursor, limit: 7 });
        for (const { auctionId: id, currentPriceCents } of page.auctions) {
          seen.push(id);
          prices.push(currentPriceCents);
        }
        cursor = page.next;
      } while (cursor !== null);
      assert.equal(seen.length, count, `${sort} "${q}"`);
      assert.equal(new Set(seen).size, count);
      const down = sort === '-price' ? -1 : 1;
      const sorted = prices.toSorted((a, b) => (a - b) * down);
      if (sort.endsWith('price')) assert.deepEqual(prices, sorted);
    }
  }
  assert.throws(() => world.search({ cursor: 'nonsense' }), WrongCursor);
  const { next } = world.search({ sort: 'price', limit: 1 });
  assert.throws(() => world.search({ sort: 'newest', cursor: next }), WrongCursor);
});

test('a misspelt word is mended from the titles that there are', () => {
  const world = worldOf({ title: 'Cartier wristwatch' }, { title: 'Brass lantern' });
  const mended = (q: string): string | null => world.search({ q }).didYouMean;
  assert.equal(mended('catrier'), 'cartier');
  assert.equal(mended('wristwach cartier'), 'wristwatch cartier');
  assert.equal(mended('lantrn'), 'lantern');
  assert.equal(mended('submarine'), null);
  assert.equal(mended('cartier'), null, 'what finds something is not mended');
});

test('the tree of the operator is shown in its order with its counts, and behind it what is in no place of it', () => {
  const tree = { Toys: {}, 'Home/Garden': { Lamps: { Oil: null }, Chairs: {} } };
  const shown = (...rows: [string, number][]): unknown =>
    counted(rows, tree).map(({ path, own, live }) => [path, own, live]);
  const home = String.raw`Home\/Garden`;
  assert.deepEqual(shown(), [
    ['Toys', 0, 0],
    [home, 0, 0],
    [`${home}/Lamps`, 0, 0],
    [`${home}/Lamps/Oil`, 0, 0],
    [`${home}/Chairs`, 0, 0],
  ]);
  const some = shown([`${home}/Lamps/Oil`, 2], [home, 1], ['Old', 3], ['Gone', 0], ['Old/Er', 1]);
  assert.deepEqual(some, [
    ['Toys', 0, 0],
    [home, 1, 3],
    [`${home}/Lamps`, 0, 2],
    [`${home}/Lamps/Oil`, 2, 2],
    [`${home}/Chairs`, 0, 0],
    ['Old', 3, 4],
    ['Old/Er', 1, 1],
  ]);
  assert.deepEqual(counted([], tree)[3]?.names, ['Home/Garden', 'Lamps', 'Oil']);
});

test('categories count their live listings, and those below them', () => {
  const world = worldOf(
    { category: ['Home'] },
    { category: ['Home', 'Lamps'] },
    { category: ['Home', 'Lamps'] },
    { category: ['Homeland'] },
  );
  const { categories } = world.ask<'categories'>({ kind: 'categories' });
  assert.deepEqual(
    categories.map(({ path, own, live }) => [path, own, live]),
    [
      ['Home', 1, 3],
      ['Home/Lamps', 2, 2],
      ['Homeland', 1, 1],
    ],
  );
  const { categories: facets } = world.search({ q: 'watch' });
  assert.deepEqual(
    facets.map(({ path, count }) => [path, count]),
    [
      ['Home/Lamps', 2],
      ['Home', 1],
      ['Homeland', 1],
    ],
  );
});

test('what is bid on is lively, and less so later', () => {
  const world = worldOf({ title: 'Quiet' }, { title: 'Once lively' }, { title: 'Lively' });
  for (let i = 1; i <= 5; i++) world.first.bid(i, 2_000 * i, { auctionId: auctionId(1) });
  world.first.tickAt(world.first.nowUs / 1000 + 4 * HOUR_MS);
  for (let i = 1; i <= 2; i++) world.first.bid(i, 2_000 * i, { auctionId: auctionId(2) });
  world.take();
  assert.deepEqual(world.titles({ sort: 'trending' }), ['Lively', 'Once lively', 'Quiet']);
});

test('who bid on this also bid on that, and the reason is told', () => {
  const world = worldOf(
    { title: 'Seed', category: ['Home'] },
    { title: 'By two', category: ['Art'] },
    { title: 'By one', category: ['Art'] },
    { title: 'Same category', category: ['Home'] },
    { title: 'Stranger', category: ['Toys'] },
  );
  const bid = (user: number, auction: number): void => {
    world.first.bid(user, 5_000 * user, { auctionId: auctionId(auction) });
  };
  for (const user of [1, 2, 3]) bid(user, 0);
  for (const user of [1, 2]) bid(user, 1);
  bid(3, 2);
  bid(4, 4);
  world.take();
  const recommend = (auction: string | null, user: string | null): unknown[] =>
    world
      .ask<'recommend'>({ kind: 'recommend', auctionId: auction, userId: user, limit: 10 })
      .auctions.map(({ title, because }) => [title, because]);
  const forSeed = [
    ['By two', { kind: 'bidders', bidders: 2 }],
    ['By one', { kind: 'bidders', bidders: 1 }],
    ['Same category', { kind: 'category', category: ['Home'] }],
  ];
  assert.deepEqual(recommend(auctionId(0), null), forSeed);
  const [first] = recommend(null, 'user-3') as [[string, object]];
  assert.deepEqual(first, ['By two', { kind: 'bidders', bidders: 2 }]);
  assert.deepEqual(recommend('unknown', null), []);
});

test('own bids, wins, losses and listings, in pages', () => {
  const world = worldOf({ title: 'Won' }, { title: 'Lost' }, { title: 'Running' });
  const at = (auction: number): { auctionId: string } => ({ auctionId: auctionId(auction) });
  const { first } = world;
  first.bid(1, 5_000, at(0));
  first.bid(1, 5_000, at(1));
  first.bid(2, 9_000, at(1));
  first.tickAt(first.nowUs / 1000 + 30 * 24 * HOUR_MS);
  first.list({ title: 'New' }, auctionId(3));
  first.bid(1, 7_000, at(3));
  world.take();
  const mine = (what: 'bids' | 'wins' | 'losses' | 'listings', userId: string) =>
    world.ask<'mine'>({ kind: 'mine', what, userId, cursor: null, limit: 2 });
  const titles = (...args: Parameters<typeof mine>): string[] =>
    mine(...args).auctions.map(({ title }) => title);
  assert.deepEqual(titles('bids', 'user-1'), ['New']);
  assert.deepEqual(titles('wins', 'user-1'), ['Won']);
  assert.deepEqual(titles('losses', 'user-1'), ['Lost']);
  assert.deepEqual(titles('wins', 'user-2'), ['Lost']);
  assert.deepEqual(titles('wins', 'user-3'), []);
  const [running] = mine('bids', 'user-1').auctions;
  assert.deepEqual(
    [running?.ownMaximumCents, running?.ownBids, running?.leading],
    [7_000, 1, true],
  );
  const page = mine('listings', 'user-90');
  assert.deepEqual(titles('listings', 'user-90'), ['New', 'Running']);
  const rest = world.ask<'mine'>({
    kind: 'mine',
    what: 'listings',
    userId: 'user-90',
    cursor: page.next,
    limit: 2,
  });
  assert.deepEqual([rest.auctions.map(({ title }) => title), rest.next], [['Lost', 'Won'], null]);
});

test('30,000 hostile searches do no harm and take no time', () => {
  const world = worldOf(
    ...Array.from({ length: 300 }, (_, i) => ({ title: `Lamp "${i}" (OR) NEAR title: a*` })),
  );
  const parts = [
    '"',
    '""',
    '(',
    ')',
    '*',
    ':',
    '^',
    '+',
    '-',
    '{',
    '}',
    'AND',
    'OR',
    'NOT',
    'NEAR(',
  ];
  const more = [
    'title:',
    'rank:',
    '\0',
    '\u0301',
    'lamp',
    'ﬁ',
    '🦀',
    "';DROP",
    '%',
    '\\',
    'a'.repeat(99),
  ];
  const all = [...parts, ...more, ' ', ' '];
  let random = 20_261_123;
  const below = (n: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return (random >>> 16) % n;
  };
  let slowestMs = 0;
  for (let i = 0; i < 30_000; i++) {
    const q = Array.from({ length: 1 + below(12) }, () => all[below(all.length)]).join('');
    const startMs = performance.now();
    world.search({ q, limit: 1 });
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
  }
  assert.ok(slowestMs < 500, `${slowestMs} ms`);
  assert.ok(DISCOVERY.wordsMax <= 8);
});
