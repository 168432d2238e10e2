/**
 * Pages of auctions over several real shards: whatever the times of listing, the filter, the length
 * of a page and how far a shard looks in one go, the pages together give every auction once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { UserId } from '../../src/auction/ids.ts';
import { CURSOR, mergePages, startOf } from '../../src/gateway/auction-page.ts';
import type { Auctions } from '../../src/protocol/messages/auctions.ts';
import { LIST_AUCTIONS } from '../../src/protocol/messages/list-auctions.ts';
import { pageOf } from '../../src/shard/auction-pages.ts';
import { SELLER, ShardFixture } from '../shard/fixture.ts';
import { view } from './fixtures.ts';

const OTHER_SELLER = 91;
const PAGES_MAX = 2_000;

interface Listed {
  readonly shard: number;
  /** Since the listing before it, on all shards. */
  readonly afterUs: number;
  readonly id: string;
  readonly isOther: boolean;
}

const listed: fc.Arbitrary<Listed> = fc.record({
  shard: fc.nat(2),
  // Mostly the same millisecond, often the same microsecond.
  afterUs: fc.oneof(fc.constant(0), fc.nat(300), fc.nat(3_000)),
  id: fc.string({
    unit: fc.constantFrom('0', '9', 'A', 'Z', 'a', 'z'),
    minLength: 22,
    maxLength: 22,
  }),
  isOther: fc.boolean(),
});

test('pages together give every auction exactly once, in order, over several shards', () => {
  const listings = fc.uniqueArray(listed, { maxLength: 60, selector: ({ id }) => id });
  const property = fc.property(
    listings,
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 12 }),
    fc.boolean(),
    (all, limit, scanMax, isFiltered) => {
      const shards = [0, 1, 2].map((index) => new ShardFixture({ index, shards: 3 }));
      let nowUs = shards[0]?.nowUs ?? 0;
      for (const { shard, afterUs, id, isOther } of all) {
        nowUs += afterUs;
        const fixture = shards[shard] as ShardFixture;
        fixture.nowUs = nowUs;
        fixture.list({}, id, isOther ? OTHER_SELLER : SELLER);
      }
      const expected = all.filter(({ isOther }) => !isFiltered || isOther).map(({ id }) => id);
      const shown: { listedAtMs: number; auctionId: string }[] = [];
      let text: string | null = null;
      let pages = 0;
      do {
        const cursor = text === null ? null : CURSOR.read(text);
        const page = mergePages(
          shards.map((fixture) => shardPage(fixture, cursor, limit, scanMax, isFiltered)),
          limit,
        );
        assert.ok(page.auctions.length <= limit);
        shown.push(...page.auctions);
        text = page.next;
        pages += 1;
      } while (text !== null && pages < PAGES_MAX);
      assert.equal(text, null, 'the list ends');
      const inOrder = shown.toSorted(
        (a, b) => b.listedAtMs - a.listedAtMs || (a.auctionId < b.auctionId ? 1 : -1),
      );
      assert.deepEqual(shown, inOrder);
      assert.deepEqual(shown.map(({ auctionId }) => auctionId).toSorted(), expected.toSorted());
    },
  );
  fc.assert(property, { numRuns: 300 });
});

/** What a shard answers to the gateway, from its state. */
function shardPage(
  { state }: ShardFixture,
  cursor: ReturnType<typeof CURSOR.read>,
  limit: number,
  scanMax: number,
  isFiltered: boolean,
): Pick<Auctions, 'auctions' | 'nextMs' | 'nextId'> {
  const { beforeUs, beforeId } = startOf(cursor);
  const before = beforeUs === null ? null : { ms: beforeUs / 1000, id: beforeId };
  const seller = isFiltered ? state.userById(`user-${OTHER_SELLER}` as UserId) : null;
  const query = { before, limit, status: null, seller };
  const { auctions, next } = pageOf(state, query, scanMax);
  return {
    auctions: auctions.map(({ id, listedAtUs }) =>
      view({ auctionId: id, listedAtMs: Math.floor(listedAtUs / 1000) }),
    ),
    nextMs: next?.ms ?? null,
    nextId: next?.id ?? null,
  };
}

test('a shard that is asked by message gives the same pages', () => {
  const fixture = new ShardFixture();
  const ids = ['c', 'a', 'd', 'b'].map((letter) => letter.repeat(22));
  const atUs = fixture.nowUs + 5_000 - (fixture.nowUs % 1_000);
  for (const id of ids) {
    fixture.nowUs = atUs;
    fixture.list({}, id);
  }
  const ask = (beforeId: string | null, limit: number): [string, unknown, unknown] => {
    const beforeUs = beforeId === null ? null : atUs;
    const query = { beforeUs, beforeId, limit, status: null, seller: null };
    const { auctions, nextMs, nextId } = fixture.ask(LIST_AUCTIONS, 0, query)
      .fields as unknown as Auctions;
    return [auctions.map(({ auctionId }) => auctionId[0]).join(''), nextMs, nextId];
  };
  const atMs = atUs / 1_000;
  assert.deepEqual(ask(null, 3), ['dcb', atMs, ids[3]]);
  assert.deepEqual(ask(ids[3] as string, 3), ['a', null, null]);
});
