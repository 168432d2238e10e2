/**
 * What a shard's thread shows the main thread without a message: that it is alive, when it needs
 * the clock next, how far it has committed, and how fast it works. Plain doubles in shared memory,
 * each written by the shard alone; they may be read a batch apart from each other, which matters to
 * none of their readers.
 */
import type { Counted } from '../gateway/shard-port.ts';

const BEATS = 0;
const NEXT_DEADLINE_MS = 1;
const COMMITTED_SEQ = 2;
const DECIDE_US_PER_BYTE = 3;
const COMMIT_US = 4;
const BATCH_FRAMES_SUM = 5;
const COMMIT_S_SUM = 6;
const WAITS_FOR_DISK = 7;
const BATCH_COUNTS = 8;

/** Upper bounds of the buckets; the last bucket has none. */
export const BATCH_FRAMES_BUCKETS = [1, 4, 16, 64, 256, 1024, 2048] as const;
export const COMMIT_S_BUCKETS = [
  0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5,
] as const;

const COMMIT_COUNTS = BATCH_COUNTS + BATCH_FRAMES_BUCKETS.length + 1;
const DOUBLES = COMMIT_COUNTS + COMMIT_S_BUCKETS.length + 1;

export const SHARD_STATUS_BYTES = DOUBLES * 8;

/** What the newest batch counts in the averages. */
const NEWEST_SHARE = 0.1;

export class ShardStatus {
  readonly #doubles: Float64Array;
  /** By the shard: recent work, newer batches counting more. */
  #recentUs = 0;
  #recentBytes = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#doubles = new Float64Array(memory);
  }

  /** By the shard: one more turn of its loop. */
  beat(nextDeadlineMs: number, committedSeq: number): void {
    this.#doubles[NEXT_DEADLINE_MS] = nextDeadlineMs;
    this.#doubles[COMMITTED_SEQ] = committedSeq;
    this.#doubles[BEATS] = this.beats + 1;
  }

  /** By the shard: from now on it waits for the disk, or not any more. */
  atDisk(waits: boolean): void {
    this.#doubles[WAITS_FOR_DISK] = waits ? 1 : 0;
  }

  /** By the shard: one batch, what of it was in the queue, and how long its two halves took. */
  batch(frames: number, bytes: number, decideUs: number, commitUs: number): void {
    const doubles = this.#doubles;
    this.#recentUs += (decideUs - this.#recentUs) * NEWEST_SHARE;
    this.#recentBytes += (bytes - this.#recentBytes) * NEWEST_SHARE;
    doubles[DECIDE_US_PER_BYTE] = this.#recentUs / this.#recentBytes;
    doubles[COMMIT_US] = this.commitUs + (commitUs - this.commitUs) * NEWEST_SHARE;
    this.#count(BATCH_COUNTS, BATCH_FRAMES_BUCKETS, BATCH_FRAMES_SUM, frames);
    this.#count(COMMIT_COUNTS, COMMIT_S_BUCKETS, COMMIT_S_SUM, commitUs / 1e6);
  }

  /** Whether it waits for the disk: a new thread could do nothing but wait as well. */
  get waitsForDisk(): boolean {
    return this.#doubles[WAITS_FOR_DISK] === 1;
  }

  /** Turns of the loop so far: while this grows, the thread lives. */
  get beats(): number {
    return this.#doubles[BEATS] as number;
  }

  get nextDeadlineMs(): number {
    return this.#doubles[NEXT_DEADLINE_MS] as number;
  }

  get committedSeq(): number {
    return this.#doubles[COMMITTED_SEQ] as number;
  }

  /** What it takes to decide a byte of the queue, of late. */
  get decideUsPerByte(): number {
    return this.#doubles[DECIDE_US_PER_BYTE] as number;
  }

  /** What a commit takes, of late. */
  get commitUs(): number {
    return this.#doubles[COMMIT_US] as number;
  }

  get batchFrames(): Counted {
    return this.#counted(BATCH_COUNTS, BATCH_FRAMES_BUCKETS, BATCH_FRAMES_SUM);
  }

  get commitSeconds(): Counted {
    return this.#counted(COMMIT_COUNTS, COMMIT_S_BUCKETS, COMMIT_S_SUM);
  }

  #count(from: number, bounds: readonly number[], sum: number, value: number): void {
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    this.#doubles[from + bucket] = (this.#doubles[from + bucket] as number) + 1;
    this.#doubles[sum] = (this.#doubles[sum] as number) + value;
  }

  #counted(from: number, bounds: readonly number[], sum: number): Counted {
    const counts = [...this.#doubles.subarray(from, from + bounds.length + 1)];
    return { bounds, counts, sum: this.#doubles[sum] as number };
  }
}
