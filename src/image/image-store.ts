/** Where the files of images lie: the interface. folder-store.ts keeps them in the data folder. */
import type { Picture } from './picture.ts';
import type { ImageSize } from './requests.ts';

export interface ImageStore {
  /** All sizes of an image, durable when this returns; one that is there already stays. */
  put(hash: string, files: Picture['files']): void;
  /** Null: there is none. */
  read(hash: string, size: ImageSize): Uint8Array | null;
  remove(hash: string): void;
  /**
   * Removes what nobody needs, a part at a time: files of images that are not wanted, and what an
   * interrupted `put` left. Yields how many files each part had too many.
   */
  sweep(isWanted: (hash: string) => boolean): Iterable<number>;
  /** Bytes that could still be written. */
  freeBytes(): number;
}
