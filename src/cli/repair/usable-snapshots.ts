/**
 * The snapshots that a repair may take from: whole, and of this data folder. Files are unpacked
 * beside the data folder when they are asked for, and are gone with `close`.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkSnapshot, DamagedCopy, takeOut } from '../../journal/check-snapshot.ts';
import { metaFile } from '../../journal/data-folder.ts';
import type { FolderMeta } from '../../journal/folder-meta.ts';
import { parseFolderMeta } from '../../journal/folder-meta.ts';
import type { Manifest } from '../../journal/manifest.ts';

export interface UsableSnapshot {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly meta: FolderMeta;
  /** The file, unpacked; undefined where the snapshot has none of this name. */
  fileOf(path: string): Promise<string | undefined>;
}

export interface Snapshots {
  /** Newest first. */
  readonly usable: readonly UsableSnapshot[];
  readonly refused: readonly { readonly folder: string; readonly why: string }[];
  close(): void;
}

/**
 * @param own what the data folder says of itself; null where it cannot any more.
 * @param scratch a name that nothing has yet.
 */
export async function openSnapshots(
  folders: readonly string[],
  own: FolderMeta | null,
  scratch: string,
): Promise<Snapshots> {
  const usable: UsableSnapshot[] = [];
  const refused: { folder: string; why: string }[] = [];
  for (const [i, folder] of folders.entries()) {
    try {
      const snapshot = await openSnapshot(folder, join(scratch, String(i)));
      if (own === null || isOf(own, snapshot.meta)) usable.push(snapshot);
      else refused.push({ folder, why: 'it was taken of another data folder' });
    } catch (error) {
      if (!(error instanceof DamagedCopy)) throw error;
      refused.push({ folder, why: error.message });
    }
  }
  usable.sort((a, b) => b.manifest.takenAtMs - a.manifest.takenAtMs);
  const close = (): void => rmSync(scratch, { recursive: true, force: true });
  return { usable, refused, close };
}

function isOf(own: FolderMeta, { shards, createdAtMs }: FolderMeta): boolean {
  return own.shards === shards && own.createdAtMs === createdAtMs;
}

async function openSnapshot(folder: string, scratch: string): Promise<UsableSnapshot> {
  const manifest = await checkSnapshot(folder);
  const fileOf = async (path: string): Promise<string | undefined> => {
    const file = manifest.files.find((each) => each.path === path);
    if (file === undefined) return undefined;
    const to = join(scratch, path);
    if (existsSync(to)) return to;
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    await takeOut(folder, manifest, file, to);
    return to;
  };
  await fileOf('gavel.json');
  const meta = parseFolderMeta(readFileSync(metaFile(scratch), 'utf8'));
  if (meta === undefined) throw new DamagedCopy(`${folder} was taken of a damaged data folder`);
  return { folder, manifest, meta, fileOf };
}
