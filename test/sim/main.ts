/**
 * `gavel sim`: runs seeds, tells how many and what went wrong on purpose, and for a failing seed the
 * smallest world in which it still fails, what happened there, and the command to see it again.
 */
import type { Fault, Limits } from './plan.ts';
import { FAULTS, planOf } from './plan.ts';
import { shrink } from './shrink.ts';
import type { Outcome } from './simulation.ts';
import { simulate } from './simulation.ts';

export interface SimOptions extends Limits {
  /** The first seed; then one after the other. */
  readonly seed: number;
  readonly seeds: number;
  /** Print what happened, also where nothing failed. */
  readonly trace: boolean;
  readonly print: (line: string) => void;
  readonly progress: (line: string) => void;
  /** Looked at between seeds. */
  readonly isStopped: () => boolean;
}

export interface SimReport {
  readonly seeds: number;
  readonly seconds: number;
  readonly seedsPerMinute: number;
  readonly steps: number;
  readonly commands: number;
  readonly records: number;
  readonly injected: Readonly<Record<string, number>>;
  readonly failed: readonly number[];
}

export { FAULTS } from './plan.ts';

const PROGRESS_MS = 2_000;
const TRACE_LINES = 60;
const FAILED_MAX = 5;

export async function runSeeds(options: SimOptions): Promise<SimReport> {
  const startedMs = performance.now();
  const { seed: first, seeds, print, progress, isStopped } = options;
  const injected = new Map<Fault, number>(FAULTS.map((fault) => [fault, 0]));
  const sums = { seeds: 0, steps: 0, commands: 0, records: 0 };
  const failed: number[] = [];
  let toldMs = startedMs;
  for (let seed = first; seed < first + seeds && !isStopped(); seed++) {
    const outcome = await simulate(planOf(seed, options));
    sums.seeds += 1;
    sums.steps += outcome.steps;
    sums.commands += outcome.commands;
    sums.records += outcome.records;
    for (const [fault, count] of outcome.injected) {
      injected.set(fault, (injected.get(fault) ?? 0) + count);
    }
    if (outcome.violations.length > 0) {
      failed.push(seed);
      await explain(seed, outcome, options);
      if (failed.length === FAILED_MAX) break;
    } else if (options.trace) print([...outcome.trace, `trace ${outcome.traceHash}`].join('\n'));
    if (performance.now() - toldMs > PROGRESS_MS) {
      toldMs = performance.now();
      progress(`${sums.seeds} of ${seeds} seeds, ${failed.length} failed`);
    }
  }
  const seconds = (performance.now() - startedMs) / 1000;
  return {
    ...sums,
    seconds: Math.round(seconds * 10) / 10,
    seedsPerMinute: Math.round((sums.seeds * 60) / seconds),
    injected: Object.fromEntries(injected),
    failed,
  };
}

async function explain(seed: number, outcome: Outcome, options: SimOptions): Promise<void> {
  const { print } = options;
  print(`seed ${seed} FAILED: ${outcome.violations[0] ?? ''}`);
  const { without, clients, auctions, commands, faultyUs } = options;
  const limits = { without: without ?? [], clients, auctions, commands, faultyUs };
  const smallest = await shrink(seed, { limits, outcome }, (plan) => simulate(plan));
  const { trace, violations } = smallest.outcome;
  print(trace.slice(-TRACE_LINES).join('\n'));
  for (const violation of violations) print(`  ${violation}`);
  print(`again: gavel sim --seed ${seed}${flagsOf(smallest.limits)} --trace`);
}

function flagsOf({ without = [], clients, auctions, commands, faultyUs }: Limits): string {
  const flags = without.length > 0 ? ` --without "${without.join(',')}"` : '';
  const numbers = { clients, auctions, commands, 'faulty-us': faultyUs };
  return Object.entries(numbers).reduce(
    (text, [name, value]) => (value === undefined ? text : `${text} --${name} ${value}`),
    flags,
  );
}
