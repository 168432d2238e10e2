/** An image of a listing as clients see it: its hash, its size in pixels, and its addresses. */
import type { ImageSize, ListedImage } from '../image/requests.ts';
import { IMAGE_SIZES } from '../image/requests.ts';

export function shownImage({ hash, width, height }: ListedImage): object {
  const sizes = IMAGE_SIZES.map((size) => [size, addressOf(hash, size)]);
  return { hash, width, height, ...Object.fromEntries(sizes) };
}

export function addressOf(hash: string, size: ImageSize): string {
  return `/v1/images/${hash}/${size}`;
}
