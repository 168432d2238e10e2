/**
 * What a snapshot of a data folder consists of: every file with its size and SHA-256, and how far
 * each shard's log goes. It is written last, and says nothing about other places: a path in it
 * cannot lead out of the snapshot.
 *
 *   format 1   files as they are in the data folder; read, no longer written
 *   format 2   each file compressed with zstd, under its name with `.zst`
 */
import { openSealedJson, sealedJson } from './sealed-json.ts';

export const SNAPSHOT_FORMAT = 2;

export interface ManifestFile {
  /** Relative to the data folder, with `/`. */
  readonly path: string;
  /** Of the file itself, whatever it is stored as. */
  readonly bytes: number;
  readonly sha256: string;
  /** What it takes in the snapshot; in format 1 the same as `bytes`. */
  readonly storedBytes: number;
}

export interface ManifestShard {
  readonly index: number;
  readonly seq: number;
  /** Chain hash at `seq`, hex. */
  readonly hash: string;
  /** When `seq` was committed, microseconds since 1970; 0: nothing was, or format 1. */
  readonly atUs: number;
}

export interface Manifest {
  readonly snapshotFormat: number;
  /** Version of the Gavel that took it; empty in format 1. */
  readonly server: string;
  /** Format of the data folder. */
  readonly format: number;
  readonly takenAtMs: number;
  readonly epoch: number;
  readonly shards: readonly ManifestShard[];
  readonly files: readonly ManifestFile[];
}

export const MANIFEST_FILE = 'manifest.json';

const META_PATH = 'gavel.json';
const PATHS =
  /^(gavel\.json|keys\/[\w-][\w.-]*|shard-\d+\/(log\.sqlite|head|state\.sqlite)|accounts\/(log\.sqlite|head|keys\.sqlite)|images\/(index\.sqlite|[0-9a-f]{2}\/[0-9a-f]{64}-[a-z]+\.webp))$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** Whether a file of a data folder belongs into a snapshot. */
export function isCopied(path: string): boolean {
  return PATHS.test(path);
}

/** Keys are for their owner alone, wherever they lie. */
export function modeOf(path: string): number {
  return path.startsWith('keys/') ? 0o600 : 0o644;
}

/** The name of a file in a snapshot. */
export function storedPath({ snapshotFormat }: Manifest, path: string): string {
  return snapshotFormat === 1 ? path : compressedPath(path);
}

export function compressedPath(path: string): string {
  return `${path}.zst`;
}

export function manifestText(manifest: Manifest): string {
  return sealedJson(manifest);
}

/**
 * Undefined where the text is damaged or does not describe a whole snapshot; a number where it is
 * of a format that this version does not know.
 */
export function readManifest(text: string): Manifest | number | undefined {
  const fields = openSealedJson(text);
  if (fields === undefined) return undefined;
  const { snapshotFormat = 1, server = '', format, takenAtMs, epoch } = fields;
  if (!isWhole(snapshotFormat) || snapshotFormat === 0) return undefined;
  if (snapshotFormat > SNAPSHOT_FORMAT) return snapshotFormat;
  if (typeof server !== 'string') return undefined;
  if (!isWhole(format) || !isWhole(takenAtMs) || !isWhole(epoch)) return undefined;
  const shards = listOf(fields['shards'], shardFrom);
  const files = listOf(fields['files'], fileFrom);
  if (shards === undefined || files === undefined) return undefined;
  if (!shards.every(({ index }, position) => index === position)) return undefined;
  const paths = new Set(files.map(({ path }) => path));
  const needed = shards.flatMap(({ index, seq }) =>
    // A shard that has never written has a head, and no log.
    seq === 0 ? [`shard-${index}/head`] : [`shard-${index}/head`, `shard-${index}/log.sqlite`],
  );
  if (![META_PATH, ...needed].every((path) => paths.has(path))) return undefined;
  return { snapshotFormat, server, format, takenAtMs, epoch, shards, files };
}

type Fields = Partial<Record<string, unknown>>;

function listOf<T>(
  values: unknown,
  read: (fields: Fields) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(values)) return undefined;
  const list: T[] = [];
  for (const value of values as readonly unknown[]) {
    const item = typeof value === 'object' && value !== null ? read(value as Fields) : undefined;
    if (item === undefined) return undefined;
    list.push(item);
  }
  return list;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function shardFrom({ index, seq, hash, atUs = 0 }: Fields): ManifestShard | undefined {
  if (!isWhole(index) || !isWhole(seq) || !isWhole(atUs)) return undefined;
  if (typeof hash !== 'string' || !SHA256.test(hash)) return undefined;
  return { index, seq, hash, atUs };
}

function fileFrom({ path, bytes, sha256, storedBytes = bytes }: Fields): ManifestFile | undefined {
  if (typeof path !== 'string' || !isCopied(path)) return undefined;
  if (!isWhole(bytes) || !isWhole(storedBytes)) return undefined;
  if (typeof sha256 !== 'string' || !SHA256.test(sha256)) return undefined;
  return { path, bytes, sha256, storedBytes };
}
