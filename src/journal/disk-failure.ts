/**
 * The disk did not do what was asked of it: it is full, it fails, or the files are not ours. Told
 * apart from damage, where the files can be read and are wrong, and from mistakes of the program:
 * neither a restore nor another try at once helps here.
 */
import Database from 'better-sqlite3';

/**
 * Names of the errors that come from a disk or from what stands on it: starting a thread again does
 * not mend them. (Names, because an error loses its class between threads.)
 */
export const STORAGE_FAILURES: ReadonlySet<string> = new Set([
  'DamagedJournal',
  'DamagedState',
  'DamagedDataFolder',
  'WrongFormat',
  'DiskFailure',
  'CommitFailure',
]);

export class DiskFailure extends Error {
  override name = 'DiskFailure';
}

const SQLITE_CODES = ['SQLITE_IOERR', 'SQLITE_FULL', 'SQLITE_CANTOPEN', 'SQLITE_READONLY'] as const;
const FILE_CODES: ReadonlySet<string> = new Set([
  'EACCES',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENOSPC',
  'EPERM',
  'EROFS',
]);

/** The error as a failure of the disk below `path`, where it is one; else as it came. */
export function asDiskFailure(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') {
    return error;
  }
  const { code } = error;
  const isDisk =
    error instanceof Database.SqliteError
      ? SQLITE_CODES.some((prefix) => code.startsWith(prefix))
      : FILE_CODES.has(code);
  if (!isDisk) return error;
  return new DiskFailure(`the disk of ${path} is full or fails (${code})`, { cause: error });
}
