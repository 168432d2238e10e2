/**
 * Verification: a log with a million bids, read again from its first record by `gavel verify`, which
 * checks every batch and applies every record; next to a program that only reads and hashes it.
 */
import type { Bench, Scenario } from '../scenario.ts';
import { Child, pathOf } from '../child.ts';
import { atLeast, figure } from '../figure.ts';
import type { ScenarioReport } from '../figure.ts';
import { fillLog } from '../load/filled-log.ts';
import { summary } from '../load/workload.ts';

const RECORDS_PER_SECOND = 500_000;

interface Verified {
  readonly ok: boolean;
  readonly tookMs: number;
  readonly shards: readonly { readonly records: number; readonly finding: unknown }[];
}

export const VERIFY: Scenario = {
  name: 'verify',
  title: 'how fast a log is checked from its first record to its last',
  async run(bench): Promise<ScenarioReport> {
    const { folder, filled } = await fillLog(bench);
    const verified: number[] = [];
    const read: number[] = [];
    let records = 0;
    for (let run = 1; run <= bench.runs; run++) {
      read.push(await readOnly(bench, folder));
      const { shards, tookMs, ...result } = await verify(bench, folder);
      records = shards.reduce((sum, shard) => sum + shard.records, 0);
      if (!result.ok || records < filled.bidsSent) {
        throw new Error(`not all of the log was good: ${JSON.stringify(shards)}`);
      }
      verified.push((records * 1000) / tookMs);
      bench.say(`  ${records.toLocaleString('en-US')} records verified in ${tookMs} ms`);
    }
    const limit = { name: 'reading and hashing alone, one thread', runs: read };
    const target = atLeast(RECORDS_PER_SECOND);
    return {
      figures: [figure('records verified', '/s', verified, { target, limit })],
      notes: [`${records.toLocaleString('en-US')} records, a thread for each shard.`],
      details: [summary('filling the log', filled)],
    };
  },
};

async function verify(bench: Bench, folder: string): Promise<Verified> {
  const args = [pathOf('../bin/gavel'), 'verify', '--data', folder, '--json'];
  return answerOf<Verified>(bench, 'gavel verify', args);
}

/** Records a second. */
async function readOnly(bench: Bench, folder: string): Promise<number> {
  const args = [pathOf('limits/read-log.ts'), folder];
  const { records, tookMs } = await answerOf<{
    readonly records: number;
    readonly tookMs: number;
  }>(bench, 'the reader', args);
  return (records * 1000) / tookMs;
}

async function answerOf<T>(bench: Bench, name: string, args: readonly string[]): Promise<T> {
  const child = new Child(name, process.execPath, args, { output: true });
  bench.defer(() => child.kill());
  const answer = await child.nextLine<T>();
  await child.exit();
  return answer;
}
