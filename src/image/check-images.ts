/**
 * Checks the images of a folder, for `gavel verify`: the table can be read, and each image that a
 * listing has is there in all sizes, the full one as its name says. Only reads.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Connection } from '../journal/sqlite-connection.ts';
import { isCorruption, openForReading } from '../journal/sqlite-connection.ts';
import { imagePath } from './folder-store.ts';
import { IMAGE_INDEX } from './image-index.ts';
import type { ImageSize } from './requests.ts';
import { IMAGE_SIZES } from './requests.ts';

export interface ImageCheck {
  /** Images that listings have. */
  readonly images: number;
  /** How many files of them are missing or broken. */
  readonly badFiles: number;
  /** The first of them and what is wrong; null: all is well. */
  readonly finding: string | null;
}

/** A WebP file begins with `RIFF`, the number of bytes that follow, and `WEBP`. */
const RIFF_BYTES = 8;
const WEBP_BYTES = 12;

/** Null where there never was an image. @throws what opening throws, but for damage */
export function checkImages(folder: string, indexFile: string): ImageCheck | null {
  if (!existsSync(indexFile)) return null;
  let db: Connection | undefined;
  try {
    db = openForReading(indexFile, IMAGE_INDEX);
    const broken = db.pragma('integrity_check(1)', { simple: true });
    if (broken !== 'ok') return { images: 0, badFiles: 0, finding: `${indexFile}: ${broken}` };
    const hashes = db.prepare('SELECT DISTINCT hash FROM listing_image').pluck().all();
    const used = db.prepare('SELECT 1 FROM listing_image WHERE hash = ? LIMIT 1');
    // A server may be running, and have removed an image since.
    return checkFiles(folder, hashes as string[], (hash) => used.get(hash) !== undefined);
  } catch (error) {
    if (!isCorruption(error)) throw error;
    return { images: 0, badFiles: 0, finding: `${indexFile}: ${error.message}` };
  } finally {
    db?.close();
  }
}

function checkFiles(
  folder: string,
  hashes: readonly string[],
  isUsed: (hash: string) => boolean,
): ImageCheck {
  let badFiles = 0;
  let finding: string | null = null;
  for (const hash of hashes) {
    for (const size of IMAGE_SIZES) {
      const path = imagePath(folder, hash, size);
      const what = problemOf(path, hash, size);
      if (what === null || !isUsed(hash)) continue;
      badFiles += 1;
      finding ??= `${path} ${what}`;
    }
  }
  return { images: hashes.length, badFiles, finding };
}

function problemOf(path: string, hash: string, size: ImageSize): string | null {
  if (!existsSync(path)) return 'is missing';
  const bytes = readFileSync(path);
  const isWhole =
    bytes.length >= WEBP_BYTES &&
    bytes.toString('latin1', 0, 4) === 'RIFF' &&
    bytes.toString('latin1', RIFF_BYTES, WEBP_BYTES) === 'WEBP' &&
    bytes.readUInt32LE(4) === bytes.length - RIFF_BYTES;
  if (!isWhole) return 'is not a whole image';
  if (size !== 'full') return null;
  const isItself = createHash('sha256').update(bytes).digest('hex') === hash;
  return isItself ? null : 'is not what its name says';
}
