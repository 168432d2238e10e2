/** Where a data folder keeps the images of listings. */
import { join } from 'node:path';

export interface ImageFiles {
  readonly folder: string;
  readonly indexFile: string;
}

export function imageFiles(folder: string): ImageFiles {
  const images = join(folder, 'images');
  return { folder: images, indexFile: join(images, 'index.sqlite') };
}
