/** `gavel replay FILE.csv`: recorded eBay auctions through the real engine. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CliError, onFile } from '../cli-error.ts';
import { declare } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import { Progress } from '../progress.ts';
import { replay } from '../replay/play.ts';
import { NotARecording, readRecording } from '../replay/recorded-bids.ts';
import type { Fault, Recording } from '../replay/recorded-bids.ts';
import { reportText } from '../replay/report-text.ts';
import type { Context, Terminal } from '../terminal.ts';

interface ReplayOptions {
  readonly inferReserve?: true;
  readonly json?: true;
  readonly strict?: true;
}

/** More faults than this are only counted. */
const FAULTS_SHOWN_MAX = 20;

export function replayCommand(context: Context): Command {
  return declare({
    name: 'replay',
    summary: 'run recorded eBay auctions through the engine',
    description:
      'Runs recorded bids through the engine that serves live auctions, with a journal on disk and\n' +
      'an accelerated clock, and compares the closing prices with the recorded ones. The columns:\n' +
      '  auctionid,bid,bidtime,bidder,bidderrate,openbid,price,item,auction_type',
    examples: [
      'gavel replay ebay-bids.csv',
      'gavel replay ebay-bids.csv --infer-reserve',
      'gavel replay ebay-bids.csv --infer-reserve --json',
    ],
    exitCodes: [
      '2   not such a file; with --strict also: a row is malformed',
      '74  unreadable file',
    ],
  })
    .argument('<file>', 'CSV file')
    .option('--infer-reserve', 'second pass: give differing auctions a reserve of their price')
    .option('--json', 'print one JSON object')
    .option('--strict', 'exit with 2 when a row is malformed')
    .action((file: string, options: ReplayOptions) => run(file, options, context));
}

async function run(file: string, options: ReplayOptions, context: Context): Promise<void> {
  const { terminal } = context;
  const recording = recordingOf(file, terminal);
  const { faults, remarks } = recording;
  tell(terminal, file, faults, 'skipped');
  tell(terminal, file, remarks, 'taken');

  const { playThroughShard } = await import('../replay/shard-player.ts');
  const progress = new Progress(terminal, 'bids');
  const passes = options.inferReserve === true ? 2 : 1;
  // Not dead at once: the journal of the run lies in a temporary folder, which is removed.
  let interrupted = false;
  const offInterrupt = terminal.onInterrupt(() => (interrupted = true));
  const report = await replay(recording, passes === 2, playThroughShard, (done) => {
    if (interrupted) throw new CliError(EXIT.interrupted, 'stopped before the end');
    progress.at('replaying', done, recording.bids);
  }).finally(() => {
    offInterrupt();
    progress.end();
  });
  if (options.json === true) terminal.out(JSON.stringify(report));
  else {
    terminal.out(reportText(report));
    terminal.err(
      `${(progress.elapsedMs / 1000).toFixed(2)} s, ${progress.rate(recording.bids * passes)}`,
    );
  }
  if (options.strict === true && faults.length > 0) context.exitCode = EXIT.usage;
}

function tell(terminal: Terminal, file: string, faults: readonly Fault[], what: string): void {
  for (const { line, reason } of faults.slice(0, FAULTS_SHOWN_MAX)) {
    terminal.err(`${file} line ${line}: ${reason}; ${what}`);
  }
  const more = faults.length - FAULTS_SHOWN_MAX;
  if (more > 0) terminal.err(`${file}: ${more} more rows ${what}`);
}

function recordingOf(file: string, terminal: Terminal): Recording {
  const path = resolve(terminal.folder, file);
  const text = onFile(path, () => readFileSync(path, 'utf8'));
  try {
    return readRecording(text);
  } catch (error) {
    if (!(error instanceof NotARecording)) throw error;
    throw new CliError(EXIT.usage, `${file} is not a file of recorded bids`, error.message);
  }
}
