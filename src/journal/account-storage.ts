/**
 * The files of the accounts: their log with its head, and the keys of what is personal in it. Opened
 * for writing by the thread that owns them, and for looking by `gavel verify`.
 */
import { existsSync } from 'node:fs';
import { accountFiles } from './data-folder.ts';
import { readHead } from './head-file.ts';
import type { Journal } from './journal.ts';
import { DamagedJournal, WAY_OUT } from './journal.ts';
import { SEQ_NONE, seqAfter } from './seq.ts';
import type { JournalReading } from './sqlite-journal.ts';
import { openSqliteJournalForReading, SqliteJournal } from './sqlite-journal.ts';
import { SqliteStateStore } from './sqlite-state-store.ts';
import type { StateStore } from './state-store.ts';

/**
 * Of a folder that `makeAccountsFolder` has made.
 * @throws DamagedJournal, DamagedState, WrongFormat
 */
export function openAccountStorage(folder: string): {
  readonly journal: Journal;
  readonly keys: StateStore;
} {
  const files = accountFiles(folder);
  refuseMissingKeys(folder);
  const journal = new SqliteJournal(files);
  try {
    return { journal, keys: new SqliteStateStore(files.keysFile, 'write', null, 'FULL') };
  } catch (error) {
    journal.close();
    throw error;
  }
}

/** Also while a server runs. The log comes first: its accounts then have their keys. */
export function readAccountStorage(folder: string): {
  readonly journal: JournalReading;
  readonly keys: Pick<StateStore, 'rows' | 'close'> | null;
} {
  const files = accountFiles(folder);
  refuseMissingKeys(folder);
  const journal = openSqliteJournalForReading(files);
  try {
    const keys = existsSync(files.keysFile) ? new SqliteStateStore(files.keysFile, 'read') : null;
    return { journal, keys };
  } catch (error) {
    journal.close();
    throw error;
  }
}

/** Before SQLite would make an empty file where there was one. */
function refuseMissingKeys(folder: string): void {
  const { headFile, keysFile } = accountFiles(folder);
  if (existsSync(keysFile) || readHead(headFile).seq === SEQ_NONE) return;
  throw new DamagedJournal(
    `${keysFile} is missing, and without it no account can be read; ${WAY_OUT}`,
    seqAfter(SEQ_NONE),
  );
}
