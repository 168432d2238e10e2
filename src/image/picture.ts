/**
 * Makes what is kept of an upload: four sizes in WebP, upright, in sRGB, and without a word of
 * metadata (place, camera, comments), because only pixels are taken over.
 *
 *   upload ──▶ kind by content ──▶ head: format, pixels ──▶ decode once, at most 2,048 wide ──▶ four sizes
 *                   │                    │                        │
 *                   └────────────────────┴──▶ Unreadable ◀────────┘
 *
 * This is native code on bytes from strangers: it runs in a process of its own (node/), which may
 * crash, hang or be killed without anybody else noticing.
 */
import sharp from 'sharp';
import type { ResizeOptions } from 'sharp';
import { IMAGES } from '../config/limits.ts';
import { imageKind, KINDS_TAKEN } from './image-kind.ts';
import { IMAGE_SIZES } from './requests.ts';
import type { ImageSize } from './requests.ts';

export interface Picture {
  /** Of the full size. */
  readonly width: number;
  readonly height: number;
  readonly files: Readonly<Record<ImageSize, Uint8Array>>;
}

/** The file cannot be taken; the message goes on after "the file". */
export class Unreadable extends Error {
  override name = 'Unreadable';
}

/** Of all that the library could read, only what the kinds need. */
const DECODERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'];
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: DECODERS.map((name) => `VipsForeignLoad${name}Buffer`) });
sharp.cache(false);
sharp.concurrency(1);

/** How the library calls what we call AVIF. */
const FORMATS = { jpeg: 'jpeg', png: 'png', gif: 'gif', webp: 'webp', avif: 'heif' } as const;
const INPUT = {
  limitInputPixels: IMAGES.pixelsMax,
  failOn: 'error',
  sequentialRead: true,
} as const;

/** @throws Unreadable */
export async function makePicture(upload: Uint8Array): Promise<Picture> {
  const kind = imageKind(upload);
  if (kind === undefined) throw new Unreadable(`is not ${KINDS_TAKEN}`);
  try {
    const { format, width, height } = await sharp(upload, {
      failOn: 'error',
      limitInputPixels: false,
    }).metadata();
    if (format !== FORMATS[kind]) throw new Unreadable(`is not ${KINDS_TAKEN}`);
    if (width * height > IMAGES.pixelsMax) {
      throw new Unreadable(`has more than ${IMAGES.pixelsMax / 1e6} million pixels`);
    }
    return await sized(upload);
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable('is damaged, or not whole', { cause: error });
  }
}

async function sized(upload: Uint8Array): Promise<Picture> {
  const { data, info } = await sharp(upload, INPUT)
    .autoOrient()
    .resize(boxOf('full'))
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const files: Partial<Record<ImageSize, Uint8Array>> = {};
  for (const size of IMAGE_SIZES) {
    files[size] = await sharp(data, { raw: { width, height, channels } })
      .resize(boxOf(size))
      .webp({ quality: IMAGES.quality })
      .toBuffer();
  }
  return { width, height, files: files as Record<ImageSize, Uint8Array> };
}

function boxOf(size: ImageSize): ResizeOptions {
  const side = IMAGES.sides[size];
  return { width: side, height: side, fit: 'inside', withoutEnlargement: true };
}
