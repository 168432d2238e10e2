/** `gavel reshard --to N`: another number of shards for a data folder; with --execute it is done. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { SHARDS } from '../../config/limits.ts';
import type { ReshardPlan, Resharded } from '../reshard/reshard-folder.ts';
import { declare, wholeNumber } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { quoted } from '../hints.ts';
import { Progress, grouped } from '../progress.ts';
import type { Context, Terminal } from '../terminal.ts';

interface ReshardOptions extends ConfigOptions {
  readonly to: number;
  readonly execute?: true;
  readonly json?: true;
}

const MB = 1 << 20;

export function reshardCommand({ terminal }: Context): Command {
  const command = declare({
    name: 'reshard',
    summary: 'give a data folder another number of shards',
    description:
      'Deals every record out anew: an auction and all that happened on it goes to the shard that\n' +
      'owns it among N. Says what there is to do and changes nothing, unless --execute is given;\n' +
      'then a whole new folder is made beside the old one, verified, and takes its place. The old\n' +
      'one is kept: receipts and reports of before are checked against it. The epoch is raised, so\n' +
      'clients start over from a snapshot of each auction. Stop the server first.',
    examples: ['gavel reshard --to 8', 'gavel reshard --to 8 --execute'],
    exitCodes: [
      '74  the data is damaged, or the disk has no room for a second folder',
      '75  a server uses the data folder',
      '78  no data folder, or one that cannot be renamed',
    ],
  })
    .requiredOption(
      '--to <shards>',
      'how many shards it will have',
      wholeNumber('--to', 1, SHARDS.countMax),
    )
    .option('--execute', 'do it')
    .option('--json', 'print one JSON object');
  return withDataOptions(command).action((options: ReshardOptions) => run(options, terminal));
}

async function run(options: ReshardOptions, terminal: Terminal): Promise<void> {
  const { settings } = configFrom(options, terminal);
  const folder = resolve(terminal.folder, settings.data.folder);
  const { finishSwap } = await import('../../journal/folder-swap.ts');
  const { lockDataFolder, readFolderMeta } = await import('../../journal/data-folder.ts');
  const { planReshard, reshardFolder } = await import('../reshard/reshard-folder.ts');
  finishSwap(folder);
  // Before the lock, which would make a file in whatever folder was named.
  readFolderMeta(folder);
  const release = lockDataFolder(folder);
  try {
    const plan = planReshard(folder, options.to);
    if (options.json !== true) tellPlan(plan, terminal);
    if (options.execute !== true) return tellHow(plan, options, terminal);
    const progress = new Progress(terminal, 'records');
    const done = await reshardFolder(plan, Date.now(), (what, at, total) =>
      progress.at(what, at, total),
    );
    progress.end();
    if (options.json === true) terminal.out(JSON.stringify({ ...plan, done }));
    else tellDone(plan, done, terminal);
  } finally {
    release();
  }
}

function tellPlan({ folder, from, to, records, ...bytes }: ReshardPlan, terminal: Terminal): void {
  terminal.out(`${folder}: ${from} shards, ${grouped(records)} records; to have ${to} shards`);
  terminal.out(
    `  takes about ${grouped(Math.ceil(bytes.needsBytes / MB))} MB beside it, ` +
      `of ${grouped(Math.floor(bytes.freeBytes / MB))} MB that are free`,
  );
}

function tellHow(plan: ReshardPlan, { json }: ReshardOptions, terminal: Terminal): void {
  if (json === true) return terminal.out(JSON.stringify({ ...plan, done: null }));
  const { folder, to } = plan;
  terminal.out(
    `Nothing was changed. To do it: gavel reshard --data ${quoted(folder)} --to ${to} --execute`,
  );
}

function tellDone({ folder }: ReshardPlan, done: Resharded, terminal: Terminal): void {
  const { records, auctions, epoch, setAside } = done;
  for (const [index, count] of records.entries()) {
    terminal.out(`  shard ${index}: ${grouped(count)} records`);
  }
  terminal.out(`${grouped(auctions)} auctions moved and verified: ${folder} (epoch ${epoch})`);
  terminal.out(`The old folder is now ${setAside}: keep it for receipts and reports of before.`);
  terminal.out('Take a snapshot now (gavel snapshot DIR): older ones have the old shards.');
}
