/**
 * Files of images in the data folder, named by their content:
 *
 *   images/ab/ab12…-full.webp  -large.webp  -medium.webp  -small.webp
 *
 * Each is written under a temporary name, synced and renamed, the full size last: where that one is,
 * all are. A file never changes; its name would have to.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders, writeDurably } from '../journal/data-folder.ts';
import type { ImageStore } from './image-store.ts';
import type { Picture } from './picture.ts';
import { IMAGE_SIZES } from './requests.ts';
import type { ImageSize } from './requests.ts';

const FILE_NAME = /^([0-9a-f]{64})-[a-z]+\.webp$/;

/** Where the folder of images has this size of an image. */
export function imagePath(folder: string, hash: string, size: ImageSize): string {
  return join(folder, hash.slice(0, 2), `${hash}-${size}.webp`);
}

export class FolderStore implements ImageStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    makeFolders(folder);
  }

  put(hash: string, files: Picture['files']): void {
    if (existsSync(this.#path(hash, 'full'))) return;
    makeFolders(join(this.#folder, hash.slice(0, 2)));
    for (const size of IMAGE_SIZES) writeDurably(this.#path(hash, size), files[size]);
  }

  read(hash: string, size: ImageSize): Uint8Array | null {
    try {
      return readFileSync(this.#path(hash, size));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  }

  /** The full size goes first: what a crash leaves is then no image any more. */
  remove(hash: string): void {
    for (const size of IMAGE_SIZES.toReversed()) rmSync(this.#path(hash, size), { force: true });
  }

  *sweep(isWanted: (hash: string) => boolean): Generator<number> {
    const parts = readdirSync(this.#folder, { withFileTypes: true });
    for (const part of parts) {
      if (part.isDirectory()) yield this.#sweepPart(join(this.#folder, part.name), isWanted);
    }
  }

  #sweepPart(part: string, isWanted: (hash: string) => boolean): number {
    const leftovers = readdirSync(part).filter((name) => {
      const hash = FILE_NAME.exec(name)?.[1];
      return hash === undefined || !isWanted(hash);
    });
    for (const name of leftovers) rmSync(join(part, name));
    return leftovers.length;
  }

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize;
  }

  #path(hash: string, size: ImageSize): string {
    return imagePath(this.#folder, hash, size);
  }
}
