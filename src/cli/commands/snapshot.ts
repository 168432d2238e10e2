/** `gavel snapshot DIR`: a copy of the data folder, also while the server runs. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { SNAPSHOT_KEEPER } from '../../config/limits.ts';
import { declare } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { Progress, grouped } from '../progress.ts';
import { programVersion } from '../../lib/version.ts';
import type { Context, Terminal } from '../terminal.ts';

interface SnapshotOptions extends ConfigOptions {
  readonly json?: true;
}

export function snapshotCommand({ terminal }: Context): Command {
  const command = declare({
    name: 'snapshot',
    summary: 'copy the data folder, also while the server runs',
    description:
      'Copies journals, snapshots and keys into a new folder, compressed, with a manifest of\n' +
      'checksums. The folder gets its name last: an interrupted snapshot is DIR.taking-… and can be\n' +
      'deleted. The server may go on meanwhile.\n' +
      'It holds the signing key: keep it as safe as the data folder.',
    examples: [
      'gavel snapshot /backup/gavel-monday',
      'gavel snapshot /backup/gavel-monday --data /var/lib/gavel --json',
    ],
    exitCodes: ['74  files cannot be read or written', '78  no data folder, or DIR is not empty'],
  })
    .argument('<dir>', 'new or empty folder')
    .option('--json', 'print one JSON object');
  return withDataOptions(command).action((dir: string, options: SnapshotOptions) =>
    run(dir, options, terminal),
  );
}

async function run(dir: string, options: SnapshotOptions, terminal: Terminal): Promise<void> {
  const { settings } = configFrom(options, terminal);
  const source = resolve(terminal.folder, settings.data.folder);
  const target = resolve(terminal.folder, dir);
  const { snapshotFolder } = await import('../../journal/snapshot-folder.ts');
  // Mostly there is a server beside it, and its bids go first.
  terminal.giveWay(SNAPSHOT_KEEPER.niceness);
  const progress = new Progress(terminal, 'files');
  const { shards, files, epoch } = await snapshotFolder(source, target, {
    nowMs: Date.now(),
    server: programVersion(),
    onProgress: ({ file, done, total }) => progress.at(file, done, total),
  });
  progress.end();
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const storedBytes = files.reduce((sum, file) => sum + file.storedBytes, 0);
  const records = shards.reduce((sum, shard) => sum + shard.seq, 0);
  if (options.json === true) {
    const report = { source, target, epoch, records, bytes, storedBytes, shards };
    return terminal.out(JSON.stringify(report));
  }
  terminal.out(
    `Copied ${grouped(records)} records (${files.length} files, ${grouped(bytes)} bytes, ` +
      `compressed ${grouped(storedBytes)}) to ${target}`,
  );
  terminal.out(`Check it:      gavel verify ${target}`);
  terminal.out(`Put it back:   gavel restore ${target} --data ${source} --force`);
}
