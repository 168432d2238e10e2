/**
 * Which auctions end soon, as the shard tells the main thread: the second of the end, by the hash
 * of the id, in shared memory. The gateway looks here for every command when it has to choose whom
 * to refuse, so it must cost one read, and nothing has to be taken back: a second that lies behind
 * is no end any more. Two auctions with one place: the one told last counts, and both are told
 * again a second later. A wrong guess only changes who is refused first.
 *
 *   shard ──mark(hash, end)──▶ [ 4,096 seconds ] ──endsAtMs(hash)──▶ admission
 */
import { OVERLOAD } from '../config/limits.ts';

export const CLOSING_TABLE_BYTES = OVERLOAD.buckets * 4;
const MASK = OVERLOAD.buckets - 1;

export class ClosingTable {
  readonly #seconds: Uint32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#seconds = new Uint32Array(memory);
  }

  /** By the shard: the auction behind this hash ends then. */
  mark(hash: number, endsAtMs: number): void {
    this.#seconds[hash & MASK] = Math.ceil(endsAtMs / 1000);
  }

  /** The end last told for this hash, rounded up to seconds; 0: none was. */
  endsAtMs(hash: number): number {
    return (this.#seconds[hash & MASK] as number) * 1000;
  }
}
