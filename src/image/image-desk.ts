/**
 * The images of all listings: takes uploads in, gives them out, and knows whose they are. Who may
 * ask has been checked before.
 *
 *   upload ──▶ room? ──▶ make the sizes (another process) ──▶ files ──▶ row ──▶ answer
 *                                   │ await                   └── one step ──┘
 *
 * Everything behind the await happens in one step of one thread, so two uploads never both take the
 * last place, and no sweep sees files whose row is not written yet. A crash between files and row
 * leaves files that nobody sees; the sweep of the next start removes them.
 */
import { createHash } from 'node:crypto';
import { IMAGES } from '../config/limits.ts';
import { unreachable } from '../lib/assert.ts';
import type { ImageIndex } from './image-index.ts';
import { reordered } from './image-index.ts';
import type { ImageStore } from './image-store.ts';
import type { Picture } from './picture.ts';
import type { ImageFault, ImageReply, ImageRequest, ListedImage } from './requests.ts';

/** Makes the sizes of an upload, or says why not. */
export type MakePicture = (upload: Uint8Array) => Promise<Picture | ImageFault>;

export class ImageDesk {
  readonly #index: ImageIndex;
  readonly #store: ImageStore;
  readonly #make: MakePicture;

  constructor(index: ImageIndex, store: ImageStore, make: MakePicture) {
    this.#index = index;
    this.#store = store;
    this.#make = make;
  }

  async handle(request: ImageRequest): Promise<ImageReply> {
    switch (request.kind) {
      case 'add':
        return this.#add(request.auctionId, request.upload);
      case 'list':
        return { images: this.#index.of(request.auctionId), added: null };
      case 'lists':
        return { lists: request.auctionIds.map((auctionId) => this.#index.of(auctionId)) };
      case 'remove':
        return this.#remove(request.auctionId, request.hash);
      case 'order':
        return this.#order(request.auctionId, request.hashes);
      case 'copy':
        return this.#copy(request.from, request.auctionId);
      case 'read': {
        const { hash, size } = request;
        const bytes = this.#index.isUsed(hash) ? this.#store.read(hash, size) : null;
        return bytes === null ? { fault: 'unknown' } : { bytes };
      }
      default:
        return unreachable(request, 'request');
    }
  }

  /** Removes what interrupted uploads left, a part at a time; yields how many files. */
  sweep(): Iterable<number> {
    return this.#store.sweep((hash) => this.#index.isUsed(hash));
  }

  async #add(auctionId: string, upload: Uint8Array): Promise<ImageReply> {
    if (this.#store.freeBytes() < IMAGES.freeBytesMin) return { fault: 'full' };
    const made = await this.#make(upload);
    if ('fault' in made) return made;
    const { width, height, files } = made;
    const hash = createHash('sha256').update(files.full).digest('hex');
    const images = this.#index.of(auctionId);
    const known = images.find((image) => image.hash === hash);
    if (known !== undefined) return { images, added: known };
    if (images.length >= IMAGES.perListingMax) return { fault: 'too many' };
    this.#store.put(hash, files);
    const added: ListedImage = { hash, width, height };
    this.#index.replace(auctionId, [...images, added]);
    return { images: this.#index.of(auctionId), added };
  }

  /** Files are shared by their hash; a listing that has images already keeps them. */
  #copy(from: string, auctionId: string): ImageReply {
    const [own, others] = [this.#index.of(auctionId), this.#index.of(from)];
    if (own.length > 0 || others.length === 0) return { images: own, added: null };
    this.#index.replace(auctionId, others);
    return { images: others, added: null };
  }

  #remove(auctionId: string, hash: string): ImageReply {
    const images = this.#index.of(auctionId);
    const left = images.filter((image) => image.hash !== hash);
    if (left.length === images.length) return { fault: 'unknown' };
    this.#index.replace(auctionId, left);
    if (!this.#index.isUsed(hash)) this.#store.remove(hash);
    return { images: left, added: null };
  }

  #order(auctionId: string, hashes: readonly string[]): ImageReply {
    const images = reordered(this.#index.of(auctionId), hashes);
    if (images === undefined) return { fault: 'not the same' };
    this.#index.replace(auctionId, images);
    return { images, added: null };
  }
}
