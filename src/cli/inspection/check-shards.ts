/**
 * Checks the shards of a folder side by side, each on a thread of its own, as many at once as the
 * machine has cores: shards have nothing in common, and one core reads a log no faster.
 *
 *   shards 0 1 2 3 … ──▶ threads ──▶ checks, in the order of the shards
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { FromShardCheck, ShardCheckData, TimedCheck } from './shard-check-worker.ts';

export type Checked = { readonly shard: number } & TimedCheck;

/**
 * Gives each check as soon as it and those before it are done.
 * @param onProgress records read and records there are, over all that has begun.
 * @throws CliError where files cannot be opened from here.
 */
export async function* checkShards(
  folder: string,
  shards: readonly number[],
  onProgress: (done: number, total: number) => void,
): AsyncIterable<Checked> {
  const progress = new Map<number, { readonly seq: number; readonly lastSeq: number }>();
  const running = new Set<Worker>();
  const waiting = shards.map((shard) => ({ shard, ...Promise.withResolvers<Checked>() }));
  const sum = (of: 'seq' | 'lastSeq'): number =>
    [...progress.values()].reduce((total, each) => total + each[of], 0);
  let begun = 0;
  const beginNext = (): void => {
    const next = waiting[begun++];
    if (next === undefined) return;
    const { shard, resolve, reject } = next;
    const worker = startCheck({ folder, index: shard }, (message) => {
      if (message.kind === 'checked') return resolve({ shard, ...message.check });
      if (message.kind === 'failed') {
        return reject(new CliError(message.exitCode, message.what, message.next));
      }
      progress.set(shard, message);
      onProgress(sum('seq'), sum('lastSeq'));
    });
    running.add(worker);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      running.delete(worker);
      reject(new CliError(EXIT.internal, `the check of shard ${shard} ended with code ${code}`));
      beginNext();
    });
  };
  for (let i = 0; i < availableParallelism(); i++) beginNext();
  try {
    for (const { promise } of waiting) yield await promise;
  } finally {
    begun = waiting.length;
    // Those behind one that failed have nobody who waits for them.
    for (const { promise } of waiting) promise.catch(() => {});
    await Promise.all([...running].map((worker) => worker.terminate()));
  }
}

function startCheck(data: ShardCheckData, hear: (message: FromShardCheck) => void): Worker {
  const url = new URL('./shard-check-worker.ts', import.meta.url);
  const worker = new Worker(url, { workerData: data, name: `check-${data.index}` });
  return worker.on('message', hear);
}
