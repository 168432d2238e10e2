/**
 * `gavel bench`: measures this machine. The programs that do it stand in bench/, beside the
 * sources and not among them; an installation may leave them out.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { declare, wholeNumber } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import type { Context } from '../terminal.ts';

interface BenchCommandOptions {
  readonly scenario?: string;
  readonly runs: number;
  readonly seconds: number;
  readonly bids: number;
  readonly auctions: number;
  readonly folder?: string;
  readonly profile?: true;
  readonly check?: true;
  readonly json?: true;
}

export function benchCommand(context: Context): Command {
  return declare({
    name: 'bench',
    summary: 'measure this machine and compare',
    description:
      'Starts servers and a load generator on this machine, on 127.0.0.1 only, and measures:\n' +
      '  core     durable answers per second, and the limits of the machine\n' +
      '  latency  at 58,000 bids/s, from the scheduled time\n' +
      "  redis    side by side with the seed's design (needs redis-server, and npm ci in bench/)\n" +
      '  restart  time to ready after a kill\n' +
      '  verify   how fast gavel verify reads a log\n' +
      '  snapshot of a million live auctions, while bids come\n' +
      '  bytes    of an update on the wire\n' +
      '  fanout   10,000 watchers of one auction (its peers need npm ci in bench/)\n' +
      '  connections\n' +
      '           15,000 of them: their memory, and what they cost a bid\n' +
      '  overload 1, 2, 5 and 10 times what the server can take, and back\n' +
      '  search   among a million listings, while prices change\n' +
      '  hot      what one busy auction costs the others\n' +
      '  http     reads of an auction over REST (needs npm ci in bench/)\n' +
      '  million  live auctions: memory, starts, and a tenth of them ending in one second\n' +
      'Close other programs first. All together, three runs of each, take about an hour.',
    examples: [
      'gavel bench',
      'gavel bench core latency',
      'gavel bench core --runs 1 --profile',
      'gavel bench --json > figures.json',
    ],
    exitCodes: ['1  with --check: a figure misses its target'],
  })
    .argument('[scenarios...]', 'which to run (default: all)')
    .option('--scenario <names>', 'the same as arguments: one, or several with commas')
    .option('--runs <n>', 'runs of each figure; the median counts', wholeNumber('--runs', 1, 99), 3)
    .option('--seconds <n>', 'measured time of a run', wholeNumber('--seconds', 1, 600), 8)
    .option(
      '--bids <n>',
      'bids in the log before the restart',
      wholeNumber('--bids', 1, 100_000_000),
      1_000_000,
    )
    .option(
      '--auctions <n>',
      'live auctions where there are very many',
      wholeNumber('--auctions', 1_000, 10_000_000),
      1_000_000,
    )
    .option('--folder <dir>', 'where data is written, on the disk to be measured')
    .option('--profile', 'show where the threads of the server spend their time (slows it down)')
    .option('--check', 'fail when a figure misses its target')
    .option('--json', 'print every figure as one JSON object')
    .action((names: readonly string[], options: BenchCommandOptions) =>
      measure(context, [...names, ...(options.scenario?.split(',') ?? [])], options),
    );
}

/** What bench/main.ts offers; it is loaded by its address, because it is not part of the sources. */
interface Benchmark {
  readonly scenarios: readonly string[];
  run(names: readonly string[]): Promise<{
    readonly report: object;
    readonly text: string;
    readonly missed: boolean;
  }>;
  /** Ends what was started and removes what was written. */
  cleanUp(): Promise<void>;
}
type CreateBenchmark = (options: {
  readonly runs: number;
  readonly durationMs: number;
  readonly loggedBids: number;
  readonly liveAuctions: number;
  readonly folder: string | null;
  readonly profile: boolean;
  readonly say: (line: string) => void;
}) => Benchmark;

async function measure(
  context: Context,
  names: readonly string[],
  options: BenchCommandOptions,
): Promise<void> {
  const { terminal } = context;
  const createBenchmark = await program();
  const benchmark = createBenchmark({
    runs: options.runs,
    durationMs: options.seconds * 1000,
    loggedBids: options.bids,
    liveAuctions: options.auctions,
    folder: options.folder === undefined ? null : resolve(terminal.folder, options.folder),
    profile: options.profile === true,
    say: (line) => terminal.err(line),
  });
  const unknown = names.find((name) => !benchmark.scenarios.includes(name));
  if (unknown !== undefined) {
    const next = `There are: ${benchmark.scenarios.join(', ')}.`;
    throw new CliError(EXIT.usage, `there is no scenario "${unknown}"`, next);
  }
  const offInterrupt = terminal.onInterrupt(() => {
    void benchmark.cleanUp().finally(() => process.exit(EXIT.interrupted));
  });
  try {
    const { report, text, missed } = await benchmark.run(names);
    terminal.out(options.json === true ? JSON.stringify(report, null, 2) : text);
    if (options.check === true && missed) context.exitCode = EXIT.refused;
  } finally {
    offInterrupt();
  }
}

/** @throws CliError where the folder bench/ is not there */
async function program(): Promise<CreateBenchmark> {
  const place = join(import.meta.dirname, '..', '..', '..', 'bench', 'main.ts');
  if (!existsSync(place)) {
    const next = 'The benchmark comes with the sources: run it from a clone of the repository.';
    throw new CliError(EXIT.usage, 'the folder bench/ is not here', next);
  }
  const { createBenchmark } = (await import(pathToFileURL(place).href)) as {
    createBenchmark: CreateBenchmark;
  };
  return createBenchmark;
}
