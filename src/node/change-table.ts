/**
 * Whether an auction may have changed, as the shard tells the main thread: a count by the hash of the
 * id, in shared memory. Whoever keeps an answer about an auction remembers the count from before it
 * was asked for; while the count is the same, the answer is what the shard would say again. Two
 * auctions with one place only cost a question too many.
 *
 *   shard ──changed(hash)──▶ [ 65,536 counts ] ──changes(hash)──▶ answers that are kept
 *
 * The shard counts when it has decided, before it answers: so whoever was told of a change finds it.
 */
import { READS } from '../config/limits.ts';

export const CHANGE_TABLE_BYTES = READS.changePlaces * 4;
const MASK = READS.changePlaces - 1;

export class ChangeTable {
  readonly #counts: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#counts = new Int32Array(memory);
  }

  /** By the shard: the auction behind this hash is another one now. */
  changed(hash: number): void {
    Atomics.add(this.#counts, hash & MASK, 1);
  }

  /** By a shard's new thread: nothing that was kept before counts any more. */
  allChanged(): void {
    for (let place = 0; place < this.#counts.length; place++) Atomics.add(this.#counts, place, 1);
  }

  changes(hash: number): number {
    return Atomics.load(this.#counts, hash & MASK);
  }
}
