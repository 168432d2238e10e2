/**
 * What a command says when it cannot do its work: what happened, what to do next, and the exit
 * code. Errors from below are translated here; nobody sees a stack unless asked with --verbose.
 */
import { ConfigError } from '../config/config-error.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

export class CliError extends Error {
  override name = 'CliError';
  readonly exitCode: ExitCode;
  /** What to do next; empty where the message says it all. */
  readonly next: string;
  constructor(exitCode: ExitCode, message: string, next = '', options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.next = next;
  }
}

/** Errors of the journal room are known by their names, so that help does not load SQLite. */
const DAMAGE_NAMES: ReadonlySet<string> = new Set([
  'DamagedJournal',
  'DamagedState',
  'DamagedCopy',
  'DamagedDataFolder',
  'UnreadableState',
  'CommitFailure',
  'WrongFormat',
]);

const FILE_CODES: ReadonlySet<string> = new Set([
  'EACCES',
  'EEXIST',
  'EIO',
  'EISDIR',
  'EMFILE',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'ENOTEMPTY',
  'EPERM',
  'EROFS',
]);

/** Any error as one with an exit code. */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  const cause = { cause: error };
  if (error instanceof ConfigError) {
    const list = error.problems.map((problem) => `  ${problem}`).join('\n');
    const next = 'Every key is described by: gavel config doc';
    return new CliError(EXIT.configuration, `the configuration is wrong:\n${list}`, next, cause);
  }
  if (!(error instanceof Error)) return new CliError(EXIT.internal, String(error));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (DAMAGE_NAMES.has(error.name)) {
    const next = 'See which records are good with: gavel verify --data DIR';
    return new CliError(EXIT.data, error.message, next, cause);
  }
  if (error.name === 'DataFolderInUse')
    return new CliError(EXIT.tryAgain, error.message, '', cause);
  if (error.name === 'UnusableDataFolder') {
    return new CliError(EXIT.configuration, error.message, '', cause);
  }
  if (FILE_CODES.has(code) || code.startsWith('SQLITE_')) {
    const next =
      'Check that the path is right, that you may read and write it, and that the disk has room.';
    return new CliError(EXIT.data, error.message, next, cause);
  }
  const next = 'This is a mistake of gavel; please report it with the output of --verbose.';
  return new CliError(EXIT.internal, `internal error: ${error.message}`, next, cause);
}
