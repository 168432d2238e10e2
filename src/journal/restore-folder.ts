/**
 * Puts a snapshot in place as the data folder: checked first, built beside the target, and only
 * then renamed, with a higher epoch. History may be rewound, to the snapshot or to a moment before
 * it, so positions that clients remember are worth nothing.
 *
 *   check manifest ──▶ DATA.restoring-N: unpack ──▶ cut the logs (until) ──▶ raise the epoch ──▶ swap
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CopyProgress } from './check-snapshot.ts';
import { checkSnapshot, takeOut } from './check-snapshot.ts';
import {
  accountFiles,
  DamagedDataFolder,
  KEYS_FOLDER_MODE,
  keysFolder,
  lockDataFolder,
  makeFolders,
  makeKeysFolder,
  raiseEpoch,
  readFolderMeta,
  shardFiles,
  swapFile,
  syncFolder,
  UnusableDataFolder,
} from './data-folder.ts';
import { finishSwap, refuseMountPoint, swapFolder } from './folder-swap.ts';
import type { Until } from './log-cut.ts';
import { cutLog } from './log-cut.ts';
import type { Manifest } from './manifest.ts';

/** Added to the epoch of the snapshot where the replaced folder cannot say its own any more. */
const UNKNOWN_EPOCHS = 1000;

export interface RestoreOptions {
  readonly nowMs: number;
  /** Takes the place of a folder that is there; that one is renamed, never deleted. */
  readonly force: boolean;
  /** Where the logs end; null: where the snapshot does. */
  readonly until?: Until | null;
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface RestoredShard {
  readonly index: number;
  /** The newest record now, and when it was committed; 0: none. */
  readonly seq: number;
  readonly atUs: number;
  /** How many records of the snapshot were left out. */
  readonly cut: number;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly epoch: number;
  readonly shards: readonly RestoredShard[];
  /** Where the former folder is now; null: there was none. */
  readonly setAside: string | null;
}

/** @throws DamagedCopy, UnusableDataFolder, DataFolderInUse */
export async function restoreFolder(
  snapshot: string,
  target: string,
  options: RestoreOptions,
): Promise<Restored> {
  finishSwap(target);
  refuseMountPoint(target);
  const manifest = await checkSnapshot(snapshot);
  refuseUnknownShard(snapshot, manifest, options.until ?? null);
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
    const shards = cutShards(building, manifest, options.until ?? null);
    const { epoch } = raiseEpoch(building, replaced ? epochOf(target, manifest) : 0);
    const setAside = replaced ? `${resolve(target)}.before-restore-${options.nowMs}` : null;
    swapFolder(target, building, setAside);
    return { manifest, epoch, shards, setAside };
  } catch (error) {
    // Once the swap has begun, it is finished by the next start: then there is nothing to remove.
    if (!existsSync(swapFile(target))) rmSync(building, { recursive: true, force: true });
    throw error;
  } finally {
    letGo();
  }
}

/** Before anything is written: `--until 7:100` means nothing where there are four shards. */
function refuseUnknownShard(snapshot: string, { shards }: Manifest, until: Until | null): void {
  if (until === null || !('shard' in until) || until.shard < shards.length) return;
  throw new UnusableDataFolder(
    `${snapshot} has shards 0 to ${shards.length - 1}, and no shard ${until.shard}`,
  );
}

/** A folder beside the target, with everything in it durable. */
async function build(
  snapshot: string,
  building: string,
  manifest: Manifest,
  { onProgress }: RestoreOptions,
): Promise<void> {
  makeFolders(building);
  makeKeysFolder(building);
  for (const { index } of manifest.shards) makeFolders(shardFiles(building, index).folder);
  const accounts = accountFiles(building).folder;
  const hasAccounts = manifest.files.some(({ path }) => path.startsWith('accounts/'));
  if (hasAccounts) makeFolders(accounts, KEYS_FOLDER_MODE);
  const { files } = manifest;
  const folders = new Set(files.map(({ path }) => dirname(join(building, path))));
  for (const folder of folders) makeFolders(folder);
  for (const [i, file] of files.entries()) {
    await takeOut(snapshot, manifest, file, join(building, file.path));
    onProgress?.({ file: file.path, done: i + 1, total: files.length });
  }
  for (const folder of folders) syncFolder(folder);
  syncFolder(keysFolder(building));
  syncFolder(building);
}

/** The accounts stay whole: nobody who registered since loses what they signed in with. */
function cutShards(building: string, manifest: Manifest, until: Until | null): RestoredShard[] {
  return manifest.shards.map(({ index, seq, atUs }) => {
    const whole = { index, seq, atUs, cut: 0 };
    if (until === null || seq === 0) return whole;
    if ('shard' in until && until.shard !== index) return whole;
    const limit = 'atUs' in until ? { atUs: until.atUs } : { seq: until.seq };
    const copied = cutLog(shardFiles(building, index), limit);
    return { index, seq: copied.head.seq, atUs: copied.atUs, cut: seq - copied.head.seq };
  });
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

function isOccupied(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}
