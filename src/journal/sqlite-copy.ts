/**
 * Copies of the two database files that are right while a server goes on writing them. Both are
 * checked on the way: a damaged file is not copied.
 *
 *   log    row by row along the chain, in short reads: a long one would pin the write-ahead file
 *   state  VACUUM INTO, one moment of the file; it is small and written now and then
 *
 * The copies have no write-ahead file, so that they can be read where nothing may be written.
 */
import { renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { JOURNAL } from '../config/limits.ts';
import { NO_HASH } from './chain.ts';
import { syncFile } from './data-folder.ts';
import { readHead } from './head-file.ts';
import type { Head } from './journal.ts';
import type { CheckedRow } from './log-table.ts';
import { asDamage, INSERT_ROW, LOG_FILE, LogTable, lastSeqOf } from './log-table.ts';
import type { Seq } from './seq.ts';
import { SEQ_NONE, seqAfter } from './seq.ts';
import type { Connection } from './sqlite-connection.ts';
import { isCorruption, openForReading } from './sqlite-connection.ts';
import type { SqliteJournalFiles } from './sqlite-journal.ts';
import { checkedEnd } from './sqlite-journal.ts';
import { SqliteStateStore } from './sqlite-state-store.ts';
import { DamagedState } from './state-store.ts';

/** How far a copied log goes, and when that was committed (microseconds since 1970; 0: never). */
export interface CopiedLog {
  readonly head: Head;
  readonly atUs: number;
}

export const EMPTY_COPY: CopiedLog = { head: { seq: SEQ_NONE, hash: NO_HASH }, atUs: 0 };

/**
 * Copies a log up to what it holds now; returns how far that is.
 * @throws DamagedJournal where it is not whole.
 */
export function copyLog(from: SqliteJournalFiles, toLogFile: string): CopiedLog {
  const expected = readHead(from.headFile);
  const source = openForReading(from.logFile, LOG_FILE);
  try {
    const table = new LogTable(source, from.logFile);
    const { head } = checkedEnd(table, expected, from);
    const rows = table.scan(seqAfter(SEQ_NONE), head.seq);
    return written(toLogFile, (target) => copyRows(rows, head.seq, target));
  } catch (error) {
    throw asDamage(error, from.logFile, SEQ_NONE);
  } finally {
    source.close();
  }
}

/** @throws DamagedState where it is not whole. */
export function copyState(fromFile: string, toFile: string): void {
  const temporary = `${toFile}.new`;
  rmSync(temporary, { force: true });
  const source = new Database(fromFile, { readonly: true, fileMustExist: true });
  try {
    source.prepare('VACUUM INTO ?').run(temporary);
  } catch (error) {
    if (!isCorruption(error)) throw error;
    throw new DamagedState(`${fromFile} is damaged: ${error.message}`, { cause: error });
  } finally {
    source.close();
  }
  const copy = new SqliteStateStore(temporary, 'read');
  try {
    for (const _ of copy.rows());
  } finally {
    copy.close();
  }
  syncFile(temporary);
  renameSync(temporary, toFile);
}

/** Any database, as it is at one moment. @throws DamagedState where it is not whole. */
export function copyDatabase(fromFile: string, toFile: string): void {
  const temporary = `${toFile}.new`;
  rmSync(temporary, { force: true });
  const source = new Database(fromFile, { readonly: true, fileMustExist: true });
  try {
    const found: unknown = source.pragma('integrity_check', { simple: true });
    if (found !== 'ok') throw new DamagedState(`${fromFile} is damaged: ${String(found)}`);
    source.prepare('VACUUM INTO ?').run(temporary);
  } catch (error) {
    if (!isCorruption(error)) throw error;
    throw new DamagedState(`${fromFile} is damaged: ${error.message}`, { cause: error });
  } finally {
    source.close();
  }
  syncFile(temporary);
  renameSync(temporary, toFile);
}

/** A database written in one go: fast, because it only counts once it is renamed. */
function written<T>(file: string, write: (target: Connection) => T): T {
  const temporary = `${file}.new`;
  rmSync(temporary, { force: true });
  const target = new Database(temporary);
  let result: T;
  try {
    target.pragma(`page_size = ${JOURNAL.pageBytes}`);
    target.pragma('synchronous = OFF');
    target.exec(LOG_FILE.schema);
    target.pragma(`application_id = ${LOG_FILE.applicationId}`);
    target.pragma(`user_version = ${LOG_FILE.format}`);
    result = write(target);
  } finally {
    target.close();
  }
  syncFile(temporary);
  renameSync(temporary, file);
  return result;
}

/** Makes a log of rows that were checked, in their order. */
export function writeLog(rows: Iterable<Pick<CheckedRow, 'row'>>, toLogFile: string): CopiedLog {
  const all = Number.MAX_SAFE_INTEGER as Seq;
  return written(toLogFile, (target) => copyRows(rows, all, target));
}

function copyRows(
  rows: Iterable<Pick<CheckedRow, 'row'>>,
  lastSeq: Seq,
  target: Connection,
): CopiedLog {
  const insert = target.prepare(INSERT_ROW);
  let copied = EMPTY_COPY;
  let bytes = 0;
  target.exec('BEGIN');
  for (const { row } of rows) {
    const { firstSeq, count, epoch, atUs, checksum, hash, payload } = row;
    insert.run(firstSeq, count, epoch, atUs, checksum, hash, payload);
    copied = { head: { seq: lastSeqOf(row), hash }, atUs };
    // What a server appends meanwhile is for the next copy.
    if (copied.head.seq >= lastSeq) break;
    bytes += payload.length;
    if (bytes < JOURNAL.copyTransactionBytes) continue;
    target.exec('COMMIT; BEGIN');
    bytes = 0;
  }
  target.exec('COMMIT');
  return copied;
}
