/**
 * When the incremental snapshot is written: begun every so often if anything changed, and sooner
 * where much did, so that a start never has long to replay; then a slice between batches. A snapshot is an aid. Where it cannot be written, bidding goes on as long as the
 * log can, the next one is tried a while later, and the next start takes longer.
 */
import type { Seq } from '../journal/seq.ts';
import { AssertionFailure } from '../lib/assert.ts';
import type { Snapshotter } from './snapshotter.ts';

export interface SnapshotScheduleOptions {
  readonly snapshotter: Snapshotter;
  readonly everyMs: number;
  /** Records after which it is begun all the same. */
  readonly everyRecords: number;
  /** After one that could not be written, the next one waits at least this long. */
  readonly retryMs: number;
  /** How far the last finished snapshot goes. */
  readonly lowSeq: Seq;
  /** Any clock that does not go back. */
  readonly nowMs: () => number;
  /** To be told; nothing has to be done. */
  readonly failed: (error: unknown) => void;
}

export class SnapshotSchedule {
  readonly #options: SnapshotScheduleOptions;
  /** What the newest snapshot holds, finished or under way; null: not known, as one failed. */
  #seq: Seq | null;
  #notBeforeMs: number;

  constructor(options: SnapshotScheduleOptions) {
    this.#options = options;
    this.#seq = options.lowSeq;
    this.#notBeforeMs = options.nowMs() + options.everyMs;
  }

  /**
   * Writes a slice if a snapshot is due or under way. To be called between batches only, when
   * everything applied is committed.
   * @returns whether more is to come.
   */
  turn(committedSeq: Seq): boolean {
    const { snapshotter } = this.#options;
    if (!snapshotter.running) {
      if (committedSeq === this.#seq || !this.#isDue(committedSeq)) return false;
      this.#begin(committedSeq);
    }
    return this.#slice(committedSeq);
  }

  /** The last one, which makes the next start quick. */
  finish(committedSeq: Seq): void {
    if (!this.#options.snapshotter.running && committedSeq !== this.#seq) this.#begin(committedSeq);
    while (this.#slice(committedSeq));
  }

  #isDue(committedSeq: Seq): boolean {
    const { nowMs, everyRecords } = this.#options;
    if (nowMs() >= this.#notBeforeMs) return true;
    return this.#seq !== null && committedSeq - this.#seq >= everyRecords;
  }

  #begin(committedSeq: Seq): void {
    const { snapshotter, nowMs, everyMs } = this.#options;
    snapshotter.begin(committedSeq);
    this.#seq = committedSeq;
    this.#notBeforeMs = nowMs() + everyMs;
  }

  #slice(committedSeq: Seq): boolean {
    const { snapshotter, nowMs, retryMs, failed } = this.#options;
    try {
      return snapshotter.slice(committedSeq);
    } catch (error) {
      if (error instanceof AssertionFailure) throw error;
      snapshotter.abandon();
      this.#seq = null;
      this.#notBeforeMs = Math.max(this.#notBeforeMs, nowMs() + retryMs);
      failed(error);
      return false;
    }
  }
}
