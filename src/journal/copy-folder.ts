/**
 * Copies of a whole data folder: `snapshotFolder` takes one, also while a server runs on the
 * folder; `restoreFolder` puts one in place. Every file is written under a temporary name, synced
 * and renamed; the manifest comes last, so a copy that was interrupted is recognised as none.
 *
 *   state ──▶ log ──▶ head (made from the copied log) ──▶ accounts, keys ──▶ gavel.json ──▶ manifest.json
 *
 * The state is copied before the log: rows of state must never be newer than the log.
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { NO_HASH } from './chain.ts';
import {
  accountFiles,
  DamagedDataFolder,
  FOLDER_FORMAT,
  KEYS_FOLDER_MODE,
  keysFolder,
  lockDataFolder,
  makeFolders,
  makeKeysFolder,
  metaFile,
  raiseEpoch,
  readFolderMeta,
  shardFiles,
  syncFile,
  syncFolder,
  UnusableDataFolder,
  writeDurably,
} from './data-folder.ts';
import { HeadFile, readHead } from './head-file.ts';
import type { Head } from './journal.ts';
import type { Manifest, ManifestFile, ManifestShard } from './manifest.ts';
import { isCopied, MANIFEST_FILE, manifestText, readManifest } from './manifest.ts';
import { SEQ_NONE } from './seq.ts';
import { copyLog, copyState } from './sqlite-copy.ts';

const KEY_MODE = 0o600;
/** Added to the epoch of the snapshot where the replaced folder cannot say its own any more. */
const UNKNOWN_EPOCHS = 1000;

export interface CopyProgress {
  /** The file that was finished last. */
  readonly file: string;
  /** Files done, and in all. */
  readonly done: number;
  readonly total: number;
}

export interface CopyOptions {
  readonly nowMs: number;
  readonly onProgress?: (progress: CopyProgress) => void;
}

/** The copy is not whole, or not what its manifest says. */
export class DamagedCopy extends Error {
  override name = 'DamagedCopy';
}

/** One file to be copied; done in this order. */
interface Step {
  readonly path: string;
  readonly run: () => void;
}

/**
 * Takes a copy of `source` into `target`, which must be empty or new.
 * @throws UnusableDataFolder, and what says that the source is damaged: no copy is taken then.
 */
export async function snapshotFolder(
  source: string,
  target: string,
  options: CopyOptions,
): Promise<Manifest> {
  const meta = readFolderMeta(source);
  if (isOccupied(target)) {
    throw new UnusableDataFolder(`${target} is not empty; name a new folder for the snapshot`);
  }
  makeFolders(target);
  makeKeysFolder(target);
  const shards: ManifestShard[] = [];
  const steps = Array.from({ length: meta.shards }, (_, index) =>
    shardSteps(source, target, index, ({ seq, hash }) => {
      shards.push({ index, seq, hash: Buffer.from(hash).toString('hex') });
    }),
  ).flat();
  if (meta.accounts === true) steps.push(...accountSteps(source, target));
  steps.push(...keySteps(source, target));
  steps.push({
    path: 'gavel.json',
    run: () => writeDurably(metaFile(target), readFileSync(metaFile(source))),
  });
  const files: ManifestFile[] = [];
  for (const [i, { path, run }] of steps.entries()) {
    run();
    files.push(await describe(target, path));
    options.onProgress?.({ file: path, done: i + 1, total: steps.length });
  }
  const { nowMs: takenAtMs } = options;
  const manifest = { format: FOLDER_FORMAT, takenAtMs, epoch: meta.epoch, shards, files };
  writeDurably(join(target, MANIFEST_FILE), manifestText(manifest));
  return manifest;
}

function shardSteps(
  source: string,
  target: string,
  index: number,
  onHead: (head: Head) => void,
): Step[] {
  const from = shardFiles(source, index);
  const to = shardFiles(target, index);
  makeFolders(to.folder);
  const steps: Step[] = [];
  if (existsSync(from.stateFile)) {
    steps.push({
      path: `shard-${index}/state.sqlite`,
      run: () => copyState(from.stateFile, to.stateFile),
    });
  }
  steps.push(...logSteps(`shard-${index}`, from, to, onHead));
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
  onHead: (head: Head) => void,
): Step[] {
  let head: Head = { seq: SEQ_NONE, hash: NO_HASH };
  const steps: Step[] = [];
  // Without a log there is only the head of one that has never been written.
  if (existsSync(from.logFile) || readHead(from.headFile).seq > SEQ_NONE) {
    steps.push({
      path: `${name}/log.sqlite`,
      run: () => {
        head = copyLog(from, to.logFile);
      },
    });
  }
  steps.push({
    path: `${name}/head`,
    run: () => {
      HeadFile.create(to.headFile, head);
      syncFolder(to.folder);
      onHead(head);
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
  return [...steps, { path, run: () => copyState(from.keysFile, to.keysFile) }];
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
        writeDurably(join(keysFolder(target), name), key, KEY_MODE);
      },
    }));
}

export interface RestoreOptions extends CopyOptions {
  /** Takes the place of a folder that is there; that one is renamed, never deleted. */
  readonly force: boolean;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly epoch: number;
  /** Where the former folder is now; null: there was none. */
  readonly setAside: string | null;
}

/**
 * Checks a snapshot against its manifest and puts it in place as `target`, with a higher epoch:
 * history may have been rewound, so positions that clients remember are worth nothing.
 * @throws DamagedCopy, UnusableDataFolder, DataFolderInUse
 */
export async function restoreFolder(
  snapshot: string,
  target: string,
  options: RestoreOptions,
): Promise<Restored> {
  const manifest = await checkSnapshot(snapshot);
  const replaced = isOccupied(target);
  if (replaced && !options.force) {
    throw new UnusableDataFolder(
      `${target} is not empty; with --force it is renamed and the snapshot takes its place`,
    );
  }
  // Held from here on: no server may start on what is about to be renamed.
  const letGo = replaced ? lockDataFolder(target) : () => {};
  const building = `${resolve(target)}.restoring-${options.nowMs}`;
  try {
    await build(snapshot, building, manifest, options);
    const { epoch } = raiseEpoch(building, replaced ? epochOf(target, manifest) : 0);
    let setAside: string | null = null;
    if (replaced) {
      setAside = `${resolve(target)}.before-restore-${options.nowMs}`;
      renameSync(target, setAside);
    }
    renameSync(building, target);
    syncFolder(dirname(resolve(target)));
    return { manifest, epoch, setAside };
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw error;
  } finally {
    letGo();
  }
}

/** A folder beside the target, with everything in it durable. */
async function build(
  snapshot: string,
  building: string,
  manifest: Manifest,
  options: CopyOptions,
): Promise<void> {
  makeFolders(building);
  makeKeysFolder(building);
  for (const { index } of manifest.shards) makeFolders(shardFiles(building, index).folder);
  const accounts = accountFiles(building).folder;
  const hasAccounts = manifest.files.some(({ path }) => path.startsWith('accounts/'));
  if (hasAccounts) makeFolders(accounts, KEYS_FOLDER_MODE);
  for (const [i, file] of manifest.files.entries()) {
    copyFileSync(join(snapshot, file.path), join(building, file.path));
    syncFile(join(building, file.path));
    await expectSame(building, file);
    options.onProgress?.({ file: file.path, done: i + 1, total: manifest.files.length });
  }
  for (const { index } of manifest.shards) syncFolder(shardFiles(building, index).folder);
  if (hasAccounts) syncFolder(accounts);
  syncFolder(keysFolder(building));
}

/** The newest epoch that the folder to be replaced has used. */
function epochOf(target: string, manifest: Manifest): number {
  try {
    return readFolderMeta(target).epoch;
  } catch (error) {
    // A damaged folder is what a restore is for.
    if (error instanceof DamagedDataFolder || error instanceof UnusableDataFolder) {
      return manifest.epoch + UNKNOWN_EPOCHS;
    }
    throw error;
  }
}

/** @throws DamagedCopy */
export async function checkSnapshot(snapshot: string): Promise<Manifest> {
  const path = join(snapshot, MANIFEST_FILE);
  if (!existsSync(path)) {
    throw new DamagedCopy(`${snapshot} is no whole snapshot: it has no ${MANIFEST_FILE}`);
  }
  const manifest = readManifest(readFileSync(path, 'utf8'));
  if (manifest === undefined) throw new DamagedCopy(`${path} is damaged; use another snapshot`);
  if (manifest.format !== FOLDER_FORMAT) {
    throw new DamagedCopy(`${snapshot} has format ${manifest.format}, not ${FOLDER_FORMAT}`);
  }
  for (const file of manifest.files) await expectSame(snapshot, file);
  return manifest;
}

async function expectSame(folder: string, file: ManifestFile): Promise<void> {
  const path = join(folder, file.path);
  if (!existsSync(path)) throw new DamagedCopy(`${path} is missing; use another snapshot`);
  const found = await describe(folder, file.path);
  if (found.bytes !== file.bytes || found.sha256 !== file.sha256) {
    throw new DamagedCopy(`${path} is not what the manifest says; use another snapshot`);
  }
}

async function describe(folder: string, path: string): Promise<ManifestFile> {
  const hash = createHash('sha256');
  const file = join(folder, path);
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return { path, bytes: statSync(file).size, sha256: hash.digest('hex') };
}

function isOccupied(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}
