/**
 * The journal over the simulated disk. What stands between it and the real one is SQLite alone: it
 * links, checks, reads and recovers with the same code (chain, log table, head).
 */
import type { LogEnd } from '../../src/journal/batch-checks.ts';
import { assertNext, EMPTY_LOG } from '../../src/journal/batch-checks.ts';
import { ChainLinker } from '../../src/journal/chain.ts';
import type {
  Batch,
  Head,
  Journal,
  LinkedRecord,
  StoredBatch,
  StoredRecord,
} from '../../src/journal/journal.ts';
import { CommitFailure } from '../../src/journal/journal.ts';
import { LogTable } from '../../src/journal/log-table.ts';
import type { LogRow } from '../../src/journal/log-table.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { SEQ_NONE, seqAfter } from '../../src/journal/seq.ts';
import type { Connection } from '../../src/journal/sqlite-connection.ts';
import { checkedEnd } from '../../src/journal/sqlite-journal.ts';
import type { StateRow, StateStore } from '../../src/journal/state-store.ts';
import type { Disk, StateWrite } from './disk.ts';

/** Asked at each point where a machine can stop or a disk can fail; throws to make it so. */
export type Trouble = (at: 'before write' | 'before sync' | 'after sync') => void;

const FILES = { logFile: 'log.db', headFile: 'head' };
const HEAD_SYNC_US = 1_000_000;

export class DiskJournal implements Journal {
  readonly #disk: Disk;
  readonly #trouble: Trouble;
  readonly #table: LogTable;
  readonly #linker = new ChainLinker();
  #head: Head;
  #end: LogEnd;
  #headSyncedUs: number | null = null;
  #failure: CommitFailure | null = null;

  /** @throws DamagedJournal */
  constructor(disk: Disk, trouble: Trouble) {
    this.#disk = disk;
    this.#trouble = trouble;
    this.#table = new LogTable(connectionOn(disk), FILES.logFile);
    const { head, end } = checkedEnd(this.#table, disk.head, FILES);
    this.#head = head;
    this.#end = end.seq === SEQ_NONE ? EMPTY_LOG : end;
  }

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
    } catch (error) {
      if (error instanceof CommitFailure) this.#failure = error;
      throw error;
    }
  }

  read(seq: Seq): StoredRecord | undefined {
    return seq < 1 || seq > this.#head.seq ? undefined : this.#table.read(seq);
  }

  linked(seq: Seq): LinkedRecord | undefined {
    return seq < 1 || seq > this.#head.seq ? undefined : this.#table.linked(seq);
  }

  *scan(fromSeq: Seq): Iterable<StoredBatch> {
    if (fromSeq > this.#head.seq) return;
    for (const { row, parts } of this.#table.scan(fromSeq, this.#head.seq)) {
      const { firstSeq, count, epoch, atUs, hash } = row;
      yield { firstSeq, count, epoch, atUs, hash, offsets: parts.offsets, bytes: parts.bytes };
    }
  }

  close(): void {
    this.#failure ??= new CommitFailure('the journal is closed');
  }

  #append(batch: Batch): void {
    assertNext(batch, this.#end);
    this.#trouble('before write');
    const { firstSeq, count, epoch, atUs } = batch;
    const { payload, checksum, hash } = this.#linker.link(this.#head.hash, batch);
    this.#disk.writeRow({ firstSeq, count, epoch, atUs, checksum, hash, payload });
    this.#trouble('before sync');
    this.#disk.syncLog();
    const seq = seqAfter(firstSeq, count - 1);
    this.#head = { seq, hash };
    this.#end = { seq, atUs, epoch };
    this.#disk.writeHead(this.#head);
    if (this.#headSyncedUs === null || atUs - this.#headSyncedUs >= HEAD_SYNC_US) {
      this.#headSyncedUs = atUs;
      this.#disk.syncHead();
    }
    this.#trouble('after sync');
  }
}

/** A write of a snapshot that failed. */
export class SnapshotError extends Error {
  override name = 'SnapshotError';
}

export class DiskStateStore implements StateStore {
  readonly #disk: Disk;
  readonly #fails: () => boolean;

  /** @param fails asked before and after each write: whether it fails here. */
  constructor(disk: Disk, fails: () => boolean) {
    this.#disk = disk;
    this.#fails = fails;
  }

  get lowSeq(): Seq {
    for (let i = this.#disk.state.length - 1; i >= 0; i--) {
      const write = this.#disk.state[i];
      if (write?.kind === 'low') return write.lowSeq;
    }
    return SEQ_NONE;
  }

  put(rows: readonly StateRow[]): void {
    const copies = rows.map((row) => ({ ...row, bytes: Uint8Array.from(row.bytes) }));
    this.#write({ kind: 'rows', rows: copies });
  }

  finish(lowSeq: Seq): void {
    this.#write({ kind: 'low', lowSeq });
  }

  #write(write: StateWrite): void {
    if (this.#fails()) throw new SnapshotError('simulated: nothing was written');
    this.#disk.writeState(write);
    if (this.#fails()) throw new SnapshotError('simulated: written, and not told');
  }

  *rows(): Iterable<StateRow> {
    const newest = new Map<string, StateRow>();
    for (const write of this.#disk.state) {
      if (write.kind !== 'rows') continue;
      for (const row of write.rows) newest.set(`${row.kind}/${row.key}/${row.part}`, row);
    }
    const order = (a: StateRow, b: StateRow): number =>
      a.kind - b.kind || a.key - b.key || a.part - b.part;
    yield* [...newest.values()].sort(order);
  }

  close(): void {
    // Nothing is held outside.
  }
}

/** What the log table asks of SQLite, answered from the rows on the simulated disk. */
function connectionOn(disk: Disk): Connection {
  const rowUpTo = (seq: number): LogRow | undefined =>
    disk.log.findLast((row) => row.firstSeq <= seq);
  const statements: Readonly<Record<string, object>> = {
    'first_seq <= ?': { get: rowUpTo },
    'first_seq > ?': {
      iterate: (seq: number) => disk.log.filter((row) => row.firstSeq > seq).values(),
    },
  };
  const prepare = (sql: string): object => {
    const found = Object.entries(statements).find(([condition]) => sql.includes(condition));
    if (found === undefined) throw new Error(`the simulated disk does not know: ${sql}`);
    return found[1];
  };
  return { prepare } as unknown as Connection;
}
