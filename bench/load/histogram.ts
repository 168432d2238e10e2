/**
 * A histogram of whole numbers (microseconds, bytes) in buckets that grow with the value: every
 * value is kept to within 1 %, up to 2^32, in 26 KB whatever the count. Histograms of several
 * threads or runs are added, which percentiles are not.
 *
 *   value   0 … 127 │ 128 … 255 │ 256 … 511 │ 512 … 1023 │ …
 *   width      1    │     1     │     2     │      4     │ …      128 buckets an octave
 */
import { assert } from '../../src/lib/assert.ts';

const OCTAVE_BITS = 7;
const OCTAVE = 1 << OCTAVE_BITS;
const VALUE_MAX = 0xffff_ffff;
const BUCKETS = (32 - OCTAVE_BITS + 1) * OCTAVE;

/** A histogram as plain data, for files and between processes: only buckets that hold something. */
export interface HistogramData {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Index and count in turns. */
  readonly buckets: readonly number[];
}

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #min = VALUE_MAX;
  #max = 0;

  static from(data: HistogramData): Histogram {
    const histogram = new Histogram();
    histogram.#addBuckets(data.buckets);
    histogram.#addTotals(data.count, data.sum, data.min, data.max);
    return histogram;
  }

  get count(): number {
    return this.#count;
  }

  /** Exact. 0 for an empty histogram. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** Exact. 0 for an empty histogram. */
  get min(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  /** Exact. 0 for an empty histogram. */
  get max(): number {
    return this.#max;
  }

  /** Fractions are cut off; values below 0 count as 0, above 2^32 − 1 as that. */
  record(value: number): void {
    const whole = value > 0 ? (value < VALUE_MAX ? Math.floor(value) : VALUE_MAX) : 0;
    const at = bucketOf(whole);
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#count += 1;
    this.#sum += whole;
    if (whole < this.#min) this.#min = whole;
    if (whole > this.#max) this.#max = whole;
  }

  add(other: Histogram): void {
    for (let at = 0; at < BUCKETS; at++) {
      this.#counts[at] = (this.#counts[at] as number) + (other.#counts[at] as number);
    }
    this.#addTotals(other.#count, other.#sum, other.#min, other.#max);
  }

  /**
   * The value that `percent` of the values do not exceed: the top of its bucket, so never below
   * the true one and at most 1 % above it. 0 for an empty histogram.
   */
  percentile(percent: number): number {
    assert(percent >= 0 && percent <= 100, 'a percentile lies from 0 to 100');
    if (this.#count === 0) return 0;
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#count));
    let seen = 0;
    for (let at = 0; at < BUCKETS; at++) {
      seen += this.#counts[at] as number;
      if (seen >= rank) return Math.min(topOf(at), this.#max);
    }
    return this.#max;
  }

  /** How many values are at most `value` (to the precision of a bucket). */
  countUpTo(value: number): number {
    const last = bucketOf(Math.min(Math.max(0, Math.floor(value)), VALUE_MAX));
    let seen = 0;
    for (let at = 0; at <= last; at++) seen += this.#counts[at] as number;
    return seen;
  }

  toData(): HistogramData {
    const buckets: number[] = [];
    this.#counts.forEach((count, at) => {
      if (count > 0) buckets.push(at, count);
    });
    return { count: this.#count, sum: this.#sum, min: this.min, max: this.#max, buckets };
  }

  #addBuckets(buckets: readonly number[]): void {
    for (let i = 0; i + 1 < buckets.length; i += 2) {
      const at = buckets[i] as number;
      assert(at >= 0 && at < BUCKETS, 'a bucket of this histogram');
      this.#counts[at] = (this.#counts[at] as number) + (buckets[i + 1] as number);
    }
  }

  #addTotals(count: number, sum: number, min: number, max: number): void {
    if (count === 0) return;
    this.#count += count;
    this.#sum += sum;
    if (min < this.#min) this.#min = min;
    if (max > this.#max) this.#max = max;
  }
}

/** `value` is a whole number below 2^32. */
function bucketOf(value: number): number {
  if (value < OCTAVE) return value;
  const shift = 31 - Math.clz32(value) - OCTAVE_BITS;
  return shift * OCTAVE + (value >>> shift);
}

/** The largest value of a bucket. */
function topOf(at: number): number {
  if (at < 2 * OCTAVE) return at;
  const shift = (at >>> OCTAVE_BITS) - 1;
  return (at - shift * OCTAVE + 1) * 2 ** shift - 1;
}
