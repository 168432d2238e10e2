/** `gavel inspect`: what the log holds: head, counts by kind, records as JSON lines. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ShardEvent } from '../../auction/events.ts';
import { auctionPath } from '../bid-command.ts';
import { CliError } from '../cli-error.ts';
import { declare, wholeNumber } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { EXIT } from '../exit-codes.ts';
import { Progress, grouped } from '../progress.ts';
import { timeText } from '../auction-text.ts';
import type { Context, Terminal } from '../terminal.ts';

interface InspectOptions extends ConfigOptions {
  readonly shard?: number;
  readonly records?: true;
  readonly from?: number;
  readonly to?: number;
  readonly auction?: string;
  readonly json?: true;
}

interface Summary {
  readonly shard: number;
  readonly headSeq: number;
  readonly headHash: string;
  readonly lastAtMs: number;
  readonly epoch: number;
  readonly batches: number;
  readonly bytes: number;
  readonly countsByKind: Readonly<Record<string, number>>;
}

const RECORD_MAX = Number.MAX_SAFE_INTEGER;

export function inspectCommand({ terminal }: Context): Command {
  const record = (name: string) => wholeNumber(name, 1, RECORD_MAX);
  const command = declare({
    name: 'inspect',
    summary: 'show what the log holds',
    description:
      'Shows the head and how many events of each kind a shard has, or with --records the records\n' +
      'themselves as JSON lines. Amounts are in minor units, times in microseconds since 1970.\n' +
      'Hidden maximums and reserves are among them: mind who reads it.',
    examples: [
      'gavel inspect',
      'gavel inspect --records --from 100 --to 120',
      'gavel inspect --records --auction ID',
    ],
    exitCodes: ['74  the data is damaged', '78  no data folder'],
  })
    .option('--shard <number>', 'only this shard', wholeNumber('--shard', 0, 1023))
    .option('--records', 'print the records as JSON lines')
    .option('--from <seq>', 'first record, with --records', record('--from'))
    .option('--to <seq>', 'last record, with --records', record('--to'))
    .option('--auction <id>', 'only records of this auction, with --records')
    .option('--json', 'print one JSON object');
  return withDataOptions(command).action((options: InspectOptions) => run(options, terminal));
}

/** What would otherwise silently print nothing, or everything. */
function checkOptions({ records, from, to, auction }: InspectOptions): void {
  const choice = Object.entries({ from, to, auction }).find(([, value]) => value !== undefined);
  if (records !== true && choice !== undefined) {
    const next = 'Give --records as well.';
    throw new CliError(EXIT.usage, `--${choice[0]} chooses among records`, next);
  }
  if (from !== undefined && to !== undefined && from > to) {
    throw new CliError(EXIT.usage, `there are no records from ${from} to ${to}`, 'Exchange them.');
  }
  if (auction !== undefined) auctionPath(auction);
}

async function run(options: InspectOptions, terminal: Terminal): Promise<void> {
  checkOptions(options);
  const { settings } = configFrom(options, terminal);
  const folder = resolve(terminal.folder, settings.data.folder);
  const { shardIndexes } = await import('../inspection/shard-reading.ts');
  const summaries: Summary[] = [];
  for (const index of shardIndexes(folder, options.shard)) {
    if (options.records === true) await printRecords(folder, index, options, terminal);
    else summaries.push(await summarise(folder, index, terminal));
  }
  if (options.records === true) return;
  if (options.json === true) terminal.out(JSON.stringify({ folder, shards: summaries }));
  else for (const summary of summaries) terminal.out(summaryText(summary));
}

interface Visited {
  readonly seq: number;
  readonly epoch: number;
  readonly event: ShardEvent;
  readonly batch: { readonly firstSeq: number; readonly bytes: Uint8Array };
}

/** Every record of a shard from `from` on; `head` is told first. */
async function* recordsOf(folder: string, index: number, from: number): AsyncIterable<Visited> {
  const { openLog } = await import('../inspection/shard-reading.ts');
  const { readRecordWith } = await import('../../journal/record.ts');
  const { MsgpackReader } = await import('../../lib/msgpack-reader.ts');
  const { seqAfter, SEQ_NONE } = await import('../../journal/seq.ts');
  const log = openLog(folder, index);
  if (log === null) return;
  const reader = new MsgpackReader();
  try {
    for (const batch of log.scan(seqAfter(SEQ_NONE, from))) {
      for (let i = 0; i < batch.count; i++) {
        const seq = seqAfter(batch.firstSeq, i);
        if (seq < from) continue;
        const [start, end] = [batch.offsets[i] ?? 0, batch.offsets[i + 1] ?? 0];
        const event = readRecordWith(reader, batch.bytes, start, end);
        yield { seq, epoch: batch.epoch, event, batch };
      }
    }
  } finally {
    log.close();
  }
}

async function printRecords(
  folder: string,
  index: number,
  options: InspectOptions,
  terminal: Terminal,
): Promise<void> {
  const { from = 1, to = RECORD_MAX, auction } = options;
  // The number of an auction stands in its first record, so a search for one starts there.
  const start = auction === undefined ? from : 1;
  let ref: number | undefined;
  for await (const { seq, epoch, event } of recordsOf(folder, index, start)) {
    if (seq > to) return;
    if (event.kind === 'AuctionListed' && event.id === auction) ref = event.auction;
    if (seq < from) continue;
    if (auction !== undefined && !concerns(event, ref, auction)) continue;
    terminal.out(JSON.stringify({ shard: index, seq, epoch, ...event }));
  }
}

function concerns(event: ShardEvent, ref: number | undefined, id: string): boolean {
  if (event.kind === 'StrayBidRefused') return event.auctionId === id;
  return event.kind !== 'UserIntroduced' && event.auction === ref;
}

async function summarise(folder: string, index: number, terminal: Terminal): Promise<Summary> {
  const { openLog } = await import('../inspection/shard-reading.ts');
  const log = openLog(folder, index);
  const headSeq = log?.head.seq ?? 0;
  const headHash = log === null ? '' : Buffer.from(log.head.hash).toString('hex');
  const lastAtMs = Math.floor((log?.lastAtUs ?? 0) / 1000);
  log?.close();
  const countsByKind: Record<string, number> = {};
  const progress = new Progress(terminal, 'records');
  let [batches, bytes, epoch, batchSeq] = [0, 0, 0, -1];
  for await (const visited of recordsOf(folder, index, 1)) {
    const { event, batch } = visited;
    countsByKind[event.kind] = (countsByKind[event.kind] ?? 0) + 1;
    if (batch.firstSeq === batchSeq) continue;
    batchSeq = batch.firstSeq;
    batches += 1;
    bytes += batch.bytes.length;
    epoch = visited.epoch;
    progress.at(`shard ${index}`, visited.seq, headSeq);
  }
  progress.end();
  return { shard: index, headSeq, headHash, lastAtMs, epoch, batches, bytes, countsByKind };
}

function summaryText(summary: Summary): string {
  const { shard, headSeq, headHash, lastAtMs, epoch, batches, bytes, countsByKind } = summary;
  if (headSeq === 0) return `shard ${shard}: empty`;
  const kinds = Object.entries(countsByKind).sort(([, a], [, b]) => b - a);
  const width = Math.max(...kinds.map(([kind]) => kind.length));
  return [
    `shard ${shard}: ${grouped(headSeq)} records in ${grouped(batches)} batches, ${grouped(bytes)} bytes, epoch ${epoch}`,
    `  head  ${headHash.slice(0, 32)} at ${timeText(lastAtMs)}`,
    ...kinds.map(([kind, count]) => `  ${kind.padEnd(width)}  ${grouped(count)}`),
  ].join('\n');
}
