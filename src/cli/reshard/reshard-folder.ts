/**
 * Gives a data folder another number of shards: a whole new folder is made beside it, checked like any
 * other, and only then put in its place. The old one is kept, for receipts and reports of before.
 *
 *   logs ──merged by time──▶ Mover ──▶ DATA.resharding-N ──▶ verify ──▶ swap ──▶ DATA.before-reshard-N
 *
 * The incremental snapshot and the read model are not moved: both are made of the logs.
 */
import { existsSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  makeFolders,
  makeKeysFolder,
  readFolderMeta,
  shardFiles,
  swapFile,
  syncFolder,
  writeFolderMeta,
} from '../../journal/data-folder.ts';
import { bytesOf, copyDurably } from '../../journal/folder-copy.ts';
import { refuseMountPoint, swapFolder } from '../../journal/folder-swap.ts';
import { HeadFile } from '../../journal/head-file.ts';
import { LogBuilder } from '../../journal/log-builder.ts';
import { SEQ_NONE } from '../../journal/seq.ts';
import { assert } from '../../lib/assert.ts';
import { HashRing, hashText } from '../../routing/hash-ring.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import { checkShards } from '../inspection/check-shards.ts';
import { openLog } from '../inspection/shard-reading.ts';
import { mergedLogs } from './merged-logs.ts';
import { Mover } from './mover.ts';

export interface ReshardPlan {
  readonly folder: string;
  readonly from: number;
  readonly to: number;
  /** In all logs. */
  readonly records: number;
  /** About what the new folder will take, and what the disk has. */
  readonly needsBytes: number;
  readonly freeBytes: number;
}

export interface Resharded {
  readonly epoch: number;
  readonly auctions: number;
  /** By shard: how many records it has now. */
  readonly records: readonly number[];
  /** Where the old folder is now. */
  readonly setAside: string;
}

export type ReshardProgress = (what: 'moving' | 'checking', done: number, total: number) => void;

/** Made anew, or not of the folder that takes the place. */
const LEFT_OUT = /^(shard-\d+|gavel\.json|lock\.sqlite.*|read-model.*)$/;
/** New logs have a few more rows than the old ones, and each page its slack. */
const GROWTH = 1.25;

/** What there is to do. @throws UnusableDataFolder, DamagedDataFolder, CliError */
export function planReshard(folder: string, to: number): ReshardPlan {
  const { shards: from } = readFolderMeta(folder);
  if (from === to) {
    throw new CliError(EXIT.usage, `${folder} has ${from} shards already`, 'Nothing was changed.');
  }
  let [records, logBytes] = [0, 0];
  for (let index = 0; index < from; index++) {
    const log = openLog(folder, index);
    records += log?.head.seq ?? 0;
    log?.close();
    logBytes += bytesOf(shardFiles(folder, index).logFile);
  }
  const others = partsOf(folder).reduce((sum, name) => sum + bytesOf(join(folder, name)), 0);
  const { bavail, bsize } = statfsSync(dirname(resolve(folder)));
  const needsBytes = Math.ceil(logBytes * GROWTH + others);
  return { folder, from, to, records, needsBytes, freeBytes: bavail * bsize };
}

/**
 * Of a folder that is locked by the caller.
 * @throws CliError where the disk has no room or the result would not be whole, DamagedJournal
 */
export async function reshardFolder(
  plan: ReshardPlan,
  nowMs: number,
  onProgress: ReshardProgress,
): Promise<Resharded> {
  const { folder, to } = plan;
  refuseMountPoint(folder);
  refuseFullDisk(plan);
  const building = `${resolve(folder)}.resharding-${nowMs}`;
  const setAside = `${resolve(folder)}.before-reshard-${nowMs}`;
  try {
    const meta = readFolderMeta(folder);
    const epoch = meta.epoch + 1;
    makeFolders(building);
    makeKeysFolder(building);
    for (const name of partsOf(folder)) copyDurably(join(folder, name), join(building, name));
    const moved = moveLogs(plan, building, epoch, onProgress);
    writeFolderMeta(building, { ...meta, shards: to, epoch, reshardedEpoch: epoch });
    const records = await checked(building, plan, moved, onProgress);
    swapFolder(folder, building, setAside);
    return { epoch, auctions: moved.auctions, records, setAside };
  } catch (error) {
    if (!existsSync(swapFile(folder))) rmSync(building, { recursive: true, force: true });
    throw error;
  }
}

function moveLogs(
  { folder, from, to, records }: ReshardPlan,
  building: string,
  epoch: number,
  onProgress: ReshardProgress,
): Pick<Mover, 'moved' | 'auctions'> {
  const logs = Array.from({ length: from }, (_, index) => openLog(folder, index));
  const files = Array.from({ length: to }, (_, index) => shardFiles(building, index));
  for (const { folder: shard } of files) makeFolders(shard);
  const builders = files.map(({ logFile }) => new LogBuilder(logFile));
  try {
    const ring = new HashRing(to);
    const mover = new Mover(from, builders, epoch, (id) => ring.ownerOf(hashText(id)));
    let read = 0;
    for (const { shard, batch } of mergedLogs(logs.map((log) => log ?? { scan: () => [] }))) {
      mover.take(shard, batch);
      read += batch.count;
      onProgress('moving', read, records);
    }
    assert(read === records, `${read} of ${records} records were read`);
    for (const [index, builder] of builders.entries()) finish(builder, files[index] as Files);
    return mover;
  } finally {
    for (const log of logs) log?.close();
    for (const builder of builders) builder.close();
  }
}

type Files = ReturnType<typeof shardFiles>;

function finish(builder: LogBuilder, { folder, logFile, headFile }: Files): void {
  const { head } = builder.finish();
  HeadFile.create(headFile, head);
  // A shard without a record has no log yet.
  if (head.seq === SEQ_NONE) rmSync(logFile);
  syncFolder(folder);
}

/** @returns records by shard. @throws CliError */
async function checked(
  building: string,
  { to, folder }: ReshardPlan,
  moved: Pick<Mover, 'moved' | 'auctions'>,
  onProgress: ReshardProgress,
): Promise<readonly number[]> {
  const shards = Array.from({ length: to }, (_, index) => index);
  const records: number[] = [];
  let [auctions, users] = [0, 0];
  const show = (done: number, total: number): void => onProgress('checking', done, total);
  for await (const check of checkShards(building, shards, show)) {
    if (check.finding !== null) throw notWhole(folder, check.finding.what);
    records.push(check.records);
    auctions += check.auctions;
    users += check.users;
  }
  const sum = records.reduce((total, count) => total + count, 0);
  if (auctions === moved.auctions && sum === moved.moved + users) return records;
  throw notWhole(folder, `${auctions} auctions and ${sum} records`);
}

function notWhole(folder: string, what: string): CliError {
  const next = `This is a mistake of gavel; please report it. ${folder} is as it was.`;
  return new CliError(EXIT.internal, `what was made is not whole (${what})`, next);
}

function refuseFullDisk({ folder, needsBytes, freeBytes }: ReshardPlan): void {
  if (freeBytes >= needsBytes) return;
  const MB = 1 << 20;
  throw new CliError(
    EXIT.data,
    `the disk of ${folder} has ${Math.floor(freeBytes / MB)} MB left, ` +
      `and the new folder needs about ${Math.ceil(needsBytes / MB)} MB beside the old one`,
    'Make room, or copy the folder to a larger disk first.',
  );
}

/** What is taken over as it is: keys, accounts, images, and what a later version may have added. */
function partsOf(folder: string): string[] {
  return readdirSync(folder).filter((name) => !LEFT_OUT.test(name));
}
