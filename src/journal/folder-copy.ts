/** Durable copies of files and folders that nobody writes to meanwhile. */
import { cpSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders, syncFile, syncFolder } from './data-folder.ts';

/** SQLite makes it anew. */
const SHARED_MEMORY = /-shm$/;

/** A file, or a folder with all that is in it, under another name; modes are kept. */
export function copyDurably(from: string, to: string): void {
  const stat = statSync(from);
  if (!stat.isDirectory()) {
    cpSync(from, to);
    return syncFile(to);
  }
  makeFolders(to, stat.mode & 0o777);
  for (const name of readdirSync(from)) {
    if (!SHARED_MEMORY.test(name)) copyDurably(join(from, name), join(to, name));
  }
  syncFolder(to);
}

/** Bytes of a file, or of all files in a folder. */
export function bytesOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}
