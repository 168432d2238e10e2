/**
 * `gavel sim`: the proof by simulation. The simulator stands in test/sim/, beside the sources and
 * not among them; an installation may leave it out.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { declare, wholeNumber } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import type { Context } from '../terminal.ts';

const SEED_MAX = Number.MAX_SAFE_INTEGER;

interface SimCommandOptions {
  readonly seed: number;
  readonly seeds: number;
  readonly without?: string;
  readonly clients?: number;
  readonly auctions?: number;
  readonly commands?: number;
  readonly faultyUs?: number;
  readonly trace?: true;
  readonly json?: true;
}

export function simCommand(context: Context): Command {
  return declare({
    name: 'sim',
    summary: 'prove it: thousands of simulated disasters, each under a seed',
    description:
      'Runs the real rules, shard, log, recovery and gateway with a simulated disk, clock,\n' +
      'network and clients in one thread. Each seed makes a small marketplace in which processes\n' +
      'are killed, the power fails, disks lie in wait, lines break and clocks step; then all is\n' +
      'calm, and everything must come right. A seed always goes the same way. A seed that fails is\n' +
      'made as small as it can be, and printed with the command to see it again.',
    examples: ['gavel sim', 'gavel sim --seeds 100000', 'gavel sim --seed 4711 --trace'],
    exitCodes: ['1  a seed failed', '130 Ctrl-C: the report is of the seeds until then'],
  })
    .option('--seed <n>', 'the first seed', wholeNumber('--seed', 0, SEED_MAX), 1)
    .option('--seeds <n>', 'how many, one after the other', wholeNumber('--seeds', 1, SEED_MAX))
    .option('--without <faults>', 'kinds of faults to leave out, with commas between them')
    .option('--clients <n>', 'at most so many', wholeNumber('--clients', 1, 1_000))
    .option('--auctions <n>', 'at most so many', wholeNumber('--auctions', 1, 1_000))
    .option('--commands <n>', 'at most so many', wholeNumber('--commands', 1, 1_000_000))
    .option('--faulty-us <n>', 'microseconds with faults', wholeNumber('--faulty-us', 1, SEED_MAX))
    .option('--trace', 'print what happened')
    .option('--json', 'print the report as one JSON object')
    .action((options: SimCommandOptions, command: Command) => {
      // One seed that is named is meant alone; without any, a good look.
      const isNamed = command.getOptionValueSource('seed') === 'cli';
      return simulate(context, { ...options, seeds: options.seeds ?? (isNamed ? 1 : SEEDS) });
    });
}

const SEEDS = 2_000;

/** What test/sim/main.ts offers; it is loaded by its address, because it is no part of the sources. */
interface Simulator {
  readonly FAULTS: readonly string[];
  runSeeds(options: {
    readonly seed: number;
    readonly seeds: number;
    readonly without: readonly string[];
    readonly clients?: number | undefined;
    readonly auctions?: number | undefined;
    readonly commands?: number | undefined;
    readonly faultyUs?: number | undefined;
    readonly trace: boolean;
    readonly print: (line: string) => void;
    readonly progress: (line: string) => void;
    readonly isStopped: () => boolean;
  }): Promise<SimReport>;
}

interface SimReport {
  readonly seeds: number;
  readonly seconds: number;
  readonly seedsPerMinute: number;
  readonly steps: number;
  readonly commands: number;
  readonly records: number;
  readonly injected: Readonly<Record<string, number>>;
  readonly failed: readonly number[];
}

async function simulate(context: Context, options: SimCommandOptions): Promise<void> {
  const { terminal } = context;
  const { FAULTS, runSeeds } = await simulator();
  const without = (options.without ?? '').split(',').map((name) => name.trim());
  const named = without.filter((name) => name !== '');
  const unknown = named.find((name) => !FAULTS.includes(name));
  if (unknown !== undefined) {
    const next = `There are: ${FAULTS.join(', ')}.`;
    throw new CliError(EXIT.usage, `there is no kind of fault "${unknown}"`, next);
  }
  let stopped = false;
  const offInterrupt = terminal.onInterrupt(() => {
    stopped = true;
  });
  const { seed, seeds, clients, auctions, commands, faultyUs } = options;
  const isJson = options.json === true;
  try {
    const report = await runSeeds({
      seed,
      seeds,
      without: named,
      clients,
      auctions,
      commands,
      faultyUs,
      trace: options.trace === true,
      print: (line) => (isJson ? terminal.err(line) : terminal.out(line)),
      progress: (line) => terminal.err(line),
      isStopped: () => stopped,
    });
    terminal.out(isJson ? JSON.stringify(report) : textOf(report, stopped));
    if (report.failed.length > 0) context.exitCode = EXIT.refused;
    else if (stopped) context.exitCode = EXIT.interrupted;
  } finally {
    offInterrupt();
  }
}

function textOf(report: SimReport, stopped: boolean): string {
  const { seeds, seconds, seedsPerMinute, steps, commands, records, injected, failed } = report;
  const count = (value: number): string => value.toLocaleString('en-US');
  const faults = Object.entries(injected).map(
    ([name, times]) => `  ${name.padEnd(18)} ${count(times).padStart(10)}`,
  );
  return [
    `${count(seeds)} seeds in ${seconds} s (${count(seedsPerMinute)} a minute)${stopped ? ', stopped early' : ''}`,
    `${count(steps)} simulated events, ${count(commands)} commands, ${count(records)} records`,
    'faults injected',
    ...faults,
    failed.length === 0 ? 'no failure' : `FAILED: ${failed.join(', ')}`,
  ].join('\n');
}

/** @throws CliError where the folder test/sim/ is not there */
async function simulator(): Promise<Simulator> {
  const place = join(import.meta.dirname, '..', '..', '..', 'test', 'sim', 'main.ts');
  if (!existsSync(place)) {
    const next = 'The simulator comes with the sources: run it from a clone of the repository.';
    throw new CliError(EXIT.usage, 'the folder test/sim/ is not here', next);
  }
  return (await import(pathToFileURL(place).href)) as Simulator;
}
