/** `gavel restore DIR`: a copy made with `gavel snapshot` becomes the data folder. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { declare } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { Progress, grouped } from '../progress.ts';
import type { Context, Terminal } from '../terminal.ts';

interface RestoreOptions extends ConfigOptions {
  readonly force?: true;
  readonly json?: true;
}

export function restoreCommand({ terminal }: Context): Command {
  const command = declare({
    name: 'restore',
    summary: 'put a copy back as the data folder',
    description:
      'Checks the copy against its manifest and puts it in place. A data folder that is there\n' +
      'already is only replaced with --force, and then renamed, never deleted. The epoch is raised:\n' +
      'clients notice that history may have been rewound. Stop the server first.',
    examples: [
      'gavel restore /backup/gavel-monday',
      'gavel restore /backup/gavel-monday --data /var/lib/gavel --force',
    ],
    exitCodes: [
      '74  the copy is damaged or cannot be read',
      '75  a server uses the data folder',
      '78  the data folder is not empty (see --force)',
    ],
  })
    .argument('<dir>', 'folder made by gavel snapshot')
    .option('--force', 'replace a data folder that is there; it is renamed')
    .option('--json', 'print one JSON object');
  return withDataOptions(command).action((dir: string, options: RestoreOptions) =>
    run(dir, options, terminal),
  );
}

async function run(dir: string, options: RestoreOptions, terminal: Terminal): Promise<void> {
  const { settings } = configFrom(options, terminal);
  const snapshot = resolve(terminal.folder, dir);
  const target = resolve(terminal.folder, settings.data.folder);
  const { restoreFolder } = await import('../../journal/copy-folder.ts');
  const progress = new Progress(terminal, 'files');
  const { manifest, epoch, setAside } = await restoreFolder(snapshot, target, {
    force: options.force === true,
    nowMs: Date.now(),
    onProgress: ({ file, done, total }) => progress.at(file, done, total),
  });
  progress.end();
  const records = manifest.shards.reduce((sum, shard) => sum + shard.seq, 0);
  if (options.json === true) {
    return terminal.out(JSON.stringify({ snapshot, target, epoch, records, setAside }));
  }
  const taken = new Date(manifest.takenAtMs).toISOString();
  terminal.out(
    `Restored ${grouped(records)} records, taken ${taken}, to ${target} (epoch ${epoch})`,
  );
  if (setAside !== null) terminal.out(`The former data folder is now ${setAside}`);
  terminal.out(`Start the server: gavel serve --data ${target}`);
}
