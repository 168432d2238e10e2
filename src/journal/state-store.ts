/**
 * Where a shard keeps its incremental snapshot: rows of state, each with the sequence number of
 * the last record that it includes. A snapshot is fuzzy on purpose: rows are written in slices
 * between batches, so two rows may stand at different numbers. That is enough to recover:
 *
 *   load every row ──▶ replay the log after `lowSeq` ──▶ a record is applied to a row's state
 *                                                       only if it is newer than the row
 *
 * The store is an aid, not the truth: without it, recovery replays the log from the start. Rows
 * are written with the log already durable, so a row is never newer than the log (checked when
 * loading: that would be a log cut short).
 */
import type { Seq } from './seq.ts';

/** What a row holds is the shard's business; `kind` and the two keys only identify it. */
export interface StateRow {
  readonly kind: number;
  readonly key: number;
  readonly part: number;
  /** The row includes every record up to this one (as far as they touch it). */
  readonly appliedSeq: Seq;
  readonly bytes: Uint8Array;
}

export interface StateStore {
  /**
   * Replay starts after this record; 0 where no snapshot was ever finished. Rows that an
   * unfinished snapshot wrote are still used (they are newer, not wrong).
   */
  readonly lowSeq: Seq;

  /** Writes rows in one transaction, replacing rows with the same kind, key and part. */
  put(rows: readonly StateRow[]): void;

  /** Closes a snapshot: every row now includes everything up to `lowSeq`. */
  finish(lowSeq: Seq): void;

  /**
   * Every row, ordered by kind, key, part; each one checked.
   * @throws DamagedState where a row's checksum or layout does not fit.
   */
  rows(): Iterable<StateRow>;

  close(): void;
}

/** The stored snapshot is damaged. It can be deleted: the log alone is enough to recover. */
export class DamagedState extends Error {
  override name = 'DamagedState';
}
