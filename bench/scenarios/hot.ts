/**
 * What one busy auction costs the others on its shard: the latency of a steady load on a hundred
 * auctions, alone and beside one that gets nine times as many bids.
 */
import type { Bench, Scenario } from '../scenario.ts';
import { atMost, figure } from '../figure.ts';
import type { ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { startEcho } from '../limits/echo.ts';
import { Histogram } from '../load/histogram.ts';
import type { LoadResult, OpenLoop } from '../load/plan.ts';
import { load, summary, told } from '../load/workload.ts';
import type { LoadSummary, LoadTarget } from '../load/workload.ts';
import { DEFAULT_TARGET_AGE, SKIP_LATE_MS } from './overload.ts';

const OTHERS = 100;
/** What the others get in a second; the hot auction gets nine times as much. */
const BIDS_PER_SECOND = 5_000;
const HOT_FACTOR = 9;
const COST_MAX = 2;

export const HOT: Scenario = {
  name: 'hot',
  title: 'one auction with 90 % of the load: what it costs the others',
  async run(bench): Promise<ScenarioReport> {
    const echo = await startEcho(bench, OTHERS);
    const settings = { ...DEFAULT_TARGET_AGE, GAVEL_DATA_SHARDS: '1' };
    const server = await GavelServer.start(bench, { settings });
    const echoed: Side = { who: 'echo', others: echo, hot: echo, alone: [], beside: [] };
    const gavel: Side = {
      who: 'gavel',
      others: await server.target(OTHERS),
      hot: await server.target(1),
      alone: [],
      beside: [],
    };
    const details: LoadSummary[] = [];
    for (let run = 1; run <= bench.runs; run++) {
      for (const side of [echoed, gavel]) details.push(...(await round(bench, side)));
    }
    await server.end();
    const figures = [
      figure("the others' p99 beside a hot auction", 'ms', gavel.beside, {
        limit: { name: 'alone', runs: gavel.alone, target: atMost(COST_MAX) },
      }),
      figure('the same of the echo, which has no auctions', 'ms', echoed.beside, {
        limit: { name: 'alone', runs: echoed.alone },
      }),
    ];
    const notes = [
      'The load generator runs twice here, once for each side; the echo shows what that and the ' +
        'tenfold load cost by themselves.',
    ];
    return { figures, notes, details };
  },
};

/** A server under both loads, and the p99 of the others in each run, milliseconds. */
interface Side {
  readonly who: string;
  readonly others: LoadTarget;
  readonly hot: LoadTarget;
  readonly alone: number[];
  readonly beside: number[];
}

async function round(bench: Bench, side: Side): Promise<LoadSummary[]> {
  const { who, others, hot, alone, beside } = side;
  const quiet = await load(bench, others, steady(BIDS_PER_SECOND));
  const [busy, hotter] = await Promise.all([
    load(bench, others, steady(BIDS_PER_SECOND)),
    load(bench, hot, steady(BIDS_PER_SECOND * HOT_FACTOR)),
  ]);
  alone.push(p99Ms(quiet));
  beside.push(p99Ms(busy));
  return (
    [
      ['the others alone', quiet],
      ['the others beside it', busy],
      ['the hot auction', hotter],
    ] as const
  ).map(([what, result]) => {
    bench.say(`  ${told(`${who}, ${what}`, result)}`);
    return summary(`${who}, ${what}`, result);
  });
}

function steady(bidsPerSecond: number): OpenLoop {
  return { kind: 'open', bidsPerSecond, run: 1, skipLateMs: SKIP_LATE_MS };
}

function p99Ms(result: LoadResult): number {
  return Histogram.from(result.decidedUs).percentile(99) / 1000;
}
