/**
 * The records decided since the last commit, encoded as they will stand in the log, and the way
 * to read any record again whether it is committed or not.
 */
import type { ShardEvent } from '../auction/events.ts';
import type { Journal } from '../journal/journal.ts';
import { readRecord, writeRecord } from '../journal/record.ts';
import type { Seq } from '../journal/seq.ts';
import { seqAfter } from '../journal/seq.ts';
import { must } from '../lib/assert.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';

export interface RecordedEvent {
  readonly event: ShardEvent;
  readonly epoch: number;
}

/** Where batches go; without `read` only what is not appended yet can be read. */
export type BatchLog = Pick<Journal, 'head' | 'append'> & Partial<Pick<Journal, 'read'>>;

export class RecordBatch {
  readonly #journal: BatchLog;
  readonly #epoch: number;
  readonly #writer = new MsgpackWriter(1 << 16);
  #offsets = new Uint32Array(1 << 10);
  #count = 0;
  #firstSeq: Seq;

  constructor(journal: BatchLog, epoch: number) {
    this.#journal = journal;
    this.#epoch = epoch;
    this.#firstSeq = seqAfter(journal.head.seq);
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#writer.length;
  }

  /** Number of the newest record, appended or not. */
  get lastSeq(): Seq {
    return seqAfter(this.#firstSeq, this.#count - 1);
  }

  /** Adds an event; returns the number of its record. */
  add(event: ShardEvent): Seq {
    if (this.#count + 2 > this.#offsets.length) {
      const grown = new Uint32Array(this.#offsets.length * 2);
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    writeRecord(this.#writer, event);
    this.#count += 1;
    this.#offsets[this.#count] = this.#writer.length;
    return this.lastSeq;
  }

  /** Hands the batch to the journal. @throws CommitFailure */
  append(atUs: number): void {
    if (this.#count === 0) return;
    this.#journal.append({
      firstSeq: this.#firstSeq,
      count: this.#count,
      atUs,
      epoch: this.#epoch,
      offsets: this.#offsets.subarray(0, this.#count + 1),
      bytes: this.#writer.view(),
    });
    this.#firstSeq = seqAfter(this.#firstSeq, this.#count);
    this.#count = 0;
    this.#writer.clear();
  }

  /** The event of a record of this shard, wherever it is. */
  read(seq: Seq): RecordedEvent {
    if (seq >= this.#firstSeq) {
      const i = seq - this.#firstSeq;
      const bytes = this.#writer.view(this.#offsets[i], this.#offsets[i + 1]);
      return { event: readRecord(bytes), epoch: this.#epoch };
    }
    const stored = must(this.#journal.read?.(seq), 'the state names a record that the log lacks');
    return { event: readRecord(stored.bytes), epoch: stored.epoch };
  }
}
