/** `gavel import FILE.jsonl`: recorded listings become auctions on a running server. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { CliError, onFile } from '../cli-error.ts';
import { declare, durationMs, wholeNumber } from '../command-line.ts';
import { EXIT } from '../exit-codes.ts';
import { readListings, scaledEnds } from '../import/recorded-listings.ts';
import type { Fault, RecordedListing } from '../import/recorded-listings.ts';
import { grouped, Progress } from '../progress.ts';
import { Refused, ServerApi } from '../server-api.ts';
import { signIn, withServerOptions } from '../sign-in.ts';
import type { ServerOptions } from '../sign-in.ts';
import type { Context, Terminal } from '../terminal.ts';
import { DAY_MS, HOUR_MS } from '../../config/limits.ts';

interface ImportOptions extends ServerOptions {
  readonly firstEndsIn: number;
  readonly lastEndsIn: number;
  readonly at: number;
  readonly strict?: true;
  readonly json?: true;
}

/** More of them than this are only counted. */
const SHOWN_MAX = 20;
const PAUSE_MS = 1_000;
const AT_DEFAULT = 16;
const AT_MAX = 256;

interface Tally {
  listed: number;
  known: number;
  readonly refused: { line: number; id: string; reason: string }[];
}

export function importCommand(context: Context): Command {
  const command = declare({
    name: 'import',
    summary: 'list recorded listings on a running server',
    description:
      'Lists each line of a file of JSON lines as an auction of its own seller; the ends keep their\n' +
      'order and proportion. Can be stopped and started again at any time: what was listed is known\n' +
      'by the id in the file and is not listed twice. A line holds:\n' +
      '  id, title, categories, startPrice, buyNowPrice, started, ends, seller, description, location,\n' +
      '  country, condition',
    examples: [
      'gavel import ebay-listings.jsonl',
      'gavel import ebay-listings.jsonl --first-ends-in 10m --last-ends-in 2d',
      'gavel import ebay-listings.jsonl --token TOKEN --url https://auctions.example.com',
    ],
    exitCodes: [
      '1   the server refused some listings',
      '2   with --strict: a line is malformed',
      '69  the server cannot be reached',
      '74  unreadable file',
      '75  no answer: start it again, and it goes on where it was',
    ],
  })
    .argument('<file>', 'file of JSON lines')
    .option(
      '--first-ends-in <duration>',
      'end of the first',
      durationMs('--first-ends-in'),
      HOUR_MS,
    )
    .option(
      '--last-ends-in <duration>',
      'end of the last',
      durationMs('--last-ends-in'),
      7 * DAY_MS,
    )
    .option('--at <count>', 'so many at a time', wholeNumber('--at', 1, AT_MAX), AT_DEFAULT)
    .option('--strict', 'list nothing when a line is malformed')
    .option('--json', 'print one JSON object');
  return withServerOptions(command, 'the seller of each line').action(
    (file: string, options: ImportOptions) => run(file, options, context),
  );
}

async function run(file: string, options: ImportOptions, context: Context): Promise<void> {
  const { terminal } = context;
  const path = resolve(terminal.folder, file);
  const { listings, faults } = readListings(onFile(path, () => readFileSync(path, 'utf8')));
  tell(terminal, file, faults, 'skipped');
  if (faults.length > 0 && options.strict === true) {
    context.exitCode = EXIT.usage;
    return terminal.err(`${faults.length} malformed line(s): nothing was listed.`);
  }
  const remarks = listings.flatMap(({ line, remarks: all }) =>
    all.map((reason) => ({ line, reason })),
  );
  tell(terminal, file, remarks, 'listed all the same');
  if (listings.length === 0) throw new CliError(EXIT.usage, `${file} has no listing`, LAYOUT);
  if (options.lastEndsIn < options.firstEndsIn) {
    const next = 'Give --last-ends-in a longer time than --first-ends-in.';
    throw new CliError(EXIT.usage, 'the last listing would end before the first', next);
  }
  const progress = new Progress(terminal, 'listings');
  const tally = await listAll(listings, options, terminal, progress).finally(() => progress.end());
  report({ file, listings: listings.length, faults: faults.length, tally }, options, terminal);
  if (tally.refused.length > 0) context.exitCode = EXIT.refused;
}

const LAYOUT = 'The layout of a line is described by: gavel import --help';

/** Some at a time, each under its own seller. */
async function listAll(
  listings: readonly RecordedListing[],
  options: ImportOptions,
  terminal: Terminal,
  progress: Progress,
): Promise<Tally> {
  const tally: Tally = { listed: 0, known: 0, refused: [] };
  const startedMs = Date.now();
  const ends = scaledEnds(listings, startedMs, options.firstEndsIn, options.lastEndsIn);
  const apis = new Map<string, Promise<ServerApi>>();
  const apiOf = (seller: string): Promise<ServerApi> => {
    const known = apis.get(seller);
    if (known !== undefined) return known;
    const api = signIn(options, terminal, seller, ['seller', 'bidder']).then(
      (server) => new ServerApi(server),
    );
    apis.set(seller, api);
    return api;
  };
  let next = 0;
  const interrupted = new AbortController();
  const offInterrupt = terminal.onInterrupt(() => interrupted.abort());
  const lane = async (): Promise<void> => {
    while (next < listings.length && !interrupted.signal.aborted) {
      const at = next++;
      const one = listings[at] as RecordedListing;
      const api = await apiOf(one.seller);
      await listOne(api, one, ends[at] as number, startedMs, tally, interrupted.signal);
      progress.at('listing', tally.listed + tally.known + tally.refused.length, listings.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.at }, lane));
  } finally {
    offInterrupt();
  }
  if (!interrupted.signal.aborted) return tally;
  const done = grouped(tally.listed + tally.known);
  throw new CliError(
    EXIT.interrupted,
    `stopped after ${done} of ${grouped(listings.length)} listings`,
    'Start it again with the same file, and it goes on from there.',
  );
}

async function listOne(
  api: ServerApi,
  { line, id, listing }: RecordedListing,
  endsAtMs: number,
  startedMs: number,
  tally: Tally,
  interrupted: AbortSignal,
): Promise<void> {
  while (!interrupted.aborted) {
    try {
      const answer = await api.list({ ...listing, endsAtMs }, nonceOf(id));
      if (Number(answer['listedAtMs']) < startedMs) tally.known += 1;
      else tally.listed += 1;
      return;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.exitCode === EXIT.refused) {
        tally.refused.push({ line, id, reason: error.message });
        return;
      }
      // The server asks for patience: many sellers sign in, or it is busy.
      await sleep(PAUSE_MS, undefined, { signal: interrupted }).catch(() => undefined);
    }
  }
}

/** The same for the same id, so that a second run lists nothing twice. */
function nonceOf(id: string): string {
  return `import-${createHash('sha256').update(id).digest('base64url').slice(0, 32)}`;
}

function tell(terminal: Terminal, file: string, faults: readonly Fault[], what: string): void {
  for (const { line, reason } of faults.slice(0, SHOWN_MAX)) {
    terminal.err(`${file} line ${line}: ${reason}; ${what}`);
  }
  const more = faults.length - SHOWN_MAX;
  if (more > 0) terminal.err(`${file}: ${more} more ${what}`);
}

interface Report {
  readonly file: string;
  readonly listings: number;
  readonly faults: number;
  readonly tally: Tally;
}

function report(
  { file, listings, faults, tally }: Report,
  options: ImportOptions,
  terminal: Terminal,
): void {
  const { listed, known, refused } = tally;
  if (options.json === true) {
    return terminal.out(
      JSON.stringify({ file, listings, malformed: faults, listed, known, refused }),
    );
  }
  for (const { line, id, reason } of refused.slice(0, SHOWN_MAX)) {
    terminal.err(`${file} line ${line} (${id}): ${reason}`);
  }
  const before = known === 0 ? '' : `, ${grouped(known)} were there already`;
  const not = refused.length === 0 ? '' : `, ${grouped(refused.length)} were refused`;
  terminal.out(`Listed ${grouped(listed)} of ${grouped(listings)}${before}${not}.`);
}
