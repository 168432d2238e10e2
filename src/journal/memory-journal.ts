/** A journal in memory, for tests and the simulator: the contract, and nothing behind it. */
import type { LogEnd } from './batch-checks.ts';
import { assertNext, EMPTY_LOG } from './batch-checks.ts';
import { ChainLinker, NO_HASH, unpack } from './chain.ts';
import type { Batch, Head, Journal, LinkedRecord, StoredBatch, StoredRecord } from './journal.ts';
import { CommitFailure, DamagedJournal } from './journal.ts';
import type { Seq } from './seq.ts';
import { SEQ_NONE, seqAfter } from './seq.ts';

interface Row {
  readonly firstSeq: Seq;
  readonly count: number;
  readonly epoch: number;
  readonly atUs: number;
  readonly payload: Uint8Array;
  readonly hash: Uint8Array;
}

export class MemoryJournal implements Journal {
  readonly #rows: Row[] = [];
  readonly #linker = new ChainLinker();
  #head: Head = { seq: SEQ_NONE, hash: NO_HASH };
  #end: LogEnd = EMPTY_LOG;
  #failure: CommitFailure | null = null;

  get head(): Head {
    return this.#head;
  }

  get committedSeq(): Seq {
    return this.#head.seq;
  }

  get lastAtUs(): number {
    return this.#end.atUs;
  }

  append(batch: Batch): void {
    if (this.#failure !== null) throw this.#failure;
    try {
      this.#append(batch);
    } catch (cause) {
      this.#failure = new CommitFailure('the batch could not be appended', { cause });
      throw this.#failure;
    }
  }

  read(seq: Seq): StoredRecord | undefined {
    if (seq < 1 || seq > this.#head.seq) return undefined;
    const row = this.#rows[this.#rowOf(seq)] as Row;
    const stored = opened(row);
    const i = seq - row.firstSeq;
    const bytes = stored.bytes.slice(stored.offsets[i], stored.offsets[i + 1]);
    return { seq, epoch: row.epoch, bytes };
  }

  linked(seq: Seq): LinkedRecord | undefined {
    const record = this.read(seq);
    if (record === undefined) return undefined;
    const { firstSeq, count, hash } = this.#rows[this.#rowOf(seq)] as Row;
    return { ...record, lastSeq: seqAfter(firstSeq, count - 1), hash };
  }

  *scan(fromSeq: Seq): Iterable<StoredBatch> {
    if (fromSeq > this.#head.seq) return;
    for (let i = this.#rowOf(fromSeq); i < this.#rows.length; i++)
      yield opened(this.#rows[i] as Row);
  }

  close(): void {
    this.#failure ??= new CommitFailure('the journal is closed');
  }

  #append(batch: Batch): void {
    assertNext(batch, this.#end);
    const { payload, hash } = this.#linker.link(this.#head.hash, batch);
    const { firstSeq, count, epoch, atUs } = batch;
    this.#rows.push({ firstSeq, count, epoch, atUs, payload: new Uint8Array(payload), hash });
    const seq = seqAfter(firstSeq, count - 1);
    this.#head = { seq, hash };
    this.#end = { seq, atUs, epoch };
  }

  /** Index of the row that holds a record. */
  #rowOf(seq: number): number {
    let low = 0;
    let high = this.#rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#rows[middle] as Row).firstSeq <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function opened(row: Row): StoredBatch {
  const parts = unpack(row.payload, row.count);
  if (parts === undefined) throw new DamagedJournal('a batch in memory is broken', row.firstSeq);
  const { firstSeq, count, epoch, atUs, hash } = row;
  return { firstSeq, count, epoch, atUs, hash, ...parts };
}
