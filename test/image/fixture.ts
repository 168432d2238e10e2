/** Images for tests, made on the spot, and a desk over a temporary folder. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import sharp from 'sharp';
import type { SharpOptions } from 'sharp';
import { FolderStore } from '../../src/image/folder-store.ts';
import type { MakePicture } from '../../src/image/image-desk.ts';
import { ImageDesk } from '../../src/image/image-desk.ts';
import { ImageIndex } from '../../src/image/image-index.ts';

export const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'avif'] as const;

/** A file with noise in it, so that it is as large as photographs are. */
export async function imageFile(
  format: (typeof FORMATS)[number] | 'tiff',
  width = 300,
  height = 200,
): Promise<Buffer> {
  return sharp({
    create: {
      width,
      height,
      channels: 3,
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  } as SharpOptions)
    .toFormat(format, { effort: 1 })
    .toBuffer();
}

export interface DeskFixture {
  readonly desk: ImageDesk;
  readonly index: ImageIndex;
  readonly store: FolderStore;
  readonly folder: string;
}

export function deskFixture(t: TestContext, make: MakePicture = textPicture): DeskFixture {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-images-'));
  const store = new FolderStore(folder);
  const index = new ImageIndex(join(folder, 'index.sqlite'));
  t.after(() => {
    index.close();
    rmSync(folder, { recursive: true });
  });
  return { desk: new ImageDesk(index, store, make), index, store, folder };
}

/** In place of a decoder: every size of an upload is its text with the size's name. */
export const textPicture: MakePicture = async (upload) => {
  const of = (size: string): Uint8Array => Buffer.concat([upload, Buffer.from(size)]);
  const files = { small: of('small'), medium: of('medium'), large: of('large'), full: of('full') };
  return { width: 4, height: 3, files };
};

/** The name that an upload's image gets from `textPicture`. */
export function hashOf(upload: string): string {
  return createHash('sha256').update(`${upload}full`).digest('hex');
}
