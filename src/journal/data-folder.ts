/**
 * The data folder: what lies where, how it comes into being, and that only one server uses it.
 *
 *   gavel.json            format, number of shards, epoch; written last when the folder is made
 *   lock.sqlite           held while a server runs; the kernel lets go when the process dies
 *   alive                 until when a server was alive (alive-file.ts)
 *   keys/                 keys that sign tokens and receipts
 *   shard-0/head          the head of the log, kept apart; made with the folder
 *   shard-0/log.sqlite    the log
 *   shard-0/state.sqlite  the incremental snapshot
 *   accounts/             log.sqlite and head of the accounts, their keys.sqlite, and the outbox;
 *                         made when the first server that keeps accounts starts
 *   images/               index.sqlite and files of images of listings (image/)
 *
 * A shard's head is there from the beginning, so a log that vanished is never taken for a new one.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { assert } from '../lib/assert.ts';
import { asDiskFailure, DiskFailure } from './disk-failure.ts';
import { WAY_OUT } from './journal.ts';
import type { FolderMeta } from './folder-meta.ts';
import { FOLDER_FORMAT, isFolderMeta, parseFolderMeta } from './folder-meta.ts';
import { HeadFile, readHead } from './head-file.ts';
import { MANIFEST_FILE } from './manifest.ts';
import { sealedJson } from './sealed-json.ts';
import { SEQ_NONE } from './seq.ts';

/** The folder cannot be used as it is; the message says why and what to do. */
export class UnusableDataFolder extends Error {
  override name = 'UnusableDataFolder';
}

/** The folder is ours, and something in it is missing or broken. */
export class DamagedDataFolder extends Error {
  override name = 'DamagedDataFolder';
}

/** Another server holds the folder. */
export class DataFolderInUse extends Error {
  override name = 'DataFolderInUse';
}

export interface ShardFiles {
  readonly folder: string;
  readonly logFile: string;
  readonly headFile: string;
  readonly stateFile: string;
}

const META_FILE = 'gavel.json';
const LOCK_FILE = 'lock.sqlite';
const ALIVE_FILE = 'alive';
const KEYS_FOLDER = 'keys';
export const KEYS_FOLDER_MODE = 0o700;

export function metaFile(folder: string): string {
  return join(folder, META_FILE);
}

/** Beside the folder: which one takes its place (folder-swap.ts). */
export function swapFile(folder: string): string {
  return `${resolve(folder)}.swap`;
}

export function aliveFile(folder: string): string {
  return join(folder, ALIVE_FILE);
}

export function keysFolder(folder: string): string {
  return join(folder, KEYS_FOLDER);
}

export function shardFiles(folder: string, index: number): ShardFiles {
  const shard = join(folder, `shard-${index}`);
  return {
    folder: shard,
    logFile: join(shard, 'log.sqlite'),
    headFile: join(shard, 'head'),
    stateFile: join(shard, 'state.sqlite'),
  };
}

export interface AccountFiles {
  readonly folder: string;
  readonly logFile: string;
  readonly headFile: string;
  readonly keysFile: string;
  readonly outboxFile: string;
}

export function accountFiles(folder: string): AccountFiles {
  const accounts = join(folder, 'accounts');
  return {
    folder: accounts,
    logFile: join(accounts, 'log.sqlite'),
    headFile: join(accounts, 'head'),
    keysFile: join(accounts, 'keys.sqlite'),
    outboxFile: join(accounts, 'outbox.jsonl'),
  };
}

/** Makes the folder of the accounts in a data folder that has none yet. */
export function makeAccountsFolder(folder: string): void {
  const meta = readFolderMeta(folder);
  if (meta.accounts === true) return;
  const files = accountFiles(folder);
  makeFolders(files.folder, KEYS_FOLDER_MODE);
  if (!existsSync(files.headFile)) HeadFile.create(files.headFile);
  syncFolder(files.folder);
  writeDurably(metaFile(folder), sealedJson({ ...meta, accounts: true }));
}

export interface OpenFolderOptions {
  /** Shards of a new folder; for an existing one: null takes what it has. */
  readonly shards: number | null;
  /** Shards where none are named and the folder is new. */
  readonly shardsDefault: number;
  readonly nowMs: number;
}

/**
 * Opens the folder, or makes it where there is none.
 * @throws UnusableDataFolder where it is not ours, of another format, or of another shard count;
 *   DamagedDataFolder.
 */
export function openDataFolder(folder: string, options: OpenFolderOptions): FolderMeta {
  if (!existsSync(metaFile(folder))) return makeFolder(folder, options);
  const meta = readFolderMeta(folder);
  if (options.shards !== null && options.shards !== meta.shards) {
    throw new UnusableDataFolder(
      `${folder} was made with ${meta.shards} shards and cannot be opened with ${options.shards}: ` +
        `leave the setting out, or stop the server and run: gavel reshard --to ${options.shards}`,
    );
  }
  return meta;
}

/**
 * As `openDataFolder`, with the folder taken for this process; `release` lets go. Of two servers
 * that find no folder at the same time one makes it and the other is told that it is in use.
 * @throws also DataFolderInUse
 */
export function takeDataFolder(
  folder: string,
  options: OpenFolderOptions,
): { readonly meta: FolderMeta; readonly release: () => void } {
  if (!existsSync(metaFile(folder))) {
    refuseStrangers(folder);
    makeFolders(folder);
  }
  const release = lockDataFolder(folder);
  try {
    return { meta: openDataFolder(folder, options), release };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * @throws UnusableDataFolder where there is no data folder, or one of another format;
 *   DamagedDataFolder.
 */
export function readFolderMeta(folder: string): FolderMeta {
  const path = metaFile(folder);
  const text = textOf(path);
  if (text === null) throw noDataFolder(folder);
  const meta = parseFolderMeta(text);
  if (meta === undefined) throw new DamagedDataFolder(`${path} is damaged; ${WAY_OUT}`);
  if (meta.format !== FOLDER_FORMAT) {
    throw new UnusableDataFolder(
      `${folder} has format ${meta.format}; this version of gavel reads format ${FOLDER_FORMAT}`,
    );
  }
  for (let index = 0; index < meta.shards; index++) {
    const shard = shardFiles(folder, index).folder;
    if (!existsSync(shard)) throw new DamagedDataFolder(`${shard} is missing; ${WAY_OUT}`);
  }
  const accounts = accountFiles(folder).folder;
  if (meta.accounts === true && !existsSync(accounts)) {
    throw new DamagedDataFolder(`${accounts} is missing; ${WAY_OUT}`);
  }
  return meta;
}

function noDataFolder(folder: string): UnusableDataFolder {
  const lacks = `${folder} is no data folder (it has no ${META_FILE})`;
  if (existsSync(swapFile(folder))) {
    return new UnusableDataFolder(
      `${lacks}: a restore, repair or reshard was interrupted at its end; start the server, that finishes it`,
    );
  }
  if (existsSync(join(folder, MANIFEST_FILE))) {
    return new UnusableDataFolder(`${folder} is a snapshot; put it in place with: gavel restore`);
  }
  return new UnusableDataFolder(
    `${lacks}; name the right one, or make one by starting a server on it`,
  );
}

/** Null: there is no such file. One that may not be read is another matter, and thrown. */
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/** Of a folder that is being put together: it counts as a data folder from here on. */
export function writeFolderMeta(folder: string, meta: FolderMeta): void {
  writeDurably(metaFile(folder), sealedJson(meta));
}

/** Writes an epoch above its own and above `above`: what clients know of positions is void. */
export function raiseEpoch(folder: string, above = 0): FolderMeta {
  const meta = readFolderMeta(folder);
  const raised = { ...meta, epoch: Math.max(meta.epoch, above) + 1 };
  writeFolderMeta(folder, raised);
  return raised;
}

/**
 * Takes the folder for this process; the returned function lets go.
 * @throws DataFolderInUse, DiskFailure
 */
export function lockDataFolder(folder: string): () => void {
  const db = new Database(join(folder, LOCK_FILE), { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db.close();
    const failure = asDiskFailure(cause, folder);
    if (failure instanceof DiskFailure) throw failure;
    if (!(cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY'))) {
      throw new DamagedDataFolder(
        `${join(folder, LOCK_FILE)} cannot be locked; if no server runs on this folder, delete it`,
        { cause },
      );
    }
    throw new DataFolderInUse(
      `${folder} is in use by another gavel; stop that one, or name another folder with --data`,
      { cause },
    );
  }
  return () => db.close();
}

/** Temporary name, sync, rename, sync the folder: there or not there, never half. */
export function writeDurably(path: string, content: string | Uint8Array, mode = 0o644): void {
  const temporary = `${path}.new`;
  const fd = openSync(temporary, 'w', mode);
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

export function syncFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes renames and new names in a folder durable. */
export function syncFolder(path: string): void {
  syncFile(path);
}

/** Makes a folder with those above it; the names are durable. */
export function makeFolders(path: string, mode = 0o755): void {
  const first = mkdirSync(path, { recursive: true, mode });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let at = dirname(resolve(path)); ; at = dirname(at)) {
    syncFolder(at);
    if (at === top || at === dirname(at)) return;
  }
}

export function makeKeysFolder(folder: string): void {
  makeFolders(keysFolder(folder), KEYS_FOLDER_MODE);
}

function makeFolder(folder: string, options: OpenFolderOptions): FolderMeta {
  refuseStrangers(folder);
  const shards = options.shards ?? options.shardsDefault;
  const meta = { format: FOLDER_FORMAT, shards, epoch: 1, createdAtMs: options.nowMs };
  assert(isFolderMeta(meta), `a data folder can have ${shards} shards`);
  makeFolders(folder);
  for (let index = 0; index < meta.shards; index++) {
    const files = shardFiles(folder, index);
    makeFolders(files.folder);
    HeadFile.create(files.headFile);
    syncFolder(files.folder);
  }
  makeKeysFolder(folder);
  // The meta file comes last: without it the folder is made again.
  writeDurably(metaFile(folder), sealedJson(meta));
  return meta;
}

/** Throws unless the folder is missing, empty, or holds what an interrupted `makeFolder` left. */
function refuseStrangers(folder: string): void {
  if (!existsSync(folder)) return;
  const names = readdirSync(folder);
  if (names.includes(MANIFEST_FILE)) throw noDataFolder(folder);
  for (const name of names) {
    if (name.startsWith(LOCK_FILE) || name === `${META_FILE}.new`) continue;
    if (name === ALIVE_FILE) continue;
    // Of a file system of its own.
    if (name === 'lost+found') continue;
    if (name === KEYS_FOLDER && readdirSync(keysFolder(folder)).length === 0) continue;
    if (name === 'accounts') throw lostMeta(folder, join(folder, name));
    if (/^shard-\d+$/.test(name)) {
      refuseUsedShard(folder, name);
      continue;
    }
    throw new UnusableDataFolder(
      `${folder} is not empty and no data folder of gavel (it has ${name}, but no ${META_FILE}); ` +
        'name an empty or a new folder with --data',
    );
  }
}

function refuseUsedShard(folder: string, name: string): void {
  const files = readdirSync(join(folder, name)).filter((file) => file !== 'head.new');
  const headFile = join(folder, name, 'head');
  const isUnused =
    files.length === 0 ||
    (files.length === 1 && files[0] === 'head' && readHead(headFile).seq === SEQ_NONE);
  if (isUnused) return;
  throw lostMeta(folder, join(folder, name));
}

function lostMeta(folder: string, withData: string): DamagedDataFolder {
  return new DamagedDataFolder(
    `${metaFile(folder)} is missing, but ${withData} has data; ${WAY_OUT}`,
  );
}
