/**
 * Ten thousand watchers of one auction that takes 5,000 bids a second: how late each sees a bid, and
 * whether all end in the right state; and with a shorter tick, how many updates a second leave at
 * most, next to what the gateway library, `ws` and Socket.IO publish with nothing behind them.
 */
import { existsSync } from 'node:fs';
import type { Bench, Scenario } from '../scenario.ts';
import { Child, pathOf } from '../child.ts';
import { atLeast, atMost, figure } from '../figure.ts';
import type { Figure, ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { Histogram } from '../load/histogram.ts';
import type { HistogramData } from '../load/histogram.ts';
import { BINARY_PROTOCOL, INCREMENT_CENTS, PATH, START_CENTS } from '../load/workload.ts';
import type { WatchPlan, WatchResult } from '../watch/plan.ts';

const WATCHERS = 10_000;
const BIDS_PER_SECOND = 5_000;
const BIDDERS = ['bidder-1', 'bidder-2'];
const STEP_CENTS = 2 * INCREMENT_CENTS;
/** The server's own, for the latency. */
const TICK_MS = 50;
/** More than this machine can send, for the most it can. */
const SHORT_TICK_MS = 10;
const P99_MS = 100;

/** What publishes to as many watchers with nothing behind it. */
interface Loop {
  readonly name: string;
  readonly main: string;
  readonly dialect: WatchPlan['dialect'];
  /** Package that it needs; null: none of the peers. */
  readonly needs: string | null;
  readonly ratio: number;
}

const LOOPS: readonly Loop[] = [
  {
    name: 'bare uWS publish loop',
    main: 'limits/publish-loop.ts',
    dialect: 'gavel',
    needs: null,
    ratio: 0.9,
  },
  {
    name: 'ws broadcast loop',
    main: 'peers/ws-loop.ts',
    dialect: 'gavel',
    needs: 'ws',
    ratio: 1.5,
  },
  {
    name: 'Socket.IO emit loop',
    main: 'peers/socket-io-loop.ts',
    dialect: 'socket.io',
    needs: 'socket.io',
    ratio: 3,
  },
];

export const FANOUT: Scenario = {
  name: 'fanout',
  title: '10,000 watchers of one auction under 5,000 bids/s',
  async run(bench): Promise<ScenarioReport> {
    const isHere = ({ needs }: Loop): boolean =>
      needs === null || existsSync(pathOf(`node_modules/${needs}`));
    const loops = LOOPS.filter(isHere);
    const watched = await rounds(bench, TICK_MS, LOOPS.slice(0, 1));
    const most = await rounds(bench, SHORT_TICK_MS, loops);
    const bids = watched.map(({ result }) => result.accepted);
    const bare = watched.map(({ limits }) =>
      percentileMs((limits[0] as WatchResult).latencyUs, 99),
    );
    const figures: Figure[] = [
      figure('bid sent to watcher, p50', 'ms', latencies(watched, 50)),
      figure('bid sent to watcher, p99', 'ms', latencies(watched, 99), {
        target: atMost(P99_MS),
        limit: { name: 'publish to watcher in the bare loop', runs: bare },
      }),
      figure(
        'the same of the newest bid in each update, p99',
        'ms',
        watched.map(({ result }) => percentileMs(result.newestLatencyUs, 99)),
      ),
      figure(`deliveries, tick ${TICK_MS} ms`, '/s', watched.map(rate)),
      ...loops.map(({ name, ratio }, i) =>
        figure(`deliveries, tick ${SHORT_TICK_MS} ms`, '/s', most.map(rate), {
          limit: {
            name,
            runs: most.map(({ limits }) => perSecond(limits[i] as WatchResult)),
            target: atLeast(ratio),
          },
        }),
      ),
    ];
    const missing = LOOPS.filter((loop) => !isHere(loop)).map(({ name }) => name);
    const notes = [
      `All ${WATCHERS.toLocaleString('en-US')} watchers ended in the right state in every run, and none saw a gap.`,
      `${bids.join(', ')} bids accepted. Latencies count from sending the oldest bid that an update stands for.`,
    ];
    if (missing.length > 0) {
      notes.push(
        `Skipped: ${missing.join(', ')}: the peers are not installed (cd bench && npm ci).`,
      );
    }
    const details = [...watched, ...most].map(({ tickMs, result }) => summary(tickMs, result));
    return { figures, notes, details };
  },
};

interface Run {
  readonly tickMs: number;
  readonly result: WatchResult;
  /** What each loop brought. */
  readonly limits: readonly WatchResult[];
}

/** Loops and server take turns, so that all see the same machine. */
async function rounds(bench: Bench, tickMs: number, loops: readonly Loop[]): Promise<Run[]> {
  const runs: Run[] = [];
  for (let run = 1; run <= bench.runs; run++) {
    const limits: WatchResult[] = [];
    for (const loop of loops) {
      const limit = await loopRun(bench, loop, tickMs);
      bench.say(`  ${loop.name}, tick ${tickMs} ms: ${Math.round(perSecond(limit))} deliveries/s`);
      limits.push(limit);
    }
    const result = await gavelRun(bench, tickMs);
    bench.say(`  gavel, tick ${tickMs} ms: ${Math.round(perSecond(result))} deliveries/s`);
    runs.push({ tickMs, result, limits });
  }
  return runs;
}

async function gavelRun(bench: Bench, tickMs: number): Promise<WatchResult> {
  const server = await GavelServer.start(bench, {
    settings: {
      GAVEL_SERVER_CONFLATION: `${tickMs}ms`,
      GAVEL_LIMITS_CONNECTIONS_PER_IP: '20000',
      GAVEL_LIMITS_CONNECTIONS_PER_USER: '20000',
    },
  });
  const auctionId = (await server.target(1, 0)).auctions.ids[0] as string;
  const watcherToken = await server.token('watcher', ['bidder']);
  const bidderTokens = await Promise.all(BIDDERS.map((user) => server.token(user, ['bidder'])));
  const target = { port: server.port, auctionId, watcherToken, bidderTokens };
  const result = await watch(bench, { dialect: 'gavel', ...target });
  const path = `/v1/auctions/${auctionId}`;
  const now = await server.rest<{ seq: number; currentPriceCents: number }>(
    'GET',
    path,
    watcherToken,
  );
  await server.end();
  const right = result.ended.filter(
    ({ seq, currentPriceCents }) => seq === now.seq && currentPriceCents === now.currentPriceCents,
  );
  if (right[0]?.watchers !== WATCHERS || result.gaps > 0) {
    const ended = JSON.stringify(result.ended.slice(0, 3));
    throw new Error(
      `watchers ended at ${ended}, not at ${JSON.stringify(now)}; ${result.gaps} gaps`,
    );
  }
  return result;
}

async function loopRun(
  bench: Bench,
  { name, main, dialect }: Loop,
  tickMs: number,
): Promise<WatchResult> {
  const args = [pathOf(main), `${tickMs}`, `${WATCHERS}`];
  const child = new Child(`the ${name}`, process.execPath, args, { output: true });
  bench.defer(() => child.stop());
  const { port } = await child.nextLine<{ port: number }>();
  const nobody = { auctionId: 'x'.repeat(22), watcherToken: 'watcher', bidderTokens: [] };
  const result = await watch(bench, { dialect, port, ...nobody });
  await child.stop();
  return result;
}

async function watch(
  bench: Bench,
  target: Pick<WatchPlan, 'dialect' | 'port' | 'auctionId' | 'watcherToken' | 'bidderTokens'>,
): Promise<WatchResult> {
  const plan: WatchPlan = {
    ...target,
    path: PATH,
    protocol: BINARY_PROTOCOL,
    watchers: WATCHERS,
    bidsPerSecond: target.bidderTokens.length === 0 ? 0 : BIDS_PER_SECOND,
    baseCents: START_CENTS,
    stepCents: STEP_CENTS,
    warmupMs: bench.warmupMs,
    durationMs: bench.durationMs,
  };
  const main = pathOf('watch/main.ts');
  const child = new Child('the watchers', process.execPath, [main], { output: true });
  bench.defer(() => child.kill());
  child.process.stdin?.end(JSON.stringify(plan));
  const result = await child.nextLine<WatchResult>();
  await child.exit();
  return result;
}

function perSecond({ deliveries, measuredMs }: WatchResult): number {
  return (deliveries * 1000) / measuredMs;
}

const rate = ({ result }: Run): number => perSecond(result);

function latencies(runs: readonly Run[], percent: number): number[] {
  return runs.map(({ result }) => percentileMs(result.latencyUs, percent));
}

function percentileMs(us: HistogramData, percent: number): number {
  return Histogram.from(us).percentile(percent) / 1000;
}

function summary(tickMs: number, result: WatchResult): Readonly<Record<string, unknown>> {
  const { latencyUs, newestLatencyUs: _, measuredMs: __, ...counts } = result;
  const p99Ms = percentileMs(latencyUs, 99);
  return { what: `tick ${tickMs} ms`, perSecond: perSecond(result), p99Ms, ...counts };
}
