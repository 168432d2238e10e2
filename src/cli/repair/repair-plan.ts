/**
 * What is damaged in a data folder, what of it comes back from where, and what is lost: made before
 * anything is done, and shown. Whatever is whole is taken over as it is.
 *
 *   gavel.json ─▶ shards: verify ─▶ whole, or a plan of its log ─▶ accounts likewise ─▶ keys
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { accountFiles, keysFolder, metaFile, shardFiles } from '../../journal/data-folder.ts';
import type { FolderMeta } from '../../journal/folder-meta.ts';
import { parseFolderMeta } from '../../journal/folder-meta.ts';
import { SqliteStateStore } from '../../journal/sqlite-state-store.ts';
import { isWholeKey } from '../../receipt/key-file.ts';
import { CliError, isDamage } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import { checkAccountsIn } from '../inspection/account-check.ts';
import { checkShardOf } from '../inspection/folder-check.ts';
import type { LogPlan, Place } from './log-plan.ts';
import { planLog } from './log-plan.ts';
import type { LostAuctions } from './lost-auctions.ts';
import { lostAuctions } from './lost-auctions.ts';
import type { Snapshots, UsableSnapshot } from './usable-snapshots.ts';

/** Added to the epoch of a snapshot where the folder cannot say its own any more. */
const UNKNOWN_EPOCHS = 1000;

/** Null: whole, and taken over as it is. */
export type Mended<T> = (T & { readonly finding: string }) | null;

export type ShardPlan = Mended<LogPlan & { readonly lost: LostAuctions | null }>;

/** The log is mended as a shard's is; or log and keys come from one snapshot. */
export type AccountsPlan = Mended<
  { readonly log: LogPlan } | { readonly log: null; readonly from: UsableSnapshot }
>;

export interface KeyPlan {
  /** Below keys/. */
  readonly name: string;
  /** Null: no snapshot has it. */
  readonly from: UsableSnapshot | null;
}

export interface RepairPlan {
  readonly folder: string;
  readonly meta: FolderMeta;
  readonly metaFinding: string | null;
  readonly shards: readonly ShardPlan[];
  readonly accounts: AccountsPlan;
  readonly keys: readonly KeyPlan[];
  readonly isDamaged: boolean;
  /** Whether records are lost, or may be without anybody knowing: the epoch is raised then. */
  readonly mayLose: boolean;
}

/** What a folder says of itself; null where it cannot any more. */
export function ownMeta(folder: string): FolderMeta | null {
  const path = metaFile(folder);
  return existsSync(path) ? (parseFolderMeta(readFileSync(path, 'utf8')) ?? null) : null;
}

/** @throws CliError where there is not enough to go by */
export async function planRepair(folder: string, snapshots: Snapshots): Promise<RepairPlan> {
  const own = ownMeta(folder);
  const { usable } = snapshots;
  const meta = own ?? metaFrom(folder, usable[0]);
  const shards: ShardPlan[] = [];
  for (let index = 0; index < meta.shards; index++) {
    shards.push(await planShard(folder, index, own, usable));
  }
  const accounts = meta.accounts === true ? await planAccounts(folder, own, usable) : null;
  const keys = await planKeys(folder, usable);
  const metaFinding = own === null ? `${metaFile(folder)} is missing or damaged` : null;
  const mended = [...shards, accounts].filter((each) => each !== null);
  const logs = mended.map((each) => ('log' in each ? each.log : each));
  return {
    folder,
    meta,
    metaFinding,
    shards,
    accounts,
    keys,
    isDamaged: mended.length > 0 || keys.length > 0 || own === null,
    mayLose:
      own === null || logs.some((log) => log === null || log.loss !== null || !log.isEndKnown),
  };
}

function metaFrom(folder: string, newest: UsableSnapshot | undefined): FolderMeta {
  if (newest !== undefined) {
    return { ...newest.meta, epoch: newest.meta.epoch + UNKNOWN_EPOCHS };
  }
  throw new CliError(
    EXIT.data,
    `${metaFile(folder)} is missing or damaged, and only a snapshot says what it said`,
    'Name one with: gavel repair --from SNAPSHOT',
  );
}

async function planShard(
  folder: string,
  index: number,
  own: FolderMeta | null,
  usable: readonly UsableSnapshot[],
): Promise<ShardPlan> {
  const files = shardFiles(folder, index);
  const { finding } = checkShardOf(folder, index);
  const isThere = existsSync(files.headFile);
  if (finding === null && isThere) return null;
  const what = finding?.what ?? `${files.headFile} is missing`;
  const copies = await copiesOf(`shard-${index}/log.sqlite`, own, usable);
  const plan = planLog(files, `the log of ${folder}`, copies);
  const lost = plan.loss === null ? null : lostAuctions(plan, plan.loss);
  return { ...plan, lost, finding: what };
}

/** Where the keys are damaged, only a snapshot has them, and the log as it was with them. */
async function planAccounts(
  folder: string,
  own: FolderMeta | null,
  usable: readonly UsableSnapshot[],
): Promise<AccountsPlan> {
  const { finding, keysAreWhole } = findingOfAccounts(folder);
  if (finding === null) return null;
  if (keysAreWhole) {
    const copies = await copiesOf('accounts/log.sqlite', own, usable);
    const log = planLog(accountFiles(folder), `the log of ${folder}`, copies);
    return { finding, log };
  }
  const from = usable.find(({ manifest }) =>
    manifest.files.some(({ path }) => path === 'accounts/keys.sqlite'),
  );
  if (from !== undefined) return { finding, log: null, from };
  throw new CliError(
    EXIT.data,
    `the accounts cannot be read without their keys: ${finding}`,
    'Name a snapshot that has them with: gavel repair --from SNAPSHOT',
  );
}

function findingOfAccounts(folder: string): { finding: string | null; keysAreWhole: boolean } {
  try {
    const finding = checkAccountsIn(folder).finding?.what ?? null;
    return { finding, keysAreWhole: finding === null || hasWholeKeys(folder) };
  } catch (error) {
    if (!(error instanceof Error && isDamage(error))) throw error;
    return { finding: error.message, keysAreWhole: hasWholeKeys(folder) };
  }
}

function hasWholeKeys(folder: string): boolean {
  const { keysFile } = accountFiles(folder);
  if (!existsSync(keysFile)) return false;
  try {
    const store = new SqliteStateStore(keysFile, 'read');
    try {
      for (const _ of store.rows());
      return true;
    } finally {
      store.close();
    }
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

async function copiesOf(
  path: string,
  own: FolderMeta | null,
  usable: readonly UsableSnapshot[],
): Promise<Place[]> {
  const places: Place[] = [];
  for (const snapshot of usable) {
    const logFile = await snapshot.fileOf(path);
    if (logFile === undefined) continue;
    const isSameHistory = own === null || snapshot.manifest.epoch === own.epoch;
    places.push({ name: `the snapshot ${snapshot.folder}`, logFile, isSameHistory });
  }
  return places;
}

/** Keys that are no keys any more, and those that a snapshot has and the folder has not. */
async function planKeys(folder: string, usable: readonly UsableSnapshot[]): Promise<KeyPlan[]> {
  const own = keysFolder(folder);
  const names = existsSync(own) ? readdirSync(own).filter(isKeyName) : [];
  const newest = usable[0]?.manifest.files ?? [];
  const copied = newest.map(({ path }) => basename(path)).filter(isKeyName);
  const plans: KeyPlan[] = [];
  for (const name of new Set([...names, ...copied])) {
    const path = join(own, name);
    if (existsSync(path) && isWholeKey(readFileSync(path, 'utf8'))) continue;
    let from: UsableSnapshot | null = null;
    for (const snapshot of usable) {
      if ((await snapshot.fileOf(`keys/${name}`)) === undefined) continue;
      from = snapshot;
      break;
    }
    plans.push({ name, from });
  }
  return plans;
}

function isKeyName(name: string): boolean {
  return /^[\w-][\w.-]*\.jwk$/.test(name);
}
