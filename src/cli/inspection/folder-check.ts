/** Checks a shard of a data folder as it lies there: damage that shows on opening counts as well. */
import { asCliError, isDamage } from '../cli-error.ts';
import type { ShardCheck } from './shard-check.ts';
import { checkShard } from './shard-check.ts';
import { openLog, readSnapshot } from './shard-reading.ts';

/** Throws only where the files cannot be opened from here. */
export function checkShardOf(
  folder: string,
  index: number,
  onProgress: (seq: number, lastSeq: number) => void = () => {},
): ShardCheck {
  try {
    const snapshot = readSnapshot(folder, index);
    const log = openLog(folder, index);
    if (log === null) return EMPTY;
    try {
      return checkShard(log, snapshot, onProgress);
    } finally {
      log.close();
    }
  } catch (error) {
    // Head and log differ, a snapshot row is broken.
    if (!isDamage(error)) throw error;
    const { message } = asCliError(error);
    const record = error instanceof Error && 'seq' in error ? Number(error.seq) : 0;
    return { ...EMPTY, finding: { record, what: message } };
  }
}

const EMPTY: ShardCheck = {
  headSeq: 0,
  headHash: '0'.repeat(64),
  batches: 0,
  records: 0,
  auctions: 0,
  users: 0,
  stateHash: null,
  snapshotAuctions: 0,
  finding: null,
};
