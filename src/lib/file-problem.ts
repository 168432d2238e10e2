/** Errors of the file system as sentences: what is wrong with which path, and what to do. Pure. */

export interface FileProblem {
  readonly message: string;
  readonly next: string;
}

interface FileError extends Error {
  readonly code: string;
  readonly path?: string;
  readonly dest?: string;
  readonly syscall?: string;
}

const CHECK = 'Check the path.';
const RIGHTS = 'Run it as the user who owns it, or change its rights; ls -l shows them.';

/** Null: not an error of the file system. `path`: where the error does not name one itself. */
export function fileProblem(error: unknown, path?: string): FileProblem | null {
  if (!isFileError(error)) return null;
  const make = PROBLEMS.get(error.code);
  return make?.(error.path ?? path ?? 'a file', error) ?? null;
}

function isFileError(error: unknown): error is FileError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

type Make = (path: string, error: FileError) => FileProblem;

const notPermitted: Make = (path, error) => ({
  message: `there is no permission to ${verbOf(error)} ${path}`,
  next: RIGHTS,
});

const PROBLEMS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['ENOENT', (path, error) => ({ message: missing(path, error), next: CHECK })],
  ['ENOTDIR', (path) => ({ message: `${path}: a part of this path is no folder`, next: CHECK })],
  [
    'EISDIR',
    (path) => ({ message: `${path} is a folder, and a file is needed`, next: 'Name a file.' }),
  ],
  ['EACCES', notPermitted],
  ['EPERM', notPermitted],
  [
    'EROFS',
    (path) => ({
      message: `${path} is on a file system that cannot be written`,
      next: 'Take a path on another one, or mount it for writing.',
    }),
  ],
  [
    'ENOSPC',
    (path) => ({
      message: `the disk of ${path} is full`,
      next: 'Make room on it, then try again.',
    }),
  ],
  [
    'EDQUOT',
    (path) => ({
      message: `the quota for ${path} is used up`,
      next: 'Make room, or ask for a larger quota, then try again.',
    }),
  ],
  [
    'EEXIST',
    (path) => ({ message: `${path} exists already`, next: 'Take another name, or remove it.' }),
  ],
  [
    'ENOTEMPTY',
    (path) => ({ message: `${path} is not empty`, next: 'Take a new or an empty folder.' }),
  ],
  [
    'EMFILE',
    (path) => ({
      message: `${path} cannot be opened: this process has too many files open`,
      next: 'Raise the limit with: ulimit -n 65536',
    }),
  ],
  ['ENAMETOOLONG', (path) => ({ message: `the name ${path} is too long`, next: CHECK })],
  ['ELOOP', (path) => ({ message: `${path}: its links go in a circle`, next: CHECK })],
  [
    'EIO',
    (path) => ({
      message: `the disk failed while ${path} was read or written`,
      next: 'Look into the log of the system (dmesg), and replace the disk if it is broken.',
    }),
  ],
]);

function missing(path: string, { syscall }: FileError): string {
  const isMade = syscall === 'mkdir' || syscall === 'mkdtemp';
  return isMade
    ? `${path} cannot be made: the folder above it is not there`
    : `there is no file or folder ${path}`;
}

const WRITES: ReadonlySet<string> = new Set([
  'mkdir',
  'mkdtemp',
  'write',
  'rename',
  'unlink',
  'rmdir',
  'fsync',
  'ftruncate',
  'copyfile',
]);

function verbOf({ syscall = '' }: FileError): string {
  if (WRITES.has(syscall)) return 'write';
  return syscall === 'scandir' || syscall === 'read' ? 'read' : 'open';
}
