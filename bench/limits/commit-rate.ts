/**
 * The other limit: how often SQLite commits here, set as the journal sets it (write-ahead log,
 * synchronous=FULL, no checkpoints in between), with rows of the size that a group commit of so
 * many bids has.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { assert } from '../../src/lib/assert.ts';

/** Bytes of one bid's record in the log, about. */
const RECORD_BYTES = 90;
const FULL = 2;

/** Commits per second of one row for `bidsPerCommit` bids, over `durationMs`. */
export function commitRate(folder: string, bidsPerCommit: number, durationMs: number): number {
  const database = new Database(join(folder, `commits-${bidsPerCommit}-${Date.now()}.sqlite`));
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('wal_autocheckpoint = 0');
    assert(database.pragma('journal_mode', { simple: true }) === 'wal', 'a write-ahead log');
    assert(database.pragma('synchronous', { simple: true }) === FULL, 'synchronous=FULL');
    database.exec('CREATE TABLE log (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT');
    const insert = database.prepare('INSERT INTO log (bytes) VALUES (?)');
    const row = Buffer.alloc(RECORD_BYTES * bidsPerCommit, 0x5a);
    const startMs = performance.now();
    let commits = 0;
    while (performance.now() - startMs < durationMs) {
      insert.run(row);
      commits += 1;
    }
    return (commits * 1000) / (performance.now() - startMs);
  } finally {
    database.close();
  }
}
