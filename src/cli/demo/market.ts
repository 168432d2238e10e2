/**
 * The marketplace of `gavel demo`: sellers with generated listings and bidders who bid on them, over
 * the SDK, as any client would. An auction that is over makes room for a new one.
 *
 *   every BID_EVERY_MS: somebody ─▶ some auction ─▶ at or above the least that is taken
 *                                        └─ over ─▶ its place gets a new listing
 */
import { connect } from '../../client/client.ts';
import type { Gavel } from '../../client/client.ts';
import { MINUTE_MS } from '../../config/limits.ts';
import type { RunningNode } from '../../node/server.ts';
import { CONDITIONS } from '../../protocol/common.ts';

const SELLERS = ['sam', 'sue', 'stan'];
const BIDDERS = ['ann', 'bob', 'cleo', 'dan', 'eve', 'finn', 'gus', 'hana'];
const MADE_OF = ['Brass', 'Oak', 'Silver', 'Porcelain', 'Leather', 'Glass'];
const THINGS = [
  ['Lamp', 'Home', 'Lighting'],
  ['Chair', 'Home', 'Furniture'],
  ['Watch', 'Collectibles', 'Watches'],
  ['Camera', 'Electronics', 'Cameras'],
  ['Radio', 'Electronics', 'Audio'],
] as const;
const PLACES = [
  { location: 'Berlin', country: 'DE' },
  { location: 'Lyon', country: 'FR' },
  { location: 'Leeds', country: 'GB' },
  { location: 'Boston', country: 'US' },
];
const AUCTIONS = 24;
const BID_EVERY_MS = 500;

interface Place {
  id: string;
  nextCents: number;
}

export class Market {
  readonly #bidders: readonly Gavel[];
  readonly #sellers: readonly Gavel[];
  readonly #places: Place[] = [];
  readonly #failed: (error: Error) => void;
  #timer: NodeJS.Timeout | null = null;
  #bidding: Promise<void> = Promise.resolve();

  private constructor(node: RunningNode, failed: (error: Error) => void) {
    const as = (name: string, role: 'seller' | 'bidder'): Gavel =>
      connect({ url: node.publicUrl, token: () => node.tokenFor(name, [role]) });
    this.#sellers = SELLERS.map((name) => as(name, 'seller'));
    this.#bidders = BIDDERS.map((name) => as(name, 'bidder'));
    this.#failed = failed;
  }

  /** Lists everything, then lets the bidders in. @param failed is told once of what ends the bidding */
  static async open(node: RunningNode, failed: (error: Error) => void): Promise<Market> {
    const market = new Market(node, failed);
    try {
      for (let at = 0; at < AUCTIONS; at++) market.#places.push(await market.#list(at));
    } catch (error) {
      await market.close();
      throw error;
    }
    market.#timer = setTimeout(() => market.#next(), BID_EVERY_MS);
    return market;
  }

  /** An auction to look at. */
  get anAuction(): string {
    return (this.#places[0] as Place).id;
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const gavel of [...this.#sellers, ...this.#bidders]) gavel.close();
    await this.#bidding;
  }

  #next(): void {
    this.#bidding = this.#bidAndGoOn();
  }

  async #bidAndGoOn(): Promise<void> {
    try {
      await this.#bid();
      if (this.#timer !== null) this.#timer = setTimeout(() => this.#next(), BID_EVERY_MS);
    } catch (error) {
      // Closed while a bid was under way: that is what was asked for.
      if (this.#timer !== null) this.#failed(error as Error);
    }
  }

  async #bid(): Promise<void> {
    const at = Math.floor(Math.random() * this.#places.length);
    const place = this.#places[at] as Place;
    const more = 1 + Math.random() * 0.2;
    const { accepted, refusal, minimumNextCents } = await one(this.#bidders).bid(
      place.id,
      Math.ceil(place.nextCents * more),
    );
    if (minimumNextCents !== undefined) place.nextCents = minimumNextCents;
    if (!accepted && refusal?.name === 'AUCTION_ENDED') this.#places[at] = await this.#list(at);
  }

  /** The first ones end soon, so that there is a close to see. */
  async #list(at: number): Promise<Place> {
    const [thing, ...category] = one(THINGS);
    const startPriceCents = 100 * (5 + Math.floor(Math.random() * 95));
    const { auctionId } = await one(this.#sellers).rest.createAuction({
      title: `${one(MADE_OF)} ${thing}`,
      description: 'From the demonstration.',
      condition: one(CONDITIONS),
      ...one(PLACES),
      shipping: 'Parcel, insured',
      shippingCents: 100 * Math.floor(Math.random() * 12),
      category,
      currency: 'USD',
      startPriceCents,
      endsAtMs: Date.now() + (at + 2) * MINUTE_MS,
    });
    return { id: auctionId, nextCents: startPriceCents };
  }
}

function one<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T;
}
