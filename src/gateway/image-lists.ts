/**
 * Which images listings have, kept on the main thread for those that were asked for last: an auction
 * and a page of cards show them without another question to their thread.
 *
 *   auction, cards ──▶ known? ──no──▶ thread
 *                        ▲              │ every reply tells what the listing has now,
 *                        └──────────────┘ in the order in which it came to have it
 */
import { IMAGES } from '../config/limits.ts';
import type { ImageReply, ImageRequest, ListedImage } from '../image/requests.ts';
import type { ImagePort } from './image-port.ts';

export class ImageLists implements ImagePort {
  readonly #port: ImagePort;
  /** The one that was asked for longest ago stands first. */
  readonly #known = new Map<string, readonly ListedImage[]>();

  constructor(port: ImagePort) {
    this.#port = port;
  }

  async ask(request: ImageRequest): Promise<ImageReply> {
    const reply = await this.#port.ask(request);
    if (!('auctionId' in request)) return reply;
    if ('images' in reply) this.#keep(request.auctionId, reply.images);
    else this.#known.delete(request.auctionId);
    return reply;
  }

  /** Undefined: it has to be asked for. */
  known(auctionId: string): readonly ListedImage[] | undefined {
    return this.#known.get(auctionId);
  }

  /** By auction; one that is missing is not known at the moment. */
  async of(auctionIds: readonly string[]): Promise<ReadonlyMap<string, readonly ListedImage[]>> {
    const found = new Map<string, readonly ListedImage[]>();
    const missing: string[] = [];
    for (const id of auctionIds) {
      const known = this.#known.get(id);
      if (known === undefined) missing.push(id);
      else found.set(id, known);
    }
    if (missing.length === 0) return found;
    const reply = await this.#port.ask({ kind: 'lists', auctionIds: missing });
    if (!('lists' in reply)) return found;
    for (const [i, id] of missing.entries()) {
      const images = reply.lists[i] ?? [];
      found.set(id, images);
      this.#keep(id, images);
    }
    return found;
  }

  #keep(auctionId: string, images: readonly ListedImage[]): void {
    this.#known.delete(auctionId);
    this.#known.set(auctionId, images);
    if (this.#known.size <= IMAGES.listsKeptMax) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
