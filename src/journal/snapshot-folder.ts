/**
 * Takes a snapshot of a whole data folder, also while a server runs on it. It is made under a
 * temporary name and renamed once everything in it is durable, so that what has the name of a
 * snapshot is one:
 *
 *   DIR.taking-N/   state ──▶ log ──▶ head (of the copied log) ──▶ accounts, images, keys ──▶ gavel.json
 *                   each written, packed and hashed in turn ──▶ manifest.json ──▶ renamed to DIR
 *
 * The state is copied before the log: rows of state must never be newer than the log. The table of
 * images is copied before their files, which are written before it.
 */
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CopyProgress } from './check-snapshot.ts';
import {
  accountFiles,
  KEYS_FOLDER_MODE,
  keysFolder,
  makeFolders,
  makeKeysFolder,
  metaFile,
  readFolderMeta,
  shardFiles,
  syncFolder,
  UnusableDataFolder,
  writeDurably,
} from './data-folder.ts';
import { FOLDER_FORMAT } from './folder-meta.ts';
import { imageFiles } from './image-files.ts';
import { HeadFile, readHead } from './head-file.ts';
import type { Manifest, ManifestFile, ManifestShard } from './manifest.ts';
import {
  compressedPath,
  isCopied,
  MANIFEST_FILE,
  manifestText,
  modeOf,
  SNAPSHOT_FORMAT,
} from './manifest.ts';
import { pack } from './packed-file.ts';
import { SEQ_NONE } from './seq.ts';
import { TAKING } from './snapshot-names.ts';
import type { CopiedLog } from './log-builder.ts';
import { EMPTY_COPY } from './log-builder.ts';
import { copyDatabase, copyLog, copyState } from './sqlite-copy.ts';

export interface SnapshotOptions {
  readonly nowMs: number;
  /** Version of this Gavel, for the manifest. */
  readonly server: string;
  readonly onProgress?: (progress: CopyProgress) => void;
}

/** One file to be copied; done in this order. */
interface Step {
  readonly path: string;
  /** False: the file is gone, and none was written. */
  readonly run: () => void | false;
}

/**
 * `target` must be empty or new.
 * @throws UnusableDataFolder, and what says that the source is damaged: no snapshot is taken then.
 */
export async function snapshotFolder(
  source: string,
  target: string,
  options: SnapshotOptions,
): Promise<Manifest> {
  const meta = readFolderMeta(source);
  refuseOccupied(target);
  const making = `${resolve(target)}${TAKING}${options.nowMs}`;
  try {
    makeFolders(making);
    makeKeysFolder(making);
    const shards: ManifestShard[] = [];
    const steps = Array.from({ length: meta.shards }, (_, index) =>
      shardSteps(source, making, index, ({ head, atUs }) => {
        const hash = Buffer.from(head.hash).toString('hex');
        shards.push({ index, seq: head.seq, hash, atUs });
      }),
    ).flat();
    if (meta.accounts === true) steps.push(...accountSteps(source, making));
    steps.push(...imageSteps(source, making, (more) => steps.push(...more)));
    steps.push(...keySteps(source, making));
    steps.push({
      path: 'gavel.json',
      run: () => writeDurably(metaFile(making), readFileSync(metaFile(source))),
    });
    const files = await takeSteps(steps, making, options);
    const { nowMs: takenAtMs, server } = options;
    const manifest: Manifest = {
      snapshotFormat: SNAPSHOT_FORMAT,
      server,
      format: FOLDER_FORMAT,
      takenAtMs,
      epoch: meta.epoch,
      shards,
      files,
    };
    writeDurably(join(making, MANIFEST_FILE), manifestText(manifest));
    putInPlace(making, target);
    return manifest;
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    throw error;
  }
}

/** One that is deleted half is none. */
export function deleteSnapshot(path: string): void {
  rmSync(join(path, MANIFEST_FILE), { force: true });
  syncFolder(path);
  rmSync(path, { recursive: true });
}

/** Before hours of work: where something else is, or where a folder cannot be renamed to. */
function refuseOccupied(target: string): void {
  const stat = statSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory() || readdirSync(target).length > 0) {
    throw new UnusableDataFolder(`${target} is not empty; name a new folder for the snapshot`);
  }
  if (stat.dev !== statSync(dirname(resolve(target))).dev) {
    throw new UnusableDataFolder(
      `${target} is a file system of its own; name a new folder in it for the snapshot`,
    );
  }
}

function putInPlace(making: string, target: string): void {
  if (existsSync(target)) rmdirSync(target);
  renameSync(making, target);
  syncFolder(dirname(resolve(target)));
}

async function takeSteps(
  steps: readonly Step[],
  making: string,
  { onProgress }: SnapshotOptions,
): Promise<ManifestFile[]> {
  const files: ManifestFile[] = [];
  // Images become known on the way: the list grows.
  for (const [i, { path, run }] of steps.entries()) {
    if (run() === false) continue;
    const plain = join(making, path);
    files.push({ path, ...(await pack(plain, compressedPath(plain), modeOf(path))) });
    rmSync(plain);
    onProgress?.({ file: path, done: i + 1, total: steps.length });
  }
  for (const folder of new Set(files.map(({ path }) => dirname(join(making, path))))) {
    syncFolder(folder);
  }
  return files;
}

function shardSteps(
  source: string,
  target: string,
  index: number,
  onCopied: (copied: CopiedLog) => void,
): Step[] {
  const from = shardFiles(source, index);
  const to = shardFiles(target, index);
  makeFolders(to.folder);
  const steps: Step[] = [];
  if (existsSync(from.stateFile)) {
    steps.push({
      path: `shard-${index}/state.sqlite`,
      run: () => copyState(from.stateFile, to.stateFile, 'to pack'),
    });
  }
  steps.push(...logSteps(`shard-${index}`, from, to, onCopied));
  return steps;
}

interface LogFiles {
  readonly folder: string;
  readonly logFile: string;
  readonly headFile: string;
}

function logSteps(
  name: string,
  from: LogFiles,
  to: LogFiles,
  onCopied: (copied: CopiedLog) => void,
): Step[] {
  let copied = EMPTY_COPY;
  const steps: Step[] = [];
  // Without a log there is only the head of one that has never been written.
  if (existsSync(from.logFile) || readHead(from.headFile).seq > SEQ_NONE) {
    steps.push({
      path: `${name}/log.sqlite`,
      run: () => {
        copied = copyLog(from, to.logFile, 'to pack');
      },
    });
  }
  steps.push({
    path: `${name}/head`,
    run: () => {
      HeadFile.create(to.headFile, copied.head);
      onCopied(copied);
    },
  });
  return steps;
}

/** The keys come after the log: every account in the copied log has one, or had it destroyed. */
function accountSteps(source: string, target: string): Step[] {
  const from = accountFiles(source);
  const to = accountFiles(target);
  makeFolders(to.folder, KEYS_FOLDER_MODE);
  const steps = logSteps('accounts', from, to, () => {});
  if (!existsSync(from.keysFile)) return steps;
  const path = 'accounts/keys.sqlite';
  return [...steps, { path, run: () => copyState(from.keysFile, to.keysFile, 'to pack') }];
}

/** Files of images that are there once the table has been copied; one may go in the meantime. */
function imageSteps(source: string, target: string, add: (steps: Step[]) => void): Step[] {
  const from = imageFiles(source);
  const to = imageFiles(target);
  if (!existsSync(from.indexFile)) return [];
  const fileStep = (name: string): Step => ({
    path: `images/${name}`,
    run: () => copyIfThere(join(from.folder, name), join(to.folder, name)),
  });
  const run = (): void => {
    makeFolders(to.folder);
    copyDatabase(from.indexFile, to.indexFile);
    const names = readdirSync(from.folder, { recursive: true, encoding: 'utf8' });
    const paths = names.map((name) => name.replaceAll('\\', '/'));
    add(paths.filter((name) => name.includes('/') && isCopied(`images/${name}`)).map(fileStep));
  };
  return [{ path: 'images/index.sqlite', run }];
}

function copyIfThere(from: string, to: string): void | false {
  if (!existsSync(from)) return false;
  makeFolders(dirname(to));
  writeDurably(to, readFileSync(from));
}

function keySteps(source: string, target: string): Step[] {
  const folder = keysFolder(source);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => isCopied(`keys/${name}`) && !name.endsWith('.new'))
    .map((name) => ({
      path: `keys/${name}`,
      run: () => {
        const key = readFileSync(join(folder, name));
        writeDurably(join(keysFolder(target), name), key, modeOf(`keys/${name}`));
      },
    }));
}
