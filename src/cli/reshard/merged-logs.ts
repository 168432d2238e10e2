/** The batches of several logs, each checked, as one row in the order of time. */
import type { StoredBatch } from '../../journal/journal.ts';
import type { JournalReading } from '../../journal/sqlite-journal.ts';
import type { Seq } from '../../journal/seq.ts';

export interface ShardBatch {
  readonly shard: number;
  readonly batch: StoredBatch;
}

interface Next extends ShardBatch {
  readonly rest: Iterator<StoredBatch>;
}

/**
 * What a shard wrote stays in its order; of equal times the lower shard's comes first.
 * @throws DamagedJournal
 */
export function* mergedLogs(
  logs: readonly Pick<JournalReading, 'scan'>[],
): Generator<ShardBatch, void, void> {
  const waiting = logs.flatMap((log, shard) => next(shard, log.scan(1 as Seq)[Symbol.iterator]()));
  while (waiting.length > 0) {
    let first = 0;
    for (let i = 1; i < waiting.length; i++) {
      if (isBefore(waiting[i] as Next, waiting[first] as Next)) first = i;
    }
    const { shard, batch, rest } = waiting[first] as Next;
    yield { shard, batch };
    waiting.splice(first, 1, ...next(shard, rest));
  }
}

function next(shard: number, rest: Iterator<StoredBatch>): Next[] {
  const { done, value } = rest.next();
  return done === true ? [] : [{ shard, batch: value, rest }];
}

/** An epoch is over in all shards before the next begins, whatever the clock said. */
function isBefore(a: Next, b: Next): boolean {
  if (a.batch.epoch !== b.batch.epoch) return a.batch.epoch < b.batch.epoch;
  if (a.batch.atUs !== b.batch.atUs) return a.batch.atUs < b.batch.atUs;
  return a.shard < b.shard;
}
