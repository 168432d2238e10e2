/**
 * What the server does with more than it can take: 1, 2, 5 and 10 times its capacity, measured in
 * the same run, and back. What is taken keeps its latency, the rest is refused at once.
 */
import type { Bench, Scenario } from '../scenario.ts';
import { atLeast, atMost, figure } from '../figure.ts';
import type { Figure, ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { Histogram } from '../load/histogram.ts';
import type { LoadResult } from '../load/plan.ts';
import { load, told } from '../load/workload.ts';
import type { LoadTarget } from '../load/workload.ts';

const AUCTIONS = 1000;
const CAPACITY_WINDOW = 16;
const FACTORS = [1, 2, 5, 10];
const WORST = 10;
const CALM = 0.5;
/** What the generator cannot send within this time is left out. */
export const SKIP_LATE_MS = 20;
/** A client that does not read its refusals gets no more to send. */
const IN_FLIGHT_MAX = 256;
/** The setting's own default: other scenarios raise it. */
export const DEFAULT_TARGET_AGE = { GAVEL_OVERLOAD_TARGET_AGE: '20ms' };

interface Step extends Readonly<Record<string, unknown>> {
  readonly factor: number;
  readonly goodput: number;
  readonly decidedP99Ms: number;
  readonly shedP50Ms: number;
  readonly normalAfterS: number;
  readonly offeredShare: number;
}

export const OVERLOAD: Scenario = {
  name: 'overload',
  title: 'more than the server can take, and back',
  async run(bench): Promise<ScenarioReport> {
    const rounds: Step[][] = [];
    for (let run = 1; run <= bench.runs; run++) {
      const capacity = await measuredCapacity(bench);
      const server = await GavelServer.start(bench, { settings: DEFAULT_TARGET_AGE });
      rounds.push(await round(bench, await server.target(AUCTIONS), capacity));
      await server.end();
    }
    return { figures: figures(rounds), notes: notes(rounds), details: rounds.flat() };
  },
};

/** On a server that refuses nobody: a closed loop would send again at once what was refused. */
async function measuredCapacity(bench: Bench): Promise<number> {
  const server = await GavelServer.start(bench);
  const target = await server.target(AUCTIONS);
  const closed = await load(bench, target, { kind: 'closed', window: CAPACITY_WINDOW });
  bench.say(`  ${told('capacity', closed)}`);
  await server.end();
  return goodputOf(closed);
}

async function round(bench: Bench, target: LoadTarget, capacity: number): Promise<Step[]> {
  const steps: Step[] = [];
  for (const factor of [...FACTORS, CALM]) {
    const bidsPerSecond = Math.round(capacity * factor);
    // After the worst every moment counts.
    const warmupMs = factor === CALM ? 0 : bench.warmupMs;
    const result = await load({ ...bench, warmupMs }, target, {
      kind: 'open',
      bidsPerSecond,
      run: 1,
      skipLateMs: SKIP_LATE_MS,
      inFlightMax: IN_FLIGHT_MAX,
    });
    bench.say(`  ${told(`${factor} × capacity`, result)}`);
    steps.push(step(factor, result));
  }
  return steps;
}

function step(factor: number, result: LoadResult): Step {
  const decided = Histogram.from(result.decidedUs);
  const { bidsSent, notOffered, lastShedMs } = result;
  return {
    factor,
    goodput: Math.round(goodputOf(result)),
    shed: Histogram.from(result.shedUs).count,
    decidedP50Ms: decided.percentile(50) / 1000,
    decidedP99Ms: decided.percentile(99) / 1000,
    shedP50Ms: Histogram.from(result.shedUs).percentile(50) / 1000,
    normalAfterS: Math.max(0, lastShedMs) / 1000,
    offeredShare: bidsSent / (bidsSent + notOffered),
    unanswered: result.unanswered,
  };
}

/** Bids a second that reached their auction. */
function goodputOf({ decidedUs, measuredMs }: LoadResult): number {
  return (decidedUs.count * 1000) / measuredMs;
}

function figures(rounds: readonly (readonly Step[])[]): Figure[] {
  const at = (factor: number, read: (step: Step) => number): number[] =>
    rounds.map((steps) => Math.max(...steps.filter((one) => one.factor === factor).map(read)));
  const peak = rounds.map((steps) => Math.max(...steps.map(({ goodput }) => goodput)));
  return [
    figure(
      `goodput at ${WORST} × capacity`,
      '/s',
      at(WORST, (one) => one.goodput),
      {
        limit: { name: 'the best step', runs: peak, target: atLeast(0.9) },
      },
    ),
    figure(
      `p99 of what is decided, at ${WORST} ×`,
      'ms',
      at(WORST, (one) => one.decidedP99Ms),
      {
        target: atMost(50),
      },
    ),
    figure(
      `p50 of refusals, at ${WORST} ×`,
      'ms',
      at(WORST, (one) => one.shedP50Ms),
      {
        target: atMost(5),
      },
    ),
    figure(
      'last refusal after the load is back',
      's',
      at(CALM, (one) => one.normalAfterS),
      {
        target: atMost(5),
      },
    ),
  ];
}

function notes(rounds: readonly (readonly Step[])[]): string[] {
  return (rounds[0] ?? []).map(
    ({ factor, goodput, decidedP99Ms, offeredShare }) =>
      `first run, ${factor} × capacity: goodput ${goodput.toLocaleString('en-US')}/s, decided p99 ` +
      `${decidedP99Ms.toFixed(1)} ms, the generator could offer ${(offeredShare * 100).toFixed(0)} %.`,
  );
}
