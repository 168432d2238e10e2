/** A listing as lists show it: the names are those of the auction itself. */
import type { Connection, Statement } from '../journal/sqlite-connection.ts';
import { namesOf } from './category-path.ts';
import type { Status } from './read-model-file.ts';
import { isLive, STATUSES } from './read-model-file.ts';

export interface Card {
  readonly auctionId: string;
  readonly title: string;
  readonly seller: string;
  readonly category: readonly string[];
  /** These four are absent where the seller did not say. */
  readonly condition?: string;
  readonly location?: string;
  readonly country?: string;
  readonly shippingCents?: number;
  readonly status: Status;
  readonly format: string;
  readonly currency: string;
  readonly startPriceCents: number;
  readonly currentPriceCents: number;
  /** Absent: not or no longer offered. */
  readonly buyNowCents?: number;
  readonly hasReserve: boolean;
  readonly reserveMet: boolean;
  readonly bidCount: number;
  /** Watchlists that it is on. */
  readonly watchCount: number;
  readonly listedAtMs: number;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

type Found = readonly [
  id: string,
  title: string,
  seller: string,
  path: string,
  status: number,
  format: string,
  currency: string,
  startCents: number,
  priceCents: number,
  buyNowCents: number | null,
  hasReserve: number,
  reserveMet: number,
  bids: number,
  listedMs: number,
  startsMs: number,
  endsMs: number,
  condition: string | null,
  location: string | null,
  country: string | null,
  shippingCents: number | null,
  watched: number,
];

export class Cards {
  readonly #find: Statement;

  constructor(db: Connection) {
    this.#find = db
      .prepare(
        `SELECT l.id, l.title, u.id, coalesce(c.path, ''), l.status, l.format, l.currency,
                l.start_cents, l.price_cents, l.buy_now_cents, l.has_reserve, l.reserve_met,
                l.bids, l.listed_ms, l.starts_ms, l.ends_ms,
                l.condition, l.location, l.country, l.shipping_cents, l.watched
         FROM listing l JOIN user u ON u.key = l.seller
         LEFT JOIN category c ON c.key = l.category WHERE l.key = ?`,
      )
      .raw();
  }

  of(keys: readonly number[]): readonly Card[] {
    return keys.map((key) => cardOf(this.#find.get(key) as Found));
  }
}

function cardOf(found: Found): Card {
  const [auctionId, title, seller, path, status, format, currency, startPriceCents, ...more] =
    found;
  const [priceCents, buyNowCents, hasReserve, reserveMet, bidCount, listed, starts, ...item] = more;
  const [ends, condition, location, country, shippingCents, watchCount] = item;
  // As quote.ts of the rules says: until a bid stands or, with a reserve, until it is met.
  const isOpen = isLive(status) && (hasReserve === 1 ? reserveMet === 0 : bidCount === 0);
  return {
    auctionId,
    title,
    seller,
    category: namesOf(path),
    ...(condition === null ? {} : { condition }),
    ...(location === null ? {} : { location }),
    ...(country === null ? {} : { country }),
    ...(shippingCents === null ? {} : { shippingCents }),
    status: STATUSES[status] as Status,
    format,
    currency,
    startPriceCents,
    currentPriceCents: priceCents,
    ...(isOpen && buyNowCents !== null ? { buyNowCents } : {}),
    hasReserve: hasReserve === 1,
    reserveMet: reserveMet === 1,
    bidCount,
    watchCount,
    listedAtMs: listed,
    startsAtMs: starts,
    endsAtMs: ends,
  };
}
