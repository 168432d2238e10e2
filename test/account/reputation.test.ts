/** What feedback comes to: a voice a week and author, against sums counted in the plainest way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Rated } from '../../src/account/reputation.ts';
import { reputationOf, weekOf } from '../../src/account/reputation.ts';
import { DAY_MS, PEOPLE } from '../../src/config/limits.ts';

const NOW_MS = Date.UTC(2027, 0, 15);
const rated = (
  by: string,
  rating: Rated['rating'],
  daysAgo: number,
  as: Rated['as'] = 'buyer',
) => ({
  by,
  as,
  rating,
  atMs: NOW_MS - daysAgo * DAY_MS,
});

test('weeks go from Monday to Sunday, UTC', () => {
  const monday = Date.UTC(2026, 10, 23);
  assert.equal(new Date(monday).getUTCDay(), 1);
  assert.equal(weekOf(monday), weekOf(monday + 7 * DAY_MS - 1));
  assert.equal(weekOf(monday - 1), weekOf(monday) - 1);
});

test('of one author a week is one voice, whatever was said how often', () => {
  // The 15th of January 2027 is a Friday: 0 to 4 days ago is one week.
  const received = [
    rated('ann', 1, 4),
    rated('ann', 1, 2),
    rated('ann', -1, 1),
    rated('bob', 1, 3),
    rated('bob', -1, 3),
    rated('carol', -1, 0),
    rated('ann', 1, 5),
  ];
  const { score, positive, neutral, negative } = reputationOf(received, NOW_MS);
  assert.deepEqual(
    { score, positive, neutral, negative },
    {
      score: 1,
      positive: 2,
      neutral: 1,
      negative: 1,
    },
  );
});

test('the percentage is of 12 months, the score of all time; each side has its own', () => {
  const received = [
    rated('ann', -1, 700),
    rated('bob', 1, 340, 'seller'),
    rated('carol', 1, 100),
    rated('dave', -1, 20),
    rated('eve', 0, 10),
  ];
  const reputation = reputationOf(received, NOW_MS);
  assert.equal(reputation.score, 0);
  assert.equal(reputation.positivePercent, 66.7);
  assert.deepEqual(reputation.months[1], { positive: 0, neutral: 1, negative: 1 });
  assert.deepEqual(reputation.months[6], { positive: 1, neutral: 1, negative: 1 });
  assert.deepEqual(reputation.asBuyer, { score: 1, positive: 1, neutral: 0, negative: 0 });
  assert.deepEqual(reputation.asSeller, { score: -1, positive: 1, neutral: 1, negative: 2 });
  assert.equal(reputationOf([], NOW_MS).positivePercent, null);
});

test('any feedback: the sums are those of the voices, counted one by one', () => {
  const one = fc.record({
    by: fc.constantFrom('a', 'b', 'c'),
    as: fc.constantFrom('buyer' as const, 'seller' as const),
    rating: fc.constantFrom(-1 as const, 0 as const, 1 as const),
    atMs: fc.integer({ min: NOW_MS - 14 * PEOPLE.monthMs, max: NOW_MS }),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 40 }), (received) => {
      const reputation = reputationOf(received, NOW_MS);
      const sumOf = (some: readonly Rated[]): number => {
        const pairs = new Set(some.map(({ by, atMs }) => `${String(by)} ${weekOf(atMs)}`));
        return [...pairs].reduce((score, pair) => {
          const ofPair = some.filter(({ by, atMs }) => pair === `${String(by)} ${weekOf(atMs)}`);
          return score + Math.sign(ofPair.reduce((sum, { rating }) => sum + rating, 0));
        }, 0);
      };
      assert.equal(reputation.score, sumOf(received));
      assert.equal(reputation.asSeller.score, sumOf(received.filter(({ as }) => as === 'buyer')));
      // Who says more within a week has no more weight.
      const loud = received.flatMap((each) => [each, each, each]);
      assert.deepEqual(reputationOf(loud, NOW_MS), reputation);
    }),
  );
});
