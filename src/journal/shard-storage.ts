/** A shard's files, opened for writing: its log, its head and its incremental snapshot. */
import { must } from '../lib/assert.ts';
import { Checkpointer } from './checkpointer.ts';
import { shardFiles } from './data-folder.ts';
import type { Journal } from './journal.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { SqliteStateStore } from './sqlite-state-store.ts';
import type { StateStore } from './state-store.ts';

export interface ShardStorage {
  readonly journal: Journal;
  readonly state: StateStore;
}

/**
 * Of a folder that data-folder.ts has made.
 * @throws DamagedJournal, DamagedState, WrongFormat
 */
export function openShardStorage(folder: string, index: number): ShardStorage {
  const files = shardFiles(folder, index);
  const { lanes } = new Checkpointer([
    { kind: 'checkpoint', file: files.logFile, synchronous: 'FULL' },
    { kind: 'sync', file: files.headFile },
    { kind: 'checkpoint', file: files.stateFile, synchronous: 'NORMAL' },
  ]);
  const [log, head, state] = lanes.map((lane) => must(lane, 'a lane for each job'));
  const journal = new SqliteJournal(files, {
    log: must(log, 'the lane of the log'),
    head: must(head, 'the lane of the head'),
  });
  try {
    return { journal, state: new SqliteStateStore(files.stateFile, 'write', state) };
  } catch (error) {
    journal.close();
    throw error;
  }
}
