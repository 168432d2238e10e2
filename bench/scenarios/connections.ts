/**
 * What many open connections cost: the memory of the server for each of 15,000 signed-in users who
 * watch a quiet auction, and the latency of 10,000 bids a second on other auctions, without and
 * with them.
 */
import type { Bench, Scenario } from '../scenario.ts';
import { Child, pathOf } from '../child.ts';
import { atMost, figure } from '../figure.ts';
import type { ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { Histogram } from '../load/histogram.ts';
import type { LoadResult, OpenLoop } from '../load/plan.ts';
import { BINARY_PROTOCOL, load, PATH, summary, told } from '../load/workload.ts';
import type { LoadSummary } from '../load/workload.ts';
import type { Held, HoldPlan, Holding } from '../watch/hold-plan.ts';

const CONNECTIONS_HELD = 15_000;
const AUCTIONS = 1_000;
const BIDS: OpenLoop = { kind: 'open', bidsPerSecond: 10_000, run: 1 };
const BYTES_EACH_MAX = 12 * 1024;
const P99_COST_MAX = 1.5;
const EXTRAPOLATED = 50_000;
const MB = 1024 * 1024;
const SETTINGS = {
  GAVEL_LIMITS_CONNECTIONS_PER_IP: '20000',
};

export const CONNECTIONS: Scenario = {
  name: 'connections',
  title: '15,000 connections held: their memory, and what they cost a bid',
  async run(bench): Promise<ScenarioReport> {
    const runs: Run[] = [];
    const details: LoadSummary[] = [];
    for (let run = 1; run <= bench.runs; run++) runs.push(await one(bench, details));
    const bytesEach = runs.map(({ before, after }) => (after - before) / CONNECTIONS_HELD);
    const mostEach = figure('memory of a connection', 'bytes', bytesEach.map(Math.round), {
      target: atMost(BYTES_EACH_MAX),
    });
    const figures = [
      mostEach,
      figure(
        'bid p99 at 10,000 bids/s, with them',
        'ms',
        runs.map(({ with: ms }) => ms),
        {
          limit: {
            name: 'without',
            runs: runs.map(({ without }) => without),
            target: atMost(P99_COST_MAX),
          },
        },
      ),
      figure(
        'opened and signed in',
        '/s',
        runs.map(({ perSecond }) => Math.round(perSecond)),
      ),
    ];
    const empty = runs[0]?.before ?? 0;
    const projected = (empty + EXTRAPOLATED * mostEach.value) / MB;
    const notes = [
      `Resident memory without connections: ${Math.round(empty / MB)} MB; with ${EXTRAPOLATED.toLocaleString('en-US')} ` +
        `it would be ${Math.round(projected)} MB (extrapolated). What the kernel keeps for a socket is not in it.`,
      'Each connection is a user of its own, signed in, with the private feed and one subscription; none was lost.',
    ];
    return { figures, notes, details };
  },
};

interface Run {
  /** Resident memory of the server, bytes. */
  readonly before: number;
  readonly after: number;
  /** p99 of the bids, ms. */
  readonly without: number;
  readonly with: number;
  /** Connections opened and signed in a second. */
  readonly perSecond: number;
}

async function one(bench: Bench, details: LoadSummary[]): Promise<Run> {
  const server = await GavelServer.start(bench, { settings: SETTINGS });
  const busy = await server.target(AUCTIONS);
  const quiet = (await server.target(AUCTIONS, 0)).auctions.ids;
  const measure = async (what: string): Promise<number> => {
    const result = await load(bench, busy, BIDS);
    bench.say(`  ${told(what, result)}`);
    details.push(summary(what, result));
    return p99Ms(result);
  };
  // The memory of a server that has done nothing yet: what it keeps of a load is not counted as free.
  const before = await server.residentBytes();
  const { holders, opened } = await hold(bench, server, quiet);
  const after = await server.residentBytes();
  bench.say(`  ${CONNECTIONS_HELD} opened in ${(opened.openedMs / 1000).toFixed(1)} s`);
  const withThem = await measure('beside them');
  holders.process.stdin?.end();
  const { lost } = await holders.nextLine<Held>();
  await holders.exit();
  if (lost > 0) throw new Error(`${lost} of the connections were lost`);
  const without = await measure('without them');
  await server.end();
  const perSecond = (CONNECTIONS_HELD * 1000) / opened.openedMs;
  return { before, after, without, with: withThem, perSecond };
}

async function hold(
  bench: Bench,
  server: GavelServer,
  auctionIds: readonly string[],
): Promise<{ readonly holders: Child; readonly opened: Holding }> {
  const tokens: string[] = [];
  for (let i = 1; i <= CONNECTIONS_HELD; i++) {
    tokens.push(await server.token(`watcher-${i}`, ['bidder']));
  }
  const { port } = server;
  const plan: HoldPlan = { port, path: PATH, protocol: BINARY_PROTOCOL, tokens, auctionIds };
  const main = pathOf('watch/hold.ts');
  const holders = new Child('the connections', process.execPath, [main], { output: true });
  bench.defer(() => holders.kill());
  holders.process.stdin?.write(`${JSON.stringify(plan)}\n`);
  return { holders, opened: await holders.nextLine<Holding>() };
}

function p99Ms(result: LoadResult): number {
  return Histogram.from(result.latencyUs).percentile(99) / 1000;
}
