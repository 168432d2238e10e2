/** `gavel repair`: what can be made of a damaged data folder; with --execute it is done. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { RepairPlan } from '../repair/repair-plan.ts';
import type { Snapshots } from '../repair/usable-snapshots.ts';
import { isSnapshotName } from '../../journal/snapshot-names.ts';
import { CliError } from '../cli-error.ts';
import { collect, declare } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { EXIT } from '../exit-codes.ts';
import { quoted } from '../hints.ts';
import type { Context } from '../terminal.ts';

interface RepairOptions extends ConfigOptions {
  readonly from?: readonly string[];
  readonly execute?: true;
  readonly json?: true;
}

export function repairCommand(context: Context): Command {
  const command = declare({
    name: 'repair',
    summary: 'say what can be made of a damaged data folder, and do it',
    description:
      'Reads every log, and puts it together from what is whole in it and in snapshots: only\n' +
      'batches that carry on the hash chain count. Shows what is damaged, what comes back from\n' +
      'where, and what is lost: numbers, times and auctions. Changes nothing unless --execute is\n' +
      'given; then a whole new folder takes the place of the damaged one, which is kept beside it.\n' +
      'Stop the server first.',
    examples: [
      'gavel repair --from /backup/gavel-monday',
      'gavel repair --from /backup/gavel-monday --from /backup/gavel-sunday --execute',
    ],
    exitCodes: [
      '1   something is damaged, and --execute was not given',
      '74  it cannot be repaired from what is there',
      '75  a server uses the data folder',
    ],
  })
    .option(
      '--from <snapshot>',
      'a snapshot to take from, or several; else those of snapshots.folder',
      collect,
    )
    .option('--execute', 'do what the plan says')
    .option('--json', 'print one JSON object');
  return withDataOptions(command).action((options: RepairOptions) => run(options, context));
}

async function run(options: RepairOptions, context: Context): Promise<void> {
  const { terminal } = context;
  const { settings } = configFrom(options, terminal);
  const folder = resolve(terminal.folder, settings.data.folder);
  const { finishSwap } = await import('../../journal/folder-swap.ts');
  const { lockDataFolder } = await import('../../journal/data-folder.ts');
  const { openSnapshots } = await import('../repair/usable-snapshots.ts');
  const { ownMeta, planRepair } = await import('../repair/repair-plan.ts');
  finishSwap(folder);
  refuseStrangers(folder);
  const nowMs = Date.now();
  const own = resolve(terminal.folder, settings.snapshots.folder);
  const from = options.from?.map((each) => resolve(terminal.folder, each)) ?? snapshotsIn(own);
  const release = lockDataFolder(folder);
  let snapshots: Snapshots | null = null;
  try {
    snapshots = await openSnapshots(from, ownMeta(folder), `${folder}.repair-sources-${nowMs}`);
    const plan = await planRepair(folder, snapshots);
    await carryOut(plan, snapshots, { ...options, from, nowMs }, context);
  } finally {
    snapshots?.close();
    release();
  }
}

/** Whatever takes the place of a folder should better be asked for by whoever knows what that is. */
function refuseStrangers(folder: string): void {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  if (names.includes('gavel.json') || names.some((name) => /^shard-\d+$/.test(name))) return;
  throw new CliError(
    EXIT.configuration,
    `${folder} is no data folder, not even a damaged one`,
    'Name the right one with --data, or put a snapshot in place: gavel restore SNAPSHOT',
  );
}

/** Those that the server took by itself. */
function snapshotsIn(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter(isSnapshotName).map((name) => join(folder, name));
}

async function carryOut(
  plan: RepairPlan,
  { refused }: Snapshots,
  { execute, json, from = [], nowMs }: RepairOptions & { readonly nowMs: number },
  context: Context,
): Promise<void> {
  const { terminal } = context;
  const { folder, isDamaged } = plan;
  const { planJson, planLines } = await import('../repair/plan-text.ts');
  if (json !== true) {
    for (const { folder: each, why } of refused) terminal.err(`not used: ${each}: ${why}`);
    for (const line of planLines(plan)) terminal.out(line);
  }
  const isDone = isDamaged && execute === true;
  const { repairFolder } = await import('../repair/repair-folder.ts');
  const done = isDone ? await repairFolder(plan, nowMs) : null;
  if (isDamaged && !isDone) context.exitCode = EXIT.refused;
  if (json === true) {
    return terminal.out(JSON.stringify({ folder, ...planJson(plan), refused, done }));
  }
  if (done !== null) {
    terminal.out(`Repaired: ${folder} (epoch ${done.epoch})`);
    terminal.out(`The damaged folder is now ${done.setAside}`);
  } else if (!isDamaged) terminal.out(`All is well: there is nothing to repair in ${folder}`);
  else {
    const sources = from.map((each) => ` --from ${quoted(each)}`).join('');
    terminal.out(
      `Nothing was changed. To do it: gavel repair --data ${quoted(folder)}${sources} --execute`,
    );
    if (from.length === 0) terminal.out('With a snapshot less may be lost: --from SNAPSHOT');
  }
}
