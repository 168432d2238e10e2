/** What can be asked of the images of listings, and what is answered. */
import { IMAGES } from '../config/limits.ts';

/** From small to large; all of them are kept for each image. */
export type ImageSize = keyof typeof IMAGES.sides;
export const IMAGE_SIZES = Object.keys(IMAGES.sides) as readonly ImageSize[];

/** SHA-256 of the full size, hexadecimal: the name of an image, the same wherever it is used. */
export const IMAGE_HASH = /^[0-9a-f]{64}$/;

export interface ListedImage {
  readonly hash: string;
  /** Of the full size, in pixels. */
  readonly width: number;
  readonly height: number;
}

export type ImageRequest =
  | { readonly kind: 'add'; readonly auctionId: string; readonly upload: Uint8Array }
  | { readonly kind: 'list'; readonly auctionId: string }
  | { readonly kind: 'lists'; readonly auctionIds: readonly string[] }
  | { readonly kind: 'remove'; readonly auctionId: string; readonly hash: string }
  /** All of the listing's images, in the new order. */
  | { readonly kind: 'order'; readonly auctionId: string; readonly hashes: readonly string[] }
  /** What `from` has, for a listing that has none yet. */
  | { readonly kind: 'copy'; readonly from: string; readonly auctionId: string }
  | { readonly kind: 'read'; readonly hash: string; readonly size: ImageSize };

export type ImageFault =
  /** The file is none that is taken; `reason` goes on after "the file". */
  | { readonly fault: 'unreadable'; readonly reason: string }
  | { readonly fault: 'too many' | 'unknown' | 'not the same' }
  /** The disk has too little room; too much waits; the thread died. */
  | { readonly fault: 'full' | 'overloaded' | 'failed' };

export type ImageReply =
  | { readonly images: readonly ListedImage[]; readonly added: ListedImage | null }
  | { readonly lists: readonly (readonly ListedImage[])[] }
  | { readonly bytes: Uint8Array }
  | ImageFault;
