/**
 * What a shard's thread shows the main thread without a message: that it is alive, when it needs
 * the clock next, how far it has committed.
 */
const BEATS = 0;
const NEXT_DEADLINE_MS = 1;
const COMMITTED_SEQ = 2;

export const SHARD_STATUS_BYTES = 8 * 8;

export class ShardStatus {
  readonly #doubles: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#doubles = new Float64Array(memory);
  }

  /** By the shard: one more turn of its loop. */
  beat(nextDeadlineMs: number, committedSeq: number): void {
    this.#doubles[NEXT_DEADLINE_MS] = nextDeadlineMs;
    this.#doubles[COMMITTED_SEQ] = committedSeq;
    this.#doubles[BEATS] = this.beats + 1;
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
}
