/** Whether a snapshot is whole, and what its manifest says it is: before anything relies on it. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER_FORMAT } from './folder-meta.ts';
import type { Manifest, ManifestFile } from './manifest.ts';
import { MANIFEST_FILE, modeOf, readManifest, SNAPSHOT_FORMAT, storedPath } from './manifest.ts';
import type { Content, Stored } from './packed-file.ts';
import { contentOf, unpack } from './packed-file.ts';

/** The snapshot is not whole, or not what its manifest says. */
export class DamagedCopy extends Error {
  override name = 'DamagedCopy';
}

export interface CopyProgress {
  /** The file that was finished last. */
  readonly file: string;
  /** Files done, and in all. */
  readonly done: number;
  readonly total: number;
}

export function isSnapshot(folder: string): boolean {
  return existsSync(join(folder, MANIFEST_FILE));
}

/** What a snapshot says of itself; its files are not looked at. @throws DamagedCopy */
export function manifestOf(snapshot: string): Manifest {
  const path = join(snapshot, MANIFEST_FILE);
  if (!isSnapshot(snapshot)) {
    throw new DamagedCopy(`${snapshot} is no whole snapshot: it has no ${MANIFEST_FILE}`);
  }
  const manifest = readManifest(readFileSync(path, 'utf8'));
  if (manifest === undefined) throw new DamagedCopy(`${path} is damaged; use another snapshot`);
  if (typeof manifest === 'number') {
    throw new DamagedCopy(
      `${snapshot} has snapshot format ${manifest}, and this version of gavel reads formats 1 to ` +
        `${SNAPSHOT_FORMAT}: use the version that took it`,
    );
  }
  if (manifest.format !== FOLDER_FORMAT) {
    throw new DamagedCopy(`${snapshot} has format ${manifest.format}, not ${FOLDER_FORMAT}`);
  }
  return manifest;
}

/** Reads every file and holds it against the manifest. @throws DamagedCopy */
export async function checkSnapshot(
  snapshot: string,
  onProgress: (progress: CopyProgress) => void = () => {},
): Promise<Manifest> {
  const manifest = manifestOf(snapshot);
  const { files } = manifest;
  for (const [i, file] of files.entries()) {
    await expectSame(snapshot, manifest, file, contentOf);
    onProgress({ file: file.path, done: i + 1, total: files.length });
  }
  return manifest;
}

/** Puts a file of a snapshot to `to`, and holds it against the manifest. @throws DamagedCopy */
export async function takeOut(
  snapshot: string,
  manifest: Manifest,
  file: ManifestFile,
  to: string,
): Promise<void> {
  await expectSame(snapshot, manifest, file, (stored) => unpack(stored, to, modeOf(file.path)));
}

async function expectSame(
  snapshot: string,
  manifest: Manifest,
  file: ManifestFile,
  read: (stored: Stored) => Promise<Content>,
): Promise<void> {
  const path = join(snapshot, storedPath(manifest, file.path));
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new DamagedCopy(`${path} is missing; use another snapshot`);
  const differs = `${path} is not what the manifest says; use another snapshot`;
  if (size !== file.storedBytes) throw new DamagedCopy(differs);
  let found: Content;
  try {
    found = await read({ path, isCompressed: manifest.snapshotFormat > 1 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!/^(ZSTD|Z)_/.test(code)) throw error;
    throw new DamagedCopy(differs, { cause: error });
  }
  if (found.bytes !== file.bytes || found.sha256 !== file.sha256) throw new DamagedCopy(differs);
}
