/**
 * What a command says when it cannot do its work: what happened, what to do next, and the exit
 * code. Errors from below are translated here; nobody sees a stack unless asked with --verbose.
 */
import { ConfigError } from '../config/config-error.ts';
import { fileProblem } from '../lib/file-problem.ts';
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

/** Runs what works on a file whose name an error might not have. @throws CliError */
export function onFile<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const problem = fileProblem(error, path);
    if (problem === null) throw error;
    throw new CliError(EXIT.data, problem.message, problem.next, { cause: error });
  }
}

/** Whether stored data is not what was written; not that it cannot be opened from here. */
export function isDamage(error: unknown): boolean {
  return error instanceof Error && DAMAGE_NAMES.has(error.name);
}

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
  if (isDamage(error)) {
    const next =
      error.name === 'DamagedCopy'
        ? 'A copy is made with: gavel snapshot DIR'
        : 'See which records are good with: gavel verify --data DIR';
    return new CliError(EXIT.data, error.message, next, cause);
  }
  if (error.name === 'DiskFailure') {
    const next =
      'Nothing that was answered is lost. Make room on the disk, or look why it fails, then start again.';
    return new CliError(EXIT.data, error.message, next, cause);
  }
  if (error.name === 'DataFolderInUse')
    return new CliError(EXIT.tryAgain, error.message, '', cause);
  if (error.name === 'UnusableDataFolder' || error.name === 'UnusableKey') {
    return new CliError(EXIT.configuration, error.message, '', cause);
  }
  const problem = fileProblem(error);
  if (problem !== null) return new CliError(EXIT.data, problem.message, problem.next, cause);
  if (code.startsWith('SQLITE_')) {
    const next =
      'SQLite needs to write into the data folder, even to read it. Run it as the user who owns the\n' +
      'folder, or work on a copy that you may write; also check that the disk has room.';
    return new CliError(EXIT.data, `the data cannot be used: ${error.message}`, next, cause);
  }
  const next = 'This is a mistake of gavel; please report it with the output of --verbose.';
  return new CliError(EXIT.internal, `internal error: ${error.message}`, next, cause);
}
