/** `gavel project status|rebuild`: the read model behind search and lists, told by the logs. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Command } from 'commander';
import { lockDataFolder, readFolderMeta } from '../../journal/data-folder.ts';
import type { JournalReading } from '../../journal/sqlite-journal.ts';
import type { Projector } from '../../projection/projector.ts';
import { declare } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { grouped, Progress } from '../progress.ts';
import type { Context, Terminal } from '../terminal.ts';

type Options = ConfigOptions & { readonly json?: true };

/** Records of one transaction. */
const RECORDS_PER_TURN = 20_000;

export function projectCommand(context: Context): Command {
  return new Command('project')
    .summary('look after the lists and the search, which are made from the logs')
    .description(
      'Search, lists and recommendations come from a read model: a file that follows the logs and\n' +
        'can be made again from them at any time.',
    )
    .addCommand(statusCommand(context))
    .addCommand(rebuildCommand(context))
    .addHelpText('after', '\nExamples:\n  $ gavel project status\n  $ gavel project rebuild');
}

function statusCommand({ terminal }: Context): Command {
  const command = declare({
    name: 'status',
    summary: 'show how far the read model is behind each log',
    description: 'Writes nothing, and may run while the server does.',
    examples: ['gavel project status', 'gavel project status --json'],
    exitCodes: ['74  the data is damaged', '78  no data folder'],
  }).option('--json', 'print one JSON object');
  return withDataOptions(command).action((options: Options) => showStatus(options, terminal));
}

function rebuildCommand({ terminal }: Context): Command {
  const command = declare({
    name: 'rebuild',
    summary: 'throw the read model away and make it again from the logs',
    description:
      'Nobody loses anything: the read model holds nothing that is not in the logs. The server must\n' +
      'not run meanwhile; while it runs it keeps the read model by itself.',
    examples: ['gavel project rebuild', 'gavel project rebuild --data /var/lib/gavel'],
    exitCodes: [
      '74  the data is damaged',
      '75  a server uses the data folder',
      '78  no data folder',
    ],
  }).option('--json', 'print one JSON object');
  return withDataOptions(command).action((options: Options) => rebuild(options, terminal));
}

async function showStatus(options: Options, terminal: Terminal): Promise<void> {
  const folder = folderOf(options, terminal);
  const { shardIndexes, openLog } = await import('../inspection/shard-reading.ts');
  const watermarks = await readWatermarks(folder);
  const shards = shardIndexes(folder, undefined).map((shard) => {
    const log = openLog(folder, shard);
    const lastSeq = log?.head.seq ?? 0;
    log?.close();
    const seq = watermarks?.get(shard) ?? 0;
    return { shard, lastSeq, seq, behind: Math.max(0, lastSeq - seq) };
  });
  if (options.json === true) {
    terminal.out(JSON.stringify({ folder, exists: watermarks !== null, shards }));
    return;
  }
  if (watermarks === null) {
    terminal.out(`There is no read model in ${folder} yet: the server makes it when it starts.`);
    return;
  }
  for (const { shard, lastSeq, seq, behind } of shards) {
    const how = behind === 0 ? 'up to date' : `${grouped(behind)} records behind`;
    terminal.out(`shard ${shard}: ${how} (record ${grouped(seq)} of ${grouped(lastSeq)})`);
  }
}

async function rebuild(options: Options, terminal: Terminal): Promise<void> {
  const folder = folderOf(options, terminal);
  const meta = readFolderMeta(folder);
  const release = lockDataFolder(folder);
  try {
    const { openLog } = await import('../inspection/shard-reading.ts');
    const { Projector } = await import('../../projection/projector.ts');
    const file = await import('../../projection/read-model-file.ts');
    const path = file.readModelFile(folder);
    file.removeReadModel(path);
    const { db } = file.openReadModel(path, meta);
    const projector = new Projector(db, meta.shards);
    const progress = new Progress(terminal, 'records');
    let records = 0;
    for (let shard = 0; shard < meta.shards; shard++) {
      const log = openLog(folder, shard);
      if (log === null) continue;
      const showAt = (seq: number): void => progress.at(`shard ${shard}`, seq, log.head.seq);
      records += await project(projector, shard, log, showAt);
      log.close();
    }
    if (meta.accounts === true) records += await projectAccounts(projector, folder);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    progress.end();
    const tookMs = Math.round(progress.elapsedMs);
    if (options.json === true) terminal.out(JSON.stringify({ folder, records, tookMs }));
    else {
      const seconds = (tookMs / 1000).toFixed(1);
      terminal.out(`Made again from ${grouped(records)} records in ${seconds} s: ${path}`);
    }
  } finally {
    release();
  }
}

async function project(
  projector: Projector,
  shard: number,
  log: JournalReading,
  showAt: (seq: number) => void,
): Promise<number> {
  const { seqAfter } = await import('../../journal/seq.ts');
  let records = 0;
  for (;;) {
    const { seq } = projector.watermark(shard);
    if (seq >= log.head.seq) return records;
    records += projector.take(shard, log.scan(seqAfter(seq)), RECORDS_PER_TURN);
    showAt(projector.watermark(shard).seq);
    // So that Ctrl-C is heard: what is done so far stays, and the server goes on from there.
    await setImmediate();
  }
}

/** Behind the shards: what is watched was listed before. */
async function projectAccounts(projector: Projector, folder: string): Promise<number> {
  const { seqAfter } = await import('../../journal/seq.ts');
  const { readAccountStorage } = await import('../../journal/account-storage.ts');
  const { journal, keys } = readAccountStorage(folder);
  keys?.close();
  let records = 0;
  for (;;) {
    const { seq } = projector.accountsWatermark;
    if (seq >= journal.head.seq) break;
    records += projector.takeAccounts(journal.scan(seqAfter(seq)), RECORDS_PER_TURN);
    await setImmediate();
  }
  journal.close();
  return records;
}

/** By shard; null where there is no read model. */
async function readWatermarks(folder: string): Promise<ReadonlyMap<number, number> | null> {
  const { READ_MODEL, readModelFile } = await import('../../projection/read-model-file.ts');
  const { openForReading } = await import('../../journal/sqlite-connection.ts');
  const path = readModelFile(folder);
  if (!existsSync(path)) return null;
  const db = openForReading(path, READ_MODEL);
  try {
    const rows = db.prepare('SELECT shard, seq FROM watermark').raw().all();
    return new Map(rows as [number, number][]);
  } finally {
    db.close();
  }
}

function folderOf(options: Options, terminal: Terminal): string {
  const { settings } = configFrom(options, terminal);
  return resolve(terminal.folder, settings.data.folder);
}
