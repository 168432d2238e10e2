/**
 * Ends a log earlier than it does, for a restore to a moment in the past. Only whole batches are
 * taken away: what was committed together was decided together, and the chain's hashes, which
 * receipts rely on, stay as they were signed.
 */
import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { ShardFiles } from './data-folder.ts';
import { syncFolder } from './data-folder.ts';
import { HeadFile } from './head-file.ts';
import type { CopiedLog } from './log-builder.ts';
import { EMPTY_COPY } from './log-builder.ts';
import { lastSeqOf } from './log-table.ts';
import type { LogRow } from './log-table.ts';
import { SEQ_NONE } from './seq.ts';

/** Up to and with this moment in every shard (microseconds since 1970), or this record of one. */
export type Until = { readonly atUs: number } | { readonly shard: number; readonly seq: number };

type LastRow = Pick<LogRow, 'firstSeq' | 'count' | 'atUs' | 'hash'>;

/** Of a log that nobody else has open, whose content is known to be good. */
export function cutLog(
  files: ShardFiles,
  limit: { readonly [Of in 'atUs' | 'seq']?: number },
): CopiedLog {
  const { atUs = Number.MAX_SAFE_INTEGER, seq = Number.MAX_SAFE_INTEGER } = limit;
  const db = new Database(files.logFile, { fileMustExist: true });
  let last: LastRow | undefined;
  try {
    last = db
      .prepare(
        'SELECT first_seq AS firstSeq, count, at_us AS atUs, hash FROM log ' +
          'WHERE at_us <= ? AND first_seq + count - 1 <= ? ORDER BY first_seq DESC LIMIT 1',
      )
      .get(atUs, seq) as LastRow | undefined;
    const { changes } = db
      .prepare('DELETE FROM log WHERE first_seq > ?')
      .run(last?.firstSeq ?? SEQ_NONE);
    if (changes === 0 && last !== undefined) return copiedUpTo(last);
  } finally {
    db.close();
  }
  // Its rows may be newer than the log now, and the log alone is enough.
  rmSync(files.stateFile, { force: true });
  if (last === undefined) rmSync(files.logFile);
  const copied = last === undefined ? EMPTY_COPY : copiedUpTo(last);
  HeadFile.create(files.headFile, copied.head);
  syncFolder(files.folder);
  return copied;
}

function copiedUpTo(last: LastRow): CopiedLog {
  return { head: { seq: lastSeqOf(last), hash: Uint8Array.from(last.hash) }, atUs: last.atUs };
}
