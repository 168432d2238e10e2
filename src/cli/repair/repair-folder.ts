/**
 * Carries out a plan: a whole new data folder is made beside the damaged one, checked like any other,
 * and only then put in its place. The damaged one is kept as it is.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ShardFiles } from '../../journal/data-folder.ts';
import {
  accountFiles,
  aliveFile,
  KEYS_FOLDER_MODE,
  keysFolder,
  makeFolders,
  makeKeysFolder,
  shardFiles,
  swapFile,
  syncFile,
  syncFolder,
  writeDurably,
  writeFolderMeta,
} from '../../journal/data-folder.ts';
import { copyDurably } from '../../journal/folder-copy.ts';
import { imageFiles } from '../../journal/image-files.ts';
import { refuseMountPoint, swapFolder } from '../../journal/folder-swap.ts';
import { HeadFile } from '../../journal/head-file.ts';
import { EMPTY_COPY } from '../../journal/log-builder.ts';
import { modeOf } from '../../journal/manifest.ts';
import { SEQ_NONE } from '../../journal/seq.ts';
import { copyLog, copyState, writeLog } from '../../journal/sqlite-copy.ts';
import { must } from '../../lib/assert.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import { checkAccountsIn } from '../inspection/account-check.ts';
import { checkShardOf } from '../inspection/folder-check.ts';
import type { LogPlan } from './log-plan.ts';
import { plannedRows } from './log-plan.ts';
import type { RepairPlan } from './repair-plan.ts';

export interface Repaired {
  readonly epoch: number;
  /** Where the damaged folder is now. */
  readonly setAside: string;
}

type LogFiles = Pick<ShardFiles, 'folder' | 'logFile' | 'headFile'>;

/** Of a folder that is locked by the caller. @throws CliError where the result would not be whole */
export async function repairFolder(plan: RepairPlan, nowMs: number): Promise<Repaired> {
  const { folder, meta, mayLose } = plan;
  refuseMountPoint(folder);
  const building = `${resolve(folder)}.repairing-${nowMs}`;
  const setAside = `${resolve(folder)}.before-repair-${nowMs}`;
  try {
    makeFolders(building);
    makeKeysFolder(building);
    for (const index of plan.shards.keys()) buildShard(plan, index, building);
    if (meta.accounts === true) await buildAccounts(plan, building);
    await buildKeys(plan, building);
    // As they are: nothing is decided by images, and each has its own hash as its name.
    for (const part of [(of: string) => imageFiles(of).folder, aliveFile]) {
      if (existsSync(part(folder))) copyDurably(part(folder), part(building));
    }
    // Positions that clients remember are worth nothing where records are gone.
    const epoch = mayLose ? meta.epoch + 1 : meta.epoch;
    writeFolderMeta(building, { ...meta, epoch });
    check(building, plan);
    swapFolder(folder, building, setAside);
    return { epoch, setAside };
  } catch (error) {
    if (!existsSync(swapFile(folder))) rmSync(building, { recursive: true, force: true });
    throw error;
  }
}

/** A damaged shard goes without its incremental snapshot: the log alone is enough. */
function buildShard({ folder, shards }: RepairPlan, index: number, building: string): void {
  const from = shardFiles(folder, index);
  const to = shardFiles(building, index);
  const plan = shards[index] ?? null;
  makeFolders(to.folder);
  if (plan === null && existsSync(from.stateFile))
    copyState(from.stateFile, to.stateFile, 'to keep');
  buildLog(from, to, plan);
}

/** `plan` null: the log is whole. */
function buildLog(from: LogFiles, to: LogFiles, plan: LogPlan | null): void {
  let copied = EMPTY_COPY;
  if (plan === null) {
    if (existsSync(from.logFile)) copied = copyLog(from, to.logFile, 'to keep');
  } else if (plan.lastSeq > SEQ_NONE) copied = writeLog(plannedRows(plan), to.logFile);
  HeadFile.create(to.headFile, copied.head);
  syncFolder(to.folder);
}

async function buildAccounts({ folder, accounts }: RepairPlan, building: string): Promise<void> {
  const from = accountFiles(folder);
  const to = accountFiles(building);
  makeFolders(to.folder, KEYS_FOLDER_MODE);
  if (accounts !== null && accounts.log === null) {
    for (const name of ['log.sqlite', 'head', 'keys.sqlite']) {
      const file = await accounts.from.fileOf(`accounts/${name}`);
      if (file !== undefined) copyFileSync(file, join(to.folder, name));
    }
  } else {
    buildLog(from, to, accounts?.log ?? null);
    if (existsSync(from.keysFile)) copyState(from.keysFile, to.keysFile, 'to keep');
  }
  if (existsSync(from.outboxFile)) copyFileSync(from.outboxFile, to.outboxFile);
  for (const name of readdirSync(to.folder)) syncFile(join(to.folder, name));
  syncFolder(to.folder);
}

async function buildKeys({ folder, keys }: RepairPlan, building: string): Promise<void> {
  const own = keysFolder(folder);
  const damaged = new Set(keys.map(({ name }) => name));
  const whole = existsSync(own) ? readdirSync(own).filter((name) => !damaged.has(name)) : [];
  const put = (name: string, from: string): void =>
    writeDurably(join(keysFolder(building), name), readFileSync(from), modeOf(`keys/${name}`));
  for (const name of whole) put(name, join(own, name));
  for (const { name, from } of keys) {
    if (from === null) continue;
    put(name, must(await from.fileOf(`keys/${name}`), 'the snapshot was asked for it before'));
  }
}

/** @throws CliError */
function check(building: string, { folder, shards, meta }: RepairPlan): void {
  const findings = shards.map((_, index) => checkShardOf(building, index).finding);
  if (meta.accounts === true) findings.push(checkAccountsIn(building).finding);
  const finding = findings.find((each) => each !== null);
  if (finding === undefined) return;
  throw new CliError(
    EXIT.data,
    `what can be put together is not whole (${finding.what}); nothing was changed`,
    `Name more snapshots with --from, or restore one: gavel restore SNAPSHOT --force --data ${folder}`,
  );
}
