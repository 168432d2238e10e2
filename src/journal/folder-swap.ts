/**
 * Puts a finished folder in the place of a data folder, which is kept under another name. A folder
 * cannot be exchanged for another one in a single step, so the plan is written down first, and
 * whoever finds it carries it out: after a kill at any moment the next start has one of the two.
 *
 *   DATA.swap written ──▶ DATA renamed to DATA.before-… ──▶ DATA.new-… renamed to DATA ──▶ DATA.swap removed
 *
 * Both folders are locked meanwhile, so that no server starts in between.
 */
import { existsSync, lstatSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  DamagedDataFolder,
  lockDataFolder,
  swapFile,
  syncFolder,
  UnusableDataFolder,
  writeDurably,
} from './data-folder.ts';
import { openSealedJson, sealedJson } from './sealed-json.ts';

/** Names in the folder that also has the data folder. */
interface Plan {
  readonly finished: string;
  readonly setAside: string;
}

/**
 * @param finished a whole data folder beside `target`, durable.
 * @param aside where what is at `target`, locked by the caller, goes; null: nothing is there.
 * @throws UnusableDataFolder where `target` cannot be renamed
 */
export function swapFolder(target: string, finished: string, aside: string | null): void {
  if (aside === null) return moveTo(target, finished);
  const plan: Plan = { finished: basename(finished), setAside: basename(aside) };
  const letGo = lockDataFolder(finished);
  try {
    writeDurably(swapFile(target), sealedJson(plan));
    carryOut(target, plan);
  } finally {
    letGo();
  }
}

/**
 * A folder that is a file system of its own cannot be renamed. To be asked before anything is built
 * beside it, on a disk that is not meant for it.
 * @throws UnusableDataFolder
 */
export function refuseMountPoint(target: string): void {
  const path = resolve(target);
  const isMounted = existsSync(path) && lstatSync(path).dev !== lstatSync(dirname(path)).dev;
  if (isMounted) throw cannotBeRenamed(target);
}

function cannotBeRenamed(target: string, options?: ErrorOptions): UnusableDataFolder {
  return new UnusableDataFolder(
    `${target} cannot be renamed, so nothing can take its place (a file system of its own?); ` +
      'keep the data in a folder inside it, and name that one with --data',
    options,
  );
}

/**
 * Carries out what an interrupted swap has left to do; before a data folder is opened for writing.
 * @throws DataFolderInUse where the swap is going on, DamagedDataFolder
 */
export function finishSwap(target: string): void {
  const plan = readPlan(target);
  if (plan === null) return;
  const finished = join(dirname(resolve(target)), plan.finished);
  if (!existsSync(finished)) return forget(target);
  const letGo = [lockDataFolder(finished)];
  try {
    if (existsSync(target)) letGo.push(lockDataFolder(target));
    carryOut(target, plan);
  } finally {
    for (const each of letGo) each();
  }
}

function carryOut(target: string, plan: Plan): void {
  const parent = dirname(resolve(target));
  if (existsSync(target)) moveAway(target, join(parent, plan.setAside));
  moveTo(target, join(parent, plan.finished));
  forget(target);
}

function moveAway(target: string, to: string): void {
  try {
    renameSync(target, to);
  } catch (cause) {
    // Nothing has happened yet, and trying again at each start would not help.
    forget(target);
    throw cannotBeRenamed(target, { cause });
  }
}

function moveTo(target: string, finished: string): void {
  renameSync(finished, target);
  syncFolder(dirname(resolve(target)));
}

function forget(target: string): void {
  rmSync(swapFile(target), { force: true });
  syncFolder(dirname(resolve(target)));
}

function readPlan(target: string): Plan | null {
  const path = swapFile(target);
  if (!existsSync(path)) return null;
  const { finished, setAside } = openSealedJson(readFileSync(path, 'utf8')) ?? {};
  if (isSibling(finished) && isSibling(setAside)) return { finished, setAside };
  throw new DamagedDataFolder(
    `${path} is damaged: it says which folder takes the place of ${target}. ` +
      'Rename the right one yourself, then delete that file',
  );
}

function isSibling(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && basename(name) === name && !/^\.+$/.test(name);
}
