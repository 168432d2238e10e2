/** `gavel restore DIR`: a snapshot made with `gavel snapshot` becomes the data folder. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Restored, RestoredShard } from '../../journal/restore-folder.ts';
import type { Until } from '../../journal/log-cut.ts';
import { timeText } from '../auction-text.ts';
import { CliError } from '../cli-error.ts';
import { declare } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { EXIT } from '../exit-codes.ts';
import { Progress, grouped } from '../progress.ts';
import type { Context, Terminal } from '../terminal.ts';

interface RestoreOptions extends ConfigOptions {
  readonly force?: true;
  readonly until?: Until;
  readonly json?: true;
}

export function restoreCommand({ terminal }: Context): Command {
  const command = declare({
    name: 'restore',
    summary: 'put a snapshot back as the data folder',
    description:
      'Checks the snapshot against its manifest and puts it in place. A data folder that is there\n' +
      'already is only replaced with --force, and then renamed, never deleted. The epoch is raised:\n' +
      'clients notice that history may have been rewound. Stop the server first.\n' +
      'With --until what was committed later is left out: a time cuts every shard, SHARD:SEQ only\n' +
      'that one. Batches stay whole: what was committed together with a later record goes with it.',
    examples: [
      'gavel restore /backup/gavel-monday',
      'gavel restore /backup/gavel-monday --data /var/lib/gavel --force',
      'gavel restore /backup/gavel-monday --until 2026-03-01T11:59:00Z',
      'gavel restore /backup/gavel-monday --until 0:120000 --data /tmp/before-the-mistake',
    ],
    exitCodes: [
      '74  the snapshot is damaged or cannot be read',
      '75  a server uses the data folder',
      '78  the data folder is not empty (see --force)',
    ],
  })
    .argument('<dir>', 'folder made by gavel snapshot')
    .option('--force', 'replace a data folder that is there; it is renamed')
    .option('--until <moment>', 'leave out what is later: a time, or SHARD:SEQ', parseUntil)
    .option('--json', 'print one JSON object');
  return withDataOptions(command).action((dir: string, options: RestoreOptions) =>
    run(dir, options, terminal),
  );
}

/** `2026-03-01T11:59:00Z` or `0:120000`. @throws CliError */
function parseUntil(text: string): Until {
  const place = /^(\d{1,4}):(\d{1,15})$/.exec(text);
  if (place !== null) return { shard: Number(place[1]), seq: Number(place[2]) };
  // Without a zone it would be another moment on another machine.
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const atMs = isTime ? Date.parse(text) : Number.NaN;
  if (Number.isSafeInteger(atMs)) return { atUs: atMs * 1000 };
  throw new CliError(
    EXIT.usage,
    `--until must be a time with its zone or SHARD:SEQ, not "${text}"`,
    'Write it like 2026-03-01T11:59:00Z, or like 0:120000 (gavel inspect shows the numbers).',
  );
}

async function run(dir: string, options: RestoreOptions, terminal: Terminal): Promise<void> {
  const { settings } = configFrom(options, terminal);
  const snapshot = resolve(terminal.folder, dir);
  const target = resolve(terminal.folder, settings.data.folder);
  const { restoreFolder } = await import('../../journal/restore-folder.ts');
  const progress = new Progress(terminal, 'files');
  const restored = await restoreFolder(snapshot, target, {
    force: options.force === true,
    until: options.until ?? null,
    nowMs: Date.now(),
    onProgress: ({ file, done, total }) => progress.at(file, done, total),
  });
  progress.end();
  const { epoch, shards, setAside } = restored;
  if (options.json === true) {
    const records = recordsOf(shards);
    return terminal.out(JSON.stringify({ snapshot, target, epoch, records, shards, setAside }));
  }
  tell(restored, target, terminal);
  if (options.until !== undefined) tellCut(shards, terminal);
  terminal.out(`Start the server: gavel serve --data ${target}`);
}

function tell(
  { manifest, epoch, shards, setAside }: Restored,
  target: string,
  terminal: Terminal,
): void {
  const taken = new Date(manifest.takenAtMs).toISOString();
  terminal.out(
    `Restored ${grouped(recordsOf(shards))} records, taken ${taken}, to ${target} (epoch ${epoch})`,
  );
  if (setAside !== null) terminal.out(`The former data folder is now ${setAside}`);
}

function tellCut(shards: readonly RestoredShard[], terminal: Terminal): void {
  for (const { index, seq, atUs, cut } of shards) {
    const end = atUs === 0 ? '' : ` of ${timeText(Math.floor(atUs / 1000))}`;
    terminal.out(`  shard ${index} ends with record ${grouped(seq)}${end}; ${grouped(cut)} cut`);
  }
}

function recordsOf(shards: readonly RestoredShard[]): number {
  return shards.reduce((sum, { seq }) => sum + seq, 0);
}
