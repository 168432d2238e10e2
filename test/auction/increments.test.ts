import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EBAY_INCREMENTS,
  INCREMENT_STEPS_MAX,
  incrementAt,
  incrementsFault,
  incrementsFor,
  shareIncrements,
} from '../../src/auction/increments.ts';
import type { IncrementTable } from '../../src/auction/terms.ts';
import { CENTS_MAX } from '../../src/auction/money.ts';
import { cents } from './fixture.ts';

function table(...steps: readonly (readonly [number | null, number])[]): IncrementTable {
  return steps.map(([below, increment]) => ({
    belowCents: below === null ? null : cents(below),
    incrementCents: cents(increment),
  }));
}

test("eBay's table has every figure of the rules, up to and at each boundary", () => {
  const figures = [
    [1_00, 5, 25],
    [5_00, 25, 50],
    [25_00, 50, 1_00],
    [100_00, 1_00, 2_50],
    [250_00, 2_50, 5_00],
    [500_00, 5_00, 10_00],
    [1_000_00, 10_00, 25_00],
    [2_500_00, 25_00, 50_00],
    [5_000_00, 50_00, 100_00],
  ] as const;
  for (const [boundary, below, from] of figures) {
    assert.equal(incrementAt(EBAY_INCREMENTS, cents(boundary - 1)), below);
    assert.equal(incrementAt(EBAY_INCREMENTS, cents(boundary)), from);
  }
  assert.equal(incrementAt(EBAY_INCREMENTS, cents(1)), 5);
  assert.equal(incrementAt(EBAY_INCREMENTS, CENTS_MAX), 100_00);
  assert.equal(incrementsFault(EBAY_INCREMENTS), null);
});

test('a table may have a single, open step', () => {
  const flat = table([null, 7]);
  assert.equal(incrementsFault(flat), null);
  assert.equal(incrementAt(flat, cents(0)), 7);
  assert.equal(incrementAt(flat, cents(1_000_000)), 7);
});

test('faulty tables are refused with a reason', () => {
  const faulty: readonly (readonly [IncrementTable, RegExp])[] = [
    [table(), /at least one/],
    [table([100, 5]), /open/],
    [table([null, 5], [null, 5]), /open/],
    [table([100, 5], [100, 5], [null, 5]), /ascend/],
    [table([200, 5], [100, 5], [null, 5]), /ascend/],
    [table([0, 5], [null, 5]), /ascend/],
    [table([1.5, 5], [null, 5]), /ascend/],
    [table([100, 0], [null, 5]), /increments/],
    [table([100, 5], [null, 4]), /must not fall/],
    [table([100, 5], [null, -1]), /increments/],
    [table([100, 2.5], [null, 5]), /increments/],
    [table([null, CENTS_MAX + 1]), /increments/],
  ];
  for (const [each, reason] of faulty) assert.match(incrementsFault(each) ?? 'none', reason);
  const steps = (count: number): IncrementTable =>
    table(...Array.from({ length: count - 1 }, (_, i) => [(i + 1) * 100, 5] as const), [null, 5]);
  assert.equal(incrementsFault(steps(INCREMENT_STEPS_MAX)), null);
  assert.match(incrementsFault(steps(INCREMENT_STEPS_MAX + 1)) ?? 'none', /at most 32/);
});

test('equal tables are one object, and sharing keeps the values', () => {
  const one = shareIncrements(table([300, 5], [null, 9]));
  const other = shareIncrements(table([300, 5], [null, 9]));
  assert.equal(one, other);
  assert.equal(shareIncrements(one), one);
  assert.deepEqual(one, table([300, 5], [null, 9]));
  assert.notEqual(shareIncrements(table([301, 5], [null, 9])), one);
  assert.equal(shareIncrements(JSON.parse(JSON.stringify(EBAY_INCREMENTS))), EBAY_INCREMENTS);
});

test('a currency may have its own table, and every other one has eBay’s', () => {
  const yen = table([null, 100]);
  const settings = { incrementsByCurrency: { JPY: yen } };
  assert.equal(incrementsFor(settings, 'JPY'), yen);
  assert.equal(incrementsFor(settings, 'USD'), EBAY_INCREMENTS);
  assert.equal(incrementsFor(settings, 'constructor'), EBAY_INCREMENTS);
});
