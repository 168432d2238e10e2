/**
 * Restart: a million bids in the log, the server killed without warning, and the time from the
 * start of the new process until it says that it is ready. Every run starts from a copy of the
 * folder as the kill left it, so that no run profits from the recovery before it. Afterwards the
 * auctions are asked for their bids: what was answered has to be there.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scenario } from '../scenario.ts';
import { atMost, figure } from '../figure.ts';
import type { ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { fillLog } from '../load/filled-log.ts';
import { summary } from '../load/workload.ts';
import type { LoadTarget } from '../load/workload.ts';
import type { LoadResult } from '../load/plan.ts';

const READY_MS = 3_000;
const ASKED_AT_ONCE = 16;

export const RESTART: Scenario = {
  name: 'restart',
  title: 'time from the start of the process to ready, after a kill',
  async run(bench): Promise<ScenarioReport> {
    const { folder: killed, target, filled } = await fillLog(bench);
    const runs: number[] = [];
    let missing = 0;
    for (let run = 1; run <= bench.runs; run++) {
      const data = join(bench.folder, `copy-${run}`);
      await cp(killed, data, { recursive: true });
      const server = await GavelServer.start(bench, { data });
      runs.push(Math.round(server.readyMs));
      missing = Math.max(missing, await missingBids(server, target, filled));
      await server.kill();
      await rm(data, { recursive: true });
      bench.say(`  ready after ${Math.round(server.readyMs)} ms`);
    }
    if (missing > 0) throw new Error(`${missing} answered bids were not there after the restart`);
    const name = `ready with ${filled.bidsSent.toLocaleString('en-US')} bids in the log`;
    return {
      figures: [figure(name, 'ms', runs, { target: atMost(READY_MS) })],
      notes: [
        `All ${filled.accepted.toLocaleString('en-US')} accepted bids were there afterwards.`,
      ],
      details: [summary('filling the log', filled)],
    };
  },
};

/** How many of the accepted bids the auctions do not know. */
async function missingBids(
  server: GavelServer,
  { auctions }: LoadTarget,
  filled: LoadResult,
): Promise<number> {
  const token = await server.token('bidder-1', ['bidder']);
  let known = 0;
  let next = 0;
  const ask = async (): Promise<void> => {
    for (let i = next++; i < auctions.ids.length; i = next++) {
      const auction = await server.rest<unknown>('GET', `/v1/auctions/${auctions.ids[i]}`, token);
      known += Number(/"bidCount":(\d+)/.exec(JSON.stringify(auction))?.[1] ?? 0);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask));
  return Math.max(0, filled.accepted - known);
}
