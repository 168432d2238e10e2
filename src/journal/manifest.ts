/**
 * What a copy of a data folder consists of: every file with its size and SHA-256, and how far each
 * shard's log goes. It is written last, so that a copy that was interrupted is recognised as none,
 * and says nothing about other places: a path in it cannot lead out of the copy.
 */
import { openSealedJson, sealedJson } from './sealed-json.ts';

export interface ManifestFile {
  /** Relative to the copy, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ManifestShard {
  readonly index: number;
  readonly seq: number;
  /** Chain hash at `seq`, hex. */
  readonly hash: string;
}

export interface Manifest {
  readonly format: number;
  readonly takenAtMs: number;
  readonly epoch: number;
  readonly shards: readonly ManifestShard[];
  readonly files: readonly ManifestFile[];
}

export const MANIFEST_FILE = 'manifest.json';

const META_PATH = 'gavel.json';
const PATHS =
  /^(gavel\.json|keys\/[\w-][\w.-]*|shard-\d+\/(log\.sqlite|head|state\.sqlite)|accounts\/(log\.sqlite|head|keys\.sqlite))$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** Whether a file of a data folder belongs into a copy. */
export function isCopied(path: string): boolean {
  return PATHS.test(path);
}

export function manifestText(manifest: Manifest): string {
  return sealedJson(manifest);
}

/** Undefined where the text is damaged or does not describe a whole copy. */
export function readManifest(text: string): Manifest | undefined {
  const fields = openSealedJson(text);
  if (fields === undefined) return undefined;
  const { format, takenAtMs, epoch, shards, files } = fields;
  if (!isWhole(format) || !isWhole(takenAtMs) || !isWhole(epoch)) return undefined;
  if (!Array.isArray(shards) || !shards.every(isShard)) return undefined;
  if (!Array.isArray(files) || !files.every(isFile)) return undefined;
  const paths = new Set(files.map(({ path }) => path));
  const needed = shards.flatMap(({ index, seq }) =>
    // A shard that has never written has a head, and no log.
    seq === 0 ? [`shard-${index}/head`] : [`shard-${index}/head`, `shard-${index}/log.sqlite`],
  );
  if (![META_PATH, ...needed].every((path) => paths.has(path))) return undefined;
  return { format, takenAtMs, epoch, shards, files };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isShard(value: unknown, position: number): value is ManifestShard {
  if (typeof value !== 'object' || value === null) return false;
  const { index, seq, hash } = value as Partial<Record<string, unknown>>;
  return index === position && isWhole(seq) && typeof hash === 'string' && SHA256.test(hash);
}

function isFile(value: unknown): value is ManifestFile {
  if (typeof value !== 'object' || value === null) return false;
  const { path, bytes, sha256 } = value as Partial<Record<string, unknown>>;
  if (typeof path !== 'string' || !isCopied(path)) return false;
  return isWhole(bytes) && typeof sha256 === 'string' && SHA256.test(sha256);
}
