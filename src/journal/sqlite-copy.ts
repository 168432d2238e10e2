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
import { syncFile } from './data-folder.ts';
import { readHead } from './head-file.ts';
import type { CopiedLog } from './log-builder.ts';
import { LogBuilder } from './log-builder.ts';
import type { CheckedRow } from './log-table.ts';
import { asDamage, LOG_FILE, LogTable } from './log-table.ts';
import type { Seq } from './seq.ts';
import { SEQ_NONE, seqAfter } from './seq.ts';
import { isCorruption, openForReading } from './sqlite-connection.ts';
import type { SqliteJournalFiles } from './sqlite-journal.ts';
import { checkedEnd } from './sqlite-journal.ts';
import { SqliteStateStore } from './sqlite-state-store.ts';
import { DamagedState } from './state-store.ts';

/**
 * What a copy is for. One that is packed and removed again need not reach the disk: to write it out
 * there would hold up the commits of a server beside it.
 */
export type CopyPurpose = 'to keep' | 'to pack';

/**
 * Copies a log up to what it holds now; returns how far that is.
 * @throws DamagedJournal where it is not whole.
 */
export function copyLog(
  from: SqliteJournalFiles,
  toLogFile: string,
  purpose: CopyPurpose,
): CopiedLog {
  const expected = readHead(from.headFile);
  const source = openForReading(from.logFile, LOG_FILE);
  try {
    const table = new LogTable(source, from.logFile);
    const { head } = checkedEnd(table, expected, from);
    return copyRows(table.scan(seqAfter(SEQ_NONE), head.seq), head.seq, toLogFile, purpose);
  } catch (error) {
    throw asDamage(error, from.logFile, SEQ_NONE);
  } finally {
    source.close();
  }
}

/** @throws DamagedState where it is not whole. */
export function copyState(fromFile: string, toFile: string, purpose: CopyPurpose): void {
  const temporary = `${toFile}.new`;
  rmSync(temporary, { force: true });
  const source = new Database(fromFile, { readonly: true, fileMustExist: true });
  try {
    // Synced below, in one go or not at all.
    source.pragma('synchronous = OFF');
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
  if (purpose === 'to keep') syncFile(temporary);
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

/** Makes a log of rows that were checked, in their order. */
export function writeLog(rows: Iterable<Pick<CheckedRow, 'row'>>, toLogFile: string): CopiedLog {
  return copyRows(rows, Number.MAX_SAFE_INTEGER as Seq, toLogFile, 'to keep');
}

function copyRows(
  rows: Iterable<Pick<CheckedRow, 'row'>>,
  lastSeq: Seq,
  toLogFile: string,
  purpose: CopyPurpose,
): CopiedLog {
  const builder = new LogBuilder(toLogFile);
  try {
    for (const { row } of rows) {
      builder.put(row);
      // What a server appends meanwhile is for the next copy.
      if (builder.head.seq >= lastSeq) break;
    }
    return builder.finish(purpose === 'to keep');
  } finally {
    builder.close();
  }
}
