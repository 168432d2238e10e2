/** A data folder with many bids in its log, as a kill of the server left it. */
import { join } from 'node:path';
import { GavelServer } from '../gavel-server.ts';
import type { Bench } from '../scenario.ts';
import type { LoadResult } from './plan.ts';
import { load, told } from './workload.ts';
import type { LoadTarget } from './workload.ts';

const AUCTIONS = 1000;
const FILL_MS_MAX = 10 * 60_000;

export interface FilledLog {
  readonly folder: string;
  readonly target: LoadTarget;
  readonly filled: LoadResult;
}

/** Logs `bench.loggedBids` bids and kills the server. */
export async function fillLog(bench: Bench): Promise<FilledLog> {
  const folder = join(bench.folder, 'killed');
  const server = await GavelServer.start(bench, { data: folder });
  const target = await server.target(AUCTIONS);
  const filled = await load({ ...bench, warmupMs: 0, durationMs: FILL_MS_MAX }, target, {
    kind: 'closed',
    window: 64,
    bidsMax: bench.loggedBids,
  });
  await server.kill();
  bench.say(`  ${told(`${filled.bidsSent.toLocaleString('en-US')} bids logged`, filled)}`);
  return { folder, target, filled };
}
