/**
 * Writes the incremental snapshot: the auctions that changed since the last one, a slice at a
 * time between batches, so that bids never wait for a whole snapshot (state-store.ts explains why
 * rows may stand at different numbers). Recovery reads the same rows (recovery.ts).
 *
 * An auction is its own row and the rows of its attempts, and after any single put they have to fit:
 *
 *   only new attempts     put a piece │ put a piece │ put the rest and the auction
 *                         loading stops at the auction's count, so the pieces do no harm
 *   an old one retracted  put all that is unsaved and the auction, at once: the old row of the
 *                         auction counts on a bid that the new row of attempts calls retracted
 */
import type { Auction } from '../auction/auction.ts';
import { writeAuction } from '../auction/state-codec.ts';
import type { AuctionRef, UserRef } from '../auction/ids.ts';
import { SNAPSHOT } from '../config/limits.ts';
import type { Seq } from '../journal/seq.ts';
import type { StateRow, StateStore } from '../journal/state-store.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import type { ShardState } from './shard-state.ts';

/** Kinds of rows. */
export const USERS_ROW = 1;
export const AUCTION_ROW = 2;
export const ATTEMPTS_ROW = 3;

/** Where one slice ends, and with it a put. */
export interface SliceLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

const SLICE_LIMITS: SliceLimits = {
  rowsMax: SNAPSHOT.sliceRowsMax,
  bytesMax: SNAPSHOT.sliceBytesMax,
};

export class Snapshotter {
  readonly #state: ShardState;
  readonly #store: StateStore;
  readonly #limits: SliceLimits;
  readonly #writer = new MsgpackWriter();
  #waiting: readonly AuctionRef[] = [];
  #next = 0;
  #usersSaved = 0;
  #lowSeq: Seq | null = null;

  constructor(state: ShardState, store: StateStore, limits = SLICE_LIMITS) {
    this.#state = state;
    this.#store = store;
    this.#limits = limits;
  }

  /** Whether a snapshot is being written. */
  get running(): boolean {
    return this.#lowSeq !== null;
  }

  /** Begins a snapshot at the newest committed record. */
  begin(committedSeq: Seq): void {
    if (this.running) return;
    this.#waiting = this.#state.takeChanged();
    this.#next = 0;
    this.#lowSeq = committedSeq;
  }

  /**
   * Gives up the snapshot under way, because the store failed: what it did with the last rows is
   * not known. The last finished one stays good; the next one writes everything again.
   */
  abandon(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#usersSaved = 0;
    this.#lowSeq = null;
    this.#state.forgetSaved();
  }

  /**
   * Writes one slice. To be called between batches only, when everything applied is committed.
   * @returns whether more is to come.
   */
  slice(committedSeq: Seq): boolean {
    if (this.#lowSeq === null) return false;
    const { rowsMax, bytesMax } = this.#limits;
    const rows: StateRow[] = [];
    let bytes = this.#addUsers(rows, committedSeq);
    while (this.#next < this.#waiting.length && rows.length < rowsMax && bytes < bytesMax) {
      const auction = this.#state.auction(this.#waiting[this.#next] as AuctionRef);
      bytes += this.#addAttempts(auction, rows, committedSeq, bytesMax - bytes);
      // The auction's own row counts its attempts, so it comes after the last of them.
      if (auction.attempts.firstUnsaved < auction.attempts.count) break;
      bytes += this.#addAuction(auction, rows, committedSeq);
      this.#next += 1;
    }
    if (rows.length > 0) this.#store.put(rows);
    const allUsers = this.#usersSaved === this.#state.userCount;
    if (!allUsers || this.#next < this.#waiting.length) return true;
    this.#store.finish(this.#lowSeq);
    this.#lowSeq = null;
    return false;
  }

  #addUsers(rows: StateRow[], appliedSeq: Seq): number {
    let size = 0;
    while (this.#usersSaved < this.#state.userCount && rows.length < this.#limits.rowsMax) {
      const key = Math.floor(this.#usersSaved / SNAPSHOT.usersPerRow);
      const first = key * SNAPSHOT.usersPerRow + 1;
      const last = Math.min(this.#state.userCount, first + SNAPSHOT.usersPerRow - 1);
      this.#writer.clear();
      this.#writer.array(last - first + 1);
      for (let ref = first; ref <= last; ref++) {
        this.#writer.str(this.#state.userId(ref as UserRef));
      }
      const bytes = this.#writer.copy();
      rows.push({ kind: USERS_ROW, key, part: 0, appliedSeq, bytes });
      size += bytes.length;
      this.#usersSaved = last;
    }
    return size;
  }

  /** Rows of attempts that are not saved yet, as far as `bytesMax` goes; all where they must. */
  #addAttempts(auction: Auction, rows: StateRow[], appliedSeq: Seq, bytesMax: number): number {
    const { attempts } = auction;
    const sizeMax = attempts.rewound ? Infinity : bytesMax;
    let size = 0;
    while (attempts.firstUnsaved < attempts.count && (size === 0 || size < sizeMax)) {
      const part = Math.floor(attempts.firstUnsaved / SNAPSHOT.attemptsPerRow);
      const to = Math.min(attempts.count, (part + 1) * SNAPSHOT.attemptsPerRow);
      const numbers = attempts.slice(part * SNAPSHOT.attemptsPerRow, to);
      const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
      rows.push({ kind: ATTEMPTS_ROW, key: auction.ref, part, appliedSeq, bytes });
      attempts.markSaved(to);
      size += bytes.length;
    }
    return size;
  }

  #addAuction(auction: Auction, rows: StateRow[], appliedSeq: Seq): number {
    this.#writer.clear();
    this.#writer.array(2);
    this.#writer.uint(auction.attempts.count);
    writeAuction(this.#writer, auction);
    const bytes = this.#writer.copy();
    rows.push({ kind: AUCTION_ROW, key: auction.ref, part: 0, appliedSeq, bytes });
    return bytes.length;
  }
}
