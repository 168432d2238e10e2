/**
 * Opens a shard's files for looking only, also while a server is writing them. The snapshot rows
 * are read before the log: then no row can be newer than the log's head as we see it.
 */
import { existsSync } from 'node:fs';
import { readFolderMeta, shardFiles } from '../../journal/data-folder.ts';
import type { FolderMeta } from '../../journal/folder-meta.ts';
import { openSqliteJournalForReading } from '../../journal/sqlite-journal.ts';
import type { JournalReading } from '../../journal/sqlite-journal.ts';
import { SEQ_NONE } from '../../journal/seq.ts';
import { SqliteStateStore } from '../../journal/sqlite-state-store.ts';
import type { StateRow, StateStore } from '../../journal/state-store.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';

export interface ShardReading {
  readonly index: number;
  readonly journal: JournalReading;
}

/** The shards of a folder, or the one asked for. @throws UnusableDataFolder, CliError */
export function shardIndexes(folder: string, only: number | undefined): readonly number[] {
  const { shards }: FolderMeta = readFolderMeta(folder);
  if (only === undefined) return Array.from({ length: shards }, (_, index) => index);
  if (only < shards) return [only];
  const last = shards - 1;
  throw new CliError(
    EXIT.usage,
    `there is no shard ${only}`,
    last === 0 ? 'This folder has shard 0 only.' : `This folder has shards 0 to ${last}.`,
  );
}

/** Null where the shard was never used. */
export function openLog(folder: string, index: number): JournalReading | null {
  const files = shardFiles(folder, index);
  if (!existsSync(files.logFile) && !existsSync(files.headFile)) return null;
  return openSqliteJournalForReading(files);
}

/** The snapshot as it stands now, in memory; null where there is none. */
export function readSnapshot(folder: string, index: number): StateStore | null {
  const { stateFile } = shardFiles(folder, index);
  if (!existsSync(stateFile)) return null;
  const store = new SqliteStateStore(stateFile, 'read');
  try {
    const { lowSeq } = store;
    const rows: StateRow[] = [...store.rows()];
    if (rows.length === 0 && lowSeq === SEQ_NONE) return null;
    const never = (): never => {
      throw new Error('a check does not write');
    };
    return { lowSeq, rows: () => rows, put: never, finish: never, close: () => {} };
  } finally {
    store.close();
  }
}
