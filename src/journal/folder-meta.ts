/** What `gavel.json` says of a data folder, or of the one that a snapshot was taken of. */
import { SHARDS } from '../config/limits.ts';
import { openSealedJson } from './sealed-json.ts';

export const FOLDER_FORMAT = 1;

export interface FolderMeta {
  readonly format: number;
  readonly shards: number;
  /** Raised when history may not be continuous: after a restore. */
  readonly epoch: number;
  readonly createdAtMs: number;
  /** The folder `accounts` was made: from here on it has to be there. */
  readonly accounts?: true;
  /**
   * The first epoch with this number of shards, where it had another one before: records of earlier
   * times have new numbers, and receipts of then are for the folder that was kept.
   */
  readonly reshardedEpoch?: number;
}

type Optional = 'accounts' | 'reshardedEpoch';

/** What a gavel.json says; undefined where it is damaged. */
export function parseFolderMeta(text: string): FolderMeta | undefined {
  const fields = openSealedJson(text);
  if (fields === undefined) return undefined;
  const { format, shards, epoch, createdAtMs, accounts, reshardedEpoch } = fields;
  const meta = { format, shards, epoch, createdAtMs };
  if (!isFolderMeta(meta)) return undefined;
  return {
    ...meta,
    ...(accounts === true ? { accounts } : {}),
    ...(typeof reshardedEpoch === 'number' ? { reshardedEpoch } : {}),
  };
}

/** Whether numbers are what `gavel.json` may say. */
export function isFolderMeta(meta: {
  readonly [Key in Exclude<keyof FolderMeta, Optional>]: unknown;
}): meta is Omit<FolderMeta, Optional> {
  const { format, shards, epoch, createdAtMs } = meta;
  const isWhole = (value: unknown, low: number, high = Number.MAX_SAFE_INTEGER): boolean =>
    Number.isSafeInteger(value) && Number(value) >= low && Number(value) <= high;
  return (
    isWhole(format, 1) &&
    isWhole(shards, 1, SHARDS.countMax) &&
    isWhole(epoch, 1) &&
    isWhole(createdAtMs, 0)
  );
}
