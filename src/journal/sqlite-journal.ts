/**
 * The durable journal: one row a batch in SQLite's WAL mode with synchronous=FULL, so that a
 * commit that returned survives a power cut. The head stands in a file of its own (head-file.ts),
 * and a thread may keep the write-ahead file short (wal-keeper.ts).
 * See RELIABILITY.md section 3 for what was measured of SQLite and led to this.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { JOURNAL } from '../config/limits.ts';
import type { LogEnd } from './batch-checks.ts';
import { assertNext, EMPTY_LOG } from './batch-checks.ts';
import { ChainLinker, NO_HASH } from './chain.ts';
import type { CheckpointLane } from './checkpointer.ts';
import { syncFolder } from './data-folder.ts';
import { HeadFile, readHead } from './head-file.ts';
import type { Batch, Head, Journal, LinkedRecord, StoredBatch, StoredRecord } from './journal.ts';
import { CommitFailure, DamagedJournal, WAY_OUT } from './journal.ts';
import type { CheckedRow } from './log-table.ts';
import { asDamage, INSERT_ROW, lastSeqOf, LOG_FILE, LogTable } from './log-table.ts';
import type { Seq } from './seq.ts';
import { SEQ_NONE, seqAfter } from './seq.ts';
import type { Connection, Statement } from './sqlite-connection.ts';
import { openConnection, openForReading } from './sqlite-connection.ts';
import { WalKeeper } from './wal-keeper.ts';

export interface SqliteJournalFiles {
  readonly logFile: string;
  readonly headFile: string;
}

/** The thread's places for the two files; without them the writer does the work itself. */
export interface JournalLanes {
  readonly log: CheckpointLane;
  readonly head: CheckpointLane;
}

/** What a reader needs; a server may be appending meanwhile. */
export interface JournalReading extends Pick<
  Journal,
  'head' | 'lastAtUs' | 'read' | 'scan' | 'close'
> {
  /** Number of the first record of the first batch committed at this time (microseconds) or later. */
  firstSeqAt(atUs: number): Seq;
}

export class SqliteJournal implements Journal {
  readonly #files: SqliteJournalFiles;
  readonly #headFile: HeadFile;
  readonly #headLane: CheckpointLane | null;
  readonly #db: Connection;
  readonly #table: LogTable;
  readonly #insert: Statement;
  readonly #keeper: WalKeeper;
  readonly #linker = new ChainLinker();
  #head: Head;
  #end: LogEnd;
  /** Null until the first append: that one is synced at once, so that the log cannot vanish. */
  #headSyncedUs: number | null = null;
  #failure: CommitFailure | null = null;
  #closed = false;

  /**
   * Opens the log, or makes it where the head says that it has no record yet.
   * @throws DamagedJournal where log and head contradict each other, WrongFormat, CommitFailure.
   */
  constructor(files: SqliteJournalFiles, lanes: JournalLanes | null = null) {
    this.#files = files;
    const { file, head: expected } = HeadFile.open(files.headFile);
    this.#headFile = file;
    this.#headLane = lanes?.head ?? null;
    let db: Connection | undefined;
    try {
      db = openLog(files, expected);
      this.#db = db;
      syncNames(files);
      this.#table = new LogTable(db, files.logFile);
      this.#insert = db.prepare(INSERT_ROW);
      this.#keeper = new WalKeeper(db, lanes?.log ?? null);
      const end = checkedEnd(this.#table, expected, files);
      this.#head = end.head;
      this.#end = end.end;
    } catch (error) {
      db?.close();
      file.abandon();
      throw error;
    }
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
    } catch (cause) {
      this.#failure = new CommitFailure(
        `${this.#files.logFile} could not be written; ` +
          'whether the last commands count is known after a restart',
        { cause },
      );
      throw this.#failure;
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
    for (const checked of this.#table.scan(fromSeq, this.#head.seq)) yield batchOf(checked);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const isWhole = this.#failure === null;
    this.#failure ??= new CommitFailure('the journal is closed');
    this.#headLane?.close();
    try {
      if (isWhole) {
        this.#keeper.close();
        this.#headFile.close();
      } else {
        this.#keeper.abandon();
        this.#headFile.abandon();
      }
    } finally {
      this.#db.close();
    }
  }

  #append(batch: Batch): void {
    assertNext(batch, this.#end);
    // Errors of the thread: what it was copying or syncing may not be on disk.
    this.#keeper.check();
    this.#headLane?.check();
    const { firstSeq, count, epoch, atUs } = batch;
    const { payload, checksum, hash } = this.#linker.link(this.#head.hash, batch);
    this.#insert.run(firstSeq, count, epoch, atUs, checksum, hash, payload);
    const seq = seqAfter(firstSeq, count - 1);
    this.#head = { seq, hash };
    this.#end = { seq, atUs, epoch };
    this.#headFile.write(this.#head);
    this.#syncHead(atUs);
    this.#keeper.wrote(payload.length, 1);
  }

  #syncHead(atUs: number): void {
    const lastUs = this.#headSyncedUs;
    if (lastUs !== null && atUs - lastUs < JOURNAL.headSyncEveryUs) return;
    this.#headSyncedUs = atUs;
    if (lastUs === null || this.#headLane === null) this.#headFile.sync();
    else if (this.#headLane.idle) this.#headLane.request();
  }
}

/**
 * Opens a log for looking only, also while a server appends to it.
 * @throws DamagedJournal where log and head contradict each other.
 */
export function openSqliteJournalForReading(files: SqliteJournalFiles): JournalReading {
  const expected = readHead(files.headFile);
  if (expected.seq === SEQ_NONE && !hasBytes(files.logFile)) return EMPTY_READING;
  let db: Connection | undefined;
  try {
    refuseMissingLog(files, expected);
    db = openForReading(files.logFile, LOG_FILE);
    const table = new LogTable(db, files.logFile);
    const { head, end } = checkedEnd(table, expected, files);
    const open = db;
    return {
      head,
      lastAtUs: end.atUs,
      read: (seq) => (seq < 1 || seq > head.seq ? undefined : table.read(seq)),
      firstSeqAt: (atUs) => table.firstSeqAt(atUs),
      *scan(fromSeq) {
        if (fromSeq > head.seq) return;
        for (const checked of table.scan(fromSeq, head.seq)) yield batchOf(checked);
      },
      close: () => void open.close(),
    };
  } catch (error) {
    db?.close();
    throw asDamage(error, files.logFile, SEQ_NONE);
  }
}

/** A shard that has never written. */
const EMPTY_READING: JournalReading = {
  head: { seq: SEQ_NONE, hash: NO_HASH },
  lastAtUs: 0,
  read: () => undefined,
  firstSeqAt: () => seqAfter(SEQ_NONE),
  scan: () => [],
  close: () => {},
};

function openLog(files: SqliteJournalFiles, expected: Head): Connection {
  refuseMissingLog(files, expected);
  const create = expected.seq === SEQ_NONE;
  if (!create) checkUntouched(files);
  try {
    return openConnection(files.logFile, { ...LOG_FILE, synchronous: 'FULL', create });
  } catch (error) {
    throw asDamage(error, files.logFile, SEQ_NONE);
  }
}

/**
 * The check of the end, with nothing written yet. A connection that may write folds or drops a
 * damaged write-ahead file when it closes, and with it what could still be looked at.
 * @throws DamagedJournal
 */
function checkUntouched(files: SqliteJournalFiles): void {
  openSqliteJournalForReading(files).close();
}

/**
 * SQLite has made its write-ahead file by now. It syncs the folder as well, but takes no notice of
 * an error, and a name that is lost takes the commits with it.
 */
function syncNames({ logFile }: SqliteJournalFiles): void {
  try {
    syncFolder(dirname(logFile));
  } catch (cause) {
    throw new CommitFailure(
      `${dirname(logFile)} could not be synced to its disk, so nothing can be committed there. ` +
        'Nothing that was answered is lost',
      { cause },
    );
  }
}

/** Before SQLite would make an empty log where there was one. */
function refuseMissingLog(files: SqliteJournalFiles, expected: Head): void {
  if (expected.seq > SEQ_NONE && !hasBytes(files.logFile))
    throw cutShort(files, SEQ_NONE, expected);
}

/**
 * Where the log ends, once it is clear that it holds what the head promises: the head's batch and
 * what follows it (a crash between commit and head, or a power cut) is checked in full.
 */
export function checkedEnd(
  table: LogTable,
  expected: Head,
  files: SqliteJournalFiles,
): { readonly head: Head; readonly end: LogEnd } {
  const lastSeq = table.lastSeq();
  if (lastSeq < expected.seq) throw cutShort(files, lastSeq, expected);
  const found = table.hashAt(expected.seq);
  if (found === undefined || Buffer.compare(found, expected.hash) !== 0) {
    throw new DamagedJournal(
      `${files.logFile} and ${files.headFile} differ about record ${expected.seq}; ${WAY_OUT}`,
      expected.seq === SEQ_NONE ? seqAfter(SEQ_NONE) : expected.seq,
    );
  }
  let newest: CheckedRow | undefined;
  for (newest of table.scan(expected.seq, lastSeq));
  if (newest === undefined) return { head: expected, end: EMPTY_LOG };
  const { row } = newest;
  const seq = lastSeqOf(row);
  return {
    head: { seq, hash: Uint8Array.from(row.hash) },
    end: { seq, atUs: row.atUs, epoch: row.epoch },
  };
}

function cutShort(files: SqliteJournalFiles, lastSeq: Seq, expected: Head): DamagedJournal {
  return new DamagedJournal(
    `${files.logFile} ends at record ${lastSeq}, but ${files.headFile} says that record ` +
      `${expected.seq} was committed: the log was cut short; ${WAY_OUT}`,
    seqAfter(lastSeq),
  );
}

export function batchOf({ row, parts }: CheckedRow): StoredBatch {
  const { firstSeq, count, epoch, atUs, hash } = row;
  return { firstSeq, count, epoch, atUs, hash, offsets: parts.offsets, bytes: parts.bytes };
}

function hasBytes(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}
