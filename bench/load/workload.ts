/**
 * Runs the load generator in its own process against one of the servers under test. The echo
 * server, the peer and Gavel get the same bids from the same generator.
 */
import type { Bench } from '../scenario.ts';
import { Child, pathOf } from '../child.ts';
import { Histogram } from './histogram.ts';
import type { ClosedLoop, LoadPlan, LoadResult, OpenLoop } from './plan.ts';

export const CONNECTIONS = 50;
export const PATH = '/v1/ws';
export const BINARY_PROTOCOL = 'gavel.v1.msgpack';
/** From 5,000.00 on, so that all ten steps of the increment table are walked. */
export const START_CENTS = 1_000_000;
/** The last step of the table that the auctions are listed with. */
export const INCREMENT_CENTS = 10;
/** Twice the increment: each bid is good enough after the one before it. */
const STEP_CENTS = 2 * INCREMENT_CENTS;

/** Auctions whose prices rise from run to run. */
export class AuctionSet {
  readonly ids: readonly string[];
  nextStep = 0;

  constructor(ids: readonly string[]) {
    this.ids = ids;
  }

  /** For servers that know no auctions. */
  static made(count: number): AuctionSet {
    return new AuctionSet(
      Array.from({ length: count }, (_, i) => `Bench${String(i).padStart(17, '0')}`),
    );
  }
}

export interface LoadTarget {
  readonly port: number;
  readonly tokens: readonly string[];
  readonly auctions: AuctionSet;
}

export async function load(
  bench: Pick<Bench, 'defer' | 'warmupMs' | 'durationMs'>,
  target: LoadTarget,
  loop: ClosedLoop | OpenLoop,
): Promise<LoadResult> {
  const { port, tokens, auctions } = target;
  const plan: LoadPlan = {
    port,
    path: PATH,
    protocol: BINARY_PROTOCOL,
    tokens,
    feed: true,
    auctionIds: auctions.ids,
    baseCents: START_CENTS,
    stepCents: STEP_CENTS,
    firstStep: auctions.nextStep,
    load: loop,
    warmupMs: bench.warmupMs,
    durationMs: bench.durationMs,
  };
  const main = pathOf('load/main.ts');
  const child = new Child('the load generator', process.execPath, [main], { output: true });
  bench.defer(() => child.kill());
  child.process.stdin?.end(JSON.stringify(plan));
  const result = await child.nextLine<LoadResult>();
  await child.exit();
  auctions.nextStep = result.nextStep;
  return result;
}

export interface LoadSummary extends Readonly<Record<string, unknown>> {
  readonly answersPerSecond: number;
  readonly acceptedPerSecond: number;
}

/** One run in short, for --json. */
export function summary(what: string, result: LoadResult): LoadSummary {
  const latency = Histogram.from(result.latencyUs);
  const lag = Histogram.from(result.sendLagUs);
  const ms = (us: number): number => us / 1000;
  return {
    what,
    answersPerSecond: Math.round(result.answersPerSecond),
    acceptedPerSecond: Math.round(result.acceptedPerSecond),
    answers: result.answers,
    accepted: result.accepted,
    refused: result.refused,
    pushes: result.pushes,
    unanswered: result.unanswered,
    p50Ms: ms(latency.percentile(50)),
    p99Ms: ms(latency.percentile(99)),
    p999Ms: ms(latency.percentile(99.9)),
    maxMs: ms(latency.max),
    sendLagP99Ms: ms(lag.percentile(99)),
    generatorCpuCores: Math.round(result.cpu.share * 100) / 100,
    generatorCpuUsPerAnswer: perAnswer(result),
  };
}

function perAnswer({ cpu, answers }: LoadResult): number {
  return Math.round(((cpu.userMs + cpu.systemMs) * 100_000) / Math.max(1, answers)) / 100;
}

/** One run as a line for a person who waits. */
export function told(what: string, result: LoadResult): string {
  const { answersPerSecond, accepted, answers, unanswered, cpu } = result;
  const latency = Histogram.from(result.latencyUs);
  const parts = [
    `${what}: ${Math.round(answersPerSecond).toLocaleString('en-US')} answers/s`,
    `${((accepted * 100) / Math.max(1, answers)).toFixed(1)} % accepted`,
    `p50 ${(latency.percentile(50) / 1000).toFixed(2)} ms`,
    `p99 ${(latency.percentile(99) / 1000).toFixed(2)} ms`,
    `generator ${Math.round(cpu.share * 100)} % of a core`,
  ];
  const refused = Object.entries(result.refused).map(([code, count]) => `${code}: ${count}`);
  if (refused.length > 0) parts.push(`refused ${refused.join(', ')}`);
  if (unanswered > 0) parts.push(`${unanswered} NOT ANSWERED`);
  return parts.join(', ');
}
