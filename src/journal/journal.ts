/**
 * The durable log of one shard, as the shard sees it. A journal stores batches: one row a group
 * commit, each with a checksum and the hash of its predecessor, so that the whole log is a chain.
 * Two implementations keep this contract under one shared test suite: the SQLite journal
 * (sqlite-journal.ts) and the memory journal (memory-journal.ts).
 *
 *   encode records ──▶ append(batch) ──▶ committedSeq ──▶ whoever waits may leave
 *
 * What a record means is not known here: a record is bytes with a sequence number.
 */
import type { Seq } from './seq.ts';

/** The place that a chain has reached: everything up to `seq`, in exactly this order. */
export interface Head {
  /** Sequence number of the last record; 0 for an empty log. */
  readonly seq: Seq;
  /** Chain hash (SHA-256, 32 bytes) of the last batch; 32 zero bytes for an empty log. */
  readonly hash: Uint8Array;
}

/**
 * What the shard hands over: the records of one group commit.
 * `bytes` is a plain concatenation; record i spans `offsets[i] .. offsets[i + 1]` and has the
 * sequence number `firstSeq + i`. Both arrays may be reused by the caller after `append` returns.
 */
export interface Batch {
  readonly firstSeq: Seq;
  readonly count: number;
  /** The shard's clock at the commit, microseconds since 1970. Never below its predecessor's. */
  readonly atUs: number;
  /** Epoch under which the batch was decided. Never below its predecessor's. */
  readonly epoch: number;
  /** `count + 1` ascending offsets into `bytes`; the first is 0, the last is `bytes.length`. */
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

/** A batch as it stands in the log, checked. */
export interface StoredBatch extends Batch {
  /** Chain hash after this batch. */
  readonly hash: Uint8Array;
}

/** One record on its own, with what its batch knows about it. */
export interface StoredRecord {
  readonly seq: Seq;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

/** A record with its place in the chain: what a receipt states. */
export interface LinkedRecord extends StoredRecord {
  /** Last record of the batch that holds it. */
  readonly lastSeq: Seq;
  /** Chain hash after that batch. */
  readonly hash: Uint8Array;
}

export interface Journal {
  /** The newest appended batch. */
  readonly head: Head;
  /** Everything up to here is durable; answers that depend on it may leave. */
  readonly committedSeq: Seq;
  /** The clock of the newest batch, microseconds; 0 for an empty log. Time never runs back from it. */
  readonly lastAtUs: number;

  /**
   * Appends the next batch. When it returns, `committedSeq` says what is durable (the local
   * journal: this batch).
   * @throws CommitFailure when the outcome is unknown. The process must stop and recover then;
   *   no further append is taken.
   */
  append(batch: Batch): void;

  /** The record with this number, or undefined when the log does not hold it. Checked. */
  read(seq: Seq): StoredRecord | undefined;

  /** As `read`, with the chain hash after its batch. Checked against the batch before it. */
  linked(seq: Seq): LinkedRecord | undefined;

  /**
   * Batches in order, starting with the one that holds `fromSeq`. Every batch is checked: its
   * checksum, the chain, no hole, no overlap.
   * @throws DamagedJournal at the first batch that does not fit.
   */
  scan(fromSeq: Seq): Iterable<StoredBatch>;

  /** Writes what may be written later (head, write-ahead file) and lets go of the files. */
  close(): void;
}

/**
 * An append failed, or its outcome cannot be known. SQLite may have kept the batch all the same
 * (measured), so whoever waits for it is told "unknown" and the process stops.
 */
export class CommitFailure extends Error {
  override name = 'CommitFailure';
}

/** What whoever finds damage can do. */
export const WAY_OUT =
  'see what can be saved (gavel repair), or restore a snapshot (gavel restore)';

/** The stored log contradicts itself: never served, never cut short. */
export class DamagedJournal extends Error {
  override name = 'DamagedJournal';
  /** First sequence number that cannot be trusted. */
  readonly seq: Seq;
  constructor(message: string, seq: Seq, options?: ErrorOptions) {
    super(message, options);
    this.seq = seq;
  }
}
