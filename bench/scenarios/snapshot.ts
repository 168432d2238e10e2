/**
 * A snapshot of a running server with a million live auctions, under bids: how long `gavel snapshot`
 * takes, and what the bids that come meanwhile pay for it.
 */
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { bytesOf } from '../../src/journal/folder-copy.ts';
import type { Bench, Scenario } from '../scenario.ts';
import { Child, pathOf } from '../child.ts';
import { atMost, figure } from '../figure.ts';
import type { ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { Histogram } from '../load/histogram.ts';
import { manyAuctions } from '../load/many-auctions.ts';
import type { OpenLoop } from '../load/plan.ts';
import { AuctionSet, load, summary, told } from '../load/workload.ts';
import type { LoadSummary, LoadTarget } from '../load/workload.ts';

const BIDS: OpenLoop = { kind: 'open', bidsPerSecond: 10_000, run: 1 };
const AUCTIONS_BID_ON = 1_000;
const SECONDS_MAX = 60;
const P99_COST_MAX = 1.5;
const MB = 1024 * 1024;
/** The read model of a million listings is made at the same time; that is measured apart. */
const SETTINGS = { GAVEL_DISCOVERY_ENABLED: 'false' };

export const SNAPSHOT: Scenario = {
  name: 'snapshot',
  title: 'a snapshot of very many live auctions, while bids come',
  async run(bench): Promise<ScenarioReport> {
    const { folder, ids } = await manyAuctions(bench, bench.liveAuctions);
    const count = ids.length.toLocaleString('en-US');
    bench.say(`  ${count} auctions, ${Math.round(bytesOf(folder) / MB)} MB of data`);
    // The first start saves what it made of the logs, so that the second has nothing left to do.
    const first = await GavelServer.start(bench, { data: folder, settings: SETTINGS });
    bench.say(`  ready after ${Math.round(first.readyMs)} ms, from the logs alone`);
    await first.stop();
    const server = await GavelServer.start(bench, { data: folder, settings: SETTINGS });
    bench.say(`  ready after ${Math.round(server.readyMs)} ms, from what it had saved`);
    const { tokens } = await server.target(0);
    const auctions = new AuctionSet(ids.slice(0, AUCTIONS_BID_ON));
    const target: LoadTarget = { port: server.port, tokens, auctions };
    const [taken, alone, beside]: [number[], number[], number[]] = [[], [], []];
    const details: LoadSummary[] = [];
    let packed = 0;
    for (let run = 1; run <= bench.runs; run++) {
      alone.push(await p99(bench, target, 'bids alone', details));
      const copy = join(bench.folder, `snapshot-${run}`);
      const taking = snapshot(bench, folder, copy);
      beside.push(await p99({ ...bench, warmupMs: 0 }, target, 'bids while it is taken', details));
      const seconds = await taking;
      taken.push(seconds);
      packed = bytesOf(copy);
      bench.say(`  taken in ${seconds.toFixed(1)} s, ${Math.round(packed / MB)} MB`);
      await rm(copy, { recursive: true });
    }
    const [coldMs, readyMs] = [Math.round(first.readyMs), Math.round(server.readyMs)];
    await server.end();
    return {
      figures: [
        figure(`snapshot of ${count} live auctions`, 's', taken, { target: atMost(SECONDS_MAX) }),
        figure('bid p99 at 10,000 bids/s meanwhile', 'ms', beside, {
          limit: { name: 'alone', runs: alone, target: atMost(P99_COST_MAX) },
        }),
      ],
      notes: [
        `${Math.round(packed / MB)} MB compressed; the server was ready ${coldMs} ms after its start ` +
          `from the logs alone, ${readyMs} ms from what it had saved.`,
        'Bids are measured for as long as --seconds says, from the start of the snapshot on.',
      ],
      details,
    };
  },
};

async function p99(
  bench: Bench,
  target: LoadTarget,
  what: string,
  details: LoadSummary[],
): Promise<number> {
  const result = await load(bench, target, BIDS);
  bench.say(`  ${told(what, result)}`);
  details.push(summary(what, result));
  return Histogram.from(result.decidedUs).percentile(99) / 1000;
}

/** Seconds that it took. @throws Error where it fails */
async function snapshot(bench: Bench, folder: string, copy: string): Promise<number> {
  const startMs = performance.now();
  const args = [pathOf('../bin/gavel'), 'snapshot', copy, '--data', folder];
  const child = new Child('gavel snapshot', process.execPath, args);
  bench.defer(() => child.kill());
  await child.exit();
  if (child.process.exitCode !== 0) throw await child.failure('failed');
  return (performance.now() - startMs) / 1000;
}
