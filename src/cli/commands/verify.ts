/** `gavel verify`: whether the stored data is whole, from the first record to the last. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { timeText } from '../auction-text.ts';
import { CliError } from '../cli-error.ts';
import { declare, wholeNumber } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { EXIT } from '../exit-codes.ts';
import { Progress, grouped } from '../progress.ts';
import type { ImageCheck } from '../../image/check-images.ts';
import type { AccountCheck } from '../inspection/account-check.ts';
import type { Checked } from '../inspection/check-shards.ts';
import type { Context, Terminal } from '../terminal.ts';

interface VerifyOptions extends ConfigOptions {
  readonly shard?: number;
  readonly json?: true;
  readonly receipt?: string;
  readonly keys?: string;
}

export function verifyCommand(context: Context): Command {
  const command = declare({
    name: 'verify',
    summary: 'check the log from its first record to its last',
    description:
      'Walks the log of every shard, and that of the accounts, from its first record: checksums,\n' +
      'hash chain, no holes. Applies every record again and compares the result with the stored\n' +
      'snapshot. Names the first record that does not fit; of images, the first file. Writes\n' +
      'nothing, and may run while the server does.\n' +
      'With DIR, a snapshot: whether each of its files is what its manifest says.\n' +
      'With --receipt: whether a receipt is genuine, and the log up to its record unchanged.',
    examples: [
      'gavel verify',
      'gavel verify /backup/gavel-monday',
      'gavel verify --data /var/lib/gavel --json',
      'gavel verify --receipt receipt.txt --keys keys.json',
    ],
    exitCodes: [
      '1   the receipt is not genuine, or the log contradicts it',
      '74  the data is damaged: the first bad record is named',
      '78  no data folder',
    ],
  })
    .argument('[dir]', 'folder made by gavel snapshot; without it the data folder is checked')
    .option('--shard <number>', 'only this shard', wholeNumber('--shard', 0, 1023))
    .option('--receipt <receipt>', 'check this receipt: its text, or a file that holds it')
    .option('--keys <file>', 'public keys as saved from GET /v1/keys, with --receipt')
    .option('--json', 'print one JSON object');
  return withDataOptions(command).action((dir: string | undefined, options: VerifyOptions) =>
    run(dir, options, context),
  );
}

async function run(
  dir: string | undefined,
  options: VerifyOptions,
  context: Context,
): Promise<void> {
  const { terminal } = context;
  const { settings } = configFrom(options, terminal);
  const folder = resolve(terminal.folder, dir ?? settings.data.folder);
  if (options.keys !== undefined && options.receipt === undefined) {
    const next = 'Name the receipt as well: gavel verify --receipt FILE --keys FILE';
    throw new CliError(EXIT.usage, '--keys goes with --receipt', next);
  }
  if (options.receipt !== undefined) return runReceipt(options.receipt, options, folder, context);
  const { isSnapshot } = await import('../../journal/check-snapshot.ts');
  if (dir !== undefined || isSnapshot(folder)) return runSnapshot(folder, options, context);
  const { shardIndexes } = await import('../inspection/shard-reading.ts');
  const startedMs = performance.now();
  const checks: Checked[] = [];
  for await (const check of checked(folder, shardIndexes(folder, options.shard), terminal)) {
    checks.push(check);
    if (options.json !== true) tell(check, terminal);
  }
  const tookMs = Math.round(performance.now() - startedMs);
  const isAll = options.shard === undefined;
  const accounts = isAll ? await checkTheAccounts(folder) : null;
  const images = isAll ? await checkTheImages(folder) : null;
  const decides = [...checks, ...(accounts === null ? [] : [accounts])];
  const isFit = decides.every(({ finding }) => finding === null);
  const ok = isFit && (images === null || images.finding === null);
  if (!ok) context.exitCode = EXIT.data;
  if (options.json === true) {
    return terminal.out(JSON.stringify({ folder, ok, tookMs, shards: checks, accounts, images }));
  }
  tellAccounts(accounts, terminal);
  tellImages(images, terminal);
  if (ok) {
    const records = checks.reduce((sum, each) => sum + each.records, 0);
    terminal.out(
      `All is well: ${grouped(records)} records in ${checks.length} shard(s) of ${folder}, ` +
        `${perSecond(records, tookMs)} records/s`,
    );
  } else if (!isFit) {
    terminal.err('Do not start a server on this folder. What can be done: gavel repair');
  }
}

/** @throws DamagedCopy, which names the file that differs */
async function runSnapshot(
  folder: string,
  options: VerifyOptions,
  context: Context,
): Promise<void> {
  const { terminal } = context;
  const { checkSnapshot } = await import('../../journal/check-snapshot.ts');
  const progress = new Progress(terminal, 'files');
  const manifest = await checkSnapshot(folder, ({ file, done, total }) =>
    progress.at(file, done, total),
  );
  progress.end();
  if (options.json === true) {
    return terminal.out(JSON.stringify({ folder, ok: true, snapshot: manifest }));
  }
  const { shards, files, takenAtMs } = manifest;
  for (const { index, seq, hash, atUs } of shards) {
    const at = atUs === 0 ? '' : ` of ${timeText(Math.floor(atUs / 1000))}`;
    terminal.out(`shard ${index}: head ${hash.slice(0, 32)} at record ${grouped(seq)}${at}`);
  }
  terminal.out(
    `All is well: ${files.length} files of the snapshot of ${timeText(takenAtMs)}, ${folder}`,
  );
}

async function runReceipt(
  receipt: string,
  { keys, json }: VerifyOptions,
  folder: string,
  context: Context,
): Promise<void> {
  const { terminal } = context;
  const { judgeReceipt, verdictText } = await import('../inspection/receipt-verdict.ts');
  const progress = new Progress(terminal, 'records');
  const input = { receipt, keys, folder, from: terminal.folder };
  const verdict = judgeReceipt(input, (seq, lastSeq) => progress.at('receipt', seq, lastSeq));
  progress.end();
  const { finding } = verdict;
  if (finding !== null) context.exitCode = EXIT.refused;
  if (json === true) terminal.out(JSON.stringify({ folder, ok: finding === null, ...verdict }));
  else if (finding === null) terminal.out(verdictText(verdict));
  else {
    terminal.err(`The receipt is genuine, and the log contradicts it (${finding.kind}):`);
    terminal.err(`  ${finding.what}`);
    terminal.err('Keep both: together they show what the server signed and what it has now.');
  }
}

async function checkTheAccounts(folder: string): Promise<AccountCheck | null> {
  const { checkAccounts } = await import('../inspection/account-check.ts');
  return checkAccounts(folder);
}

async function checkTheImages(folder: string): Promise<ImageCheck | null> {
  const { checkImages } = await import('../../image/check-images.ts');
  const { imageFiles } = await import('../../journal/image-files.ts');
  const files = imageFiles(folder);
  return checkImages(files.folder, files.indexFile);
}

function tellImages(check: ImageCheck | null, terminal: Terminal): void {
  if (check === null) return;
  const { images, badFiles, finding } = check;
  if (finding === null) return terminal.out(`images: ${grouped(images)}, all there`);
  const more = badFiles > 1 ? ` (and ${grouped(badFiles - 1)} more files)` : '';
  terminal.err(`images: DAMAGED. ${finding}${more}`);
  terminal.err(
    'Listings lack these pictures, nothing else is wrong with them. Copy the files back from a\n' +
      'restored snapshot, or have them uploaded again.',
  );
}

function tellAccounts(check: AccountCheck | null, terminal: Terminal): void {
  if (check === null) return;
  const { records, accounts, finding } = check;
  if (finding === null) {
    return terminal.out(`accounts: ${grouped(records)} records, ${grouped(accounts)} accounts`);
  }
  const where = finding.record > 0 ? `first bad record ${finding.record}: ` : '';
  terminal.err(`accounts: DAMAGED. ${where}${finding.what}`);
}

/** Shows how far they are while none has anything to say. */
async function* checked(
  folder: string,
  shards: readonly number[],
  terminal: Terminal,
): AsyncIterable<Checked> {
  const { checkShards } = await import('../inspection/check-shards.ts');
  const progress = new Progress(terminal, 'records');
  const show = (done: number, total: number): void => progress.at('checking', done, total);
  try {
    for await (const check of checkShards(folder, shards, show)) {
      progress.end();
      yield check;
    }
  } finally {
    progress.end();
  }
}

function perSecond(records: number, tookMs: number): string {
  return grouped(Math.round((records * 1000) / Math.max(1, tookMs)));
}

function tell(check: Checked, terminal: Terminal): void {
  const { shard, records, batches, auctions, users, tookMs, finding } = check;
  if (finding !== null) {
    const where = finding.record > 0 ? `first bad record ${finding.record}: ` : '';
    terminal.err(`shard ${shard}: DAMAGED. ${where}${finding.what}`);
    return;
  }
  terminal.out(
    `shard ${shard}: ${grouped(records)} records in ${grouped(batches)} batches, ` +
      `${grouped(auctions)} auctions, ${grouped(users)} users; ` +
      `${perSecond(records, tookMs)} records/s`,
  );
  terminal.out(`  head   ${check.headHash.slice(0, 32)} at record ${grouped(check.headSeq)}`);
  if (check.stateHash !== null) terminal.out(`  state  ${check.stateHash.slice(0, 32)}`);
  const compared = check.snapshotAuctions;
  terminal.out(
    compared > 0
      ? `  the snapshot of ${grouped(compared)} auctions says the same`
      : '  no snapshot yet; the log alone is enough',
  );
}
