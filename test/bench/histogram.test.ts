/** The histogram: precision, percentiles, adding up, and its form as plain data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram } from '../../bench/load/histogram.ts';

const values = fc.array(
  fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 100_000 }), fc.nat({ max: 0xffff_fffe })),
  { minLength: 1, maxLength: 300 },
);

function histogramOf(numbers: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const number of numbers) histogram.record(number);
  return histogram;
}

function exactPercentile(numbers: readonly number[], percent: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] as number;
}

test('percentile is never below the true value and at most 1 % above it', () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 100, noNaN: true }), (numbers, percent) => {
      const told = histogramOf(numbers).percentile(percent);
      const exact = exactPercentile(numbers, percent);
      assert.ok(told >= exact, `${told} is below ${exact}`);
      assert.ok(told <= exact * 1.01, `${told} is more than 1 % above ${exact}`);
    }),
  );
});

test('values below 256 are told exactly', () => {
  for (let value = 0; value < 256; value++) {
    assert.equal(histogramOf([value, 1000]).percentile(50), value);
  }
});

test('count, mean, min and max are exact', () => {
  fc.assert(
    fc.property(values, (numbers) => {
      const histogram = histogramOf(numbers);
      assert.equal(histogram.count, numbers.length);
      assert.equal(histogram.mean, numbers.reduce((sum, n) => sum + n, 0) / numbers.length);
      assert.equal(histogram.min, Math.min(...numbers));
      assert.equal(histogram.max, Math.max(...numbers));
      assert.equal(histogram.percentile(100), Math.max(...numbers));
    }),
  );
});

test('add gives what one histogram of all values would be', () => {
  fc.assert(
    fc.property(values, values, (some, others) => {
      const sum = histogramOf(some);
      sum.add(histogramOf(others));
      assert.deepEqual(sum.toData(), histogramOf([...some, ...others]).toData());
    }),
  );
});

test('from gives back what toData told, also through JSON', () => {
  fc.assert(
    fc.property(values, (numbers) => {
      const data = histogramOf(numbers).toData();
      assert.deepEqual(Histogram.from(JSON.parse(JSON.stringify(data))).toData(), data);
    }),
  );
});

test('adding an empty histogram changes nothing', () => {
  const histogram = histogramOf([5, 7]);
  histogram.add(new Histogram());
  assert.deepEqual(histogram.toData(), histogramOf([5, 7]).toData());
});

test('an empty histogram tells zeros', () => {
  const empty = new Histogram();
  assert.deepEqual(
    [empty.count, empty.mean, empty.min, empty.max, empty.percentile(99)],
    [0, 0, 0, 0, 0],
  );
  assert.deepEqual(Histogram.from(empty.toData()).toData(), empty.toData());
});

test('values outside of the range count at its ends, fractions are cut off', () => {
  const histogram = histogramOf([-3, 2.9, 2 ** 40]);
  assert.equal(histogram.min, 0);
  assert.equal(histogram.percentile(50), 2);
  assert.equal(histogram.max, 2 ** 32 - 1);
});

test('countUpTo counts the values at or below', () => {
  const histogram = histogramOf([1, 2, 2, 3, 50_000, 4_000_000_000]);
  assert.equal(histogram.countUpTo(2), 3);
  assert.equal(histogram.countUpTo(60_000), 5);
  assert.equal(histogram.countUpTo(2 ** 40), 6);
});
