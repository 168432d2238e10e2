/**
 * The rows of listings: read when an event concerns them, changed in memory, and written once a
 * transaction, however many bids came. With a row goes what hangs on it: its words while it is live
 * or past, its category's count, and who bid on it.
 */
import type { ListingText } from '../auction/terms.ts';
import { DISCOVERY } from '../config/limits.ts';
import type { Connection, Statement } from '../journal/sqlite-connection.ts';
import { must } from '../lib/assert.ts';
import { namesOf } from './category-path.ts';
import { heatTogether } from './heat.ts';
import type { Categories } from './categories.ts';
import type { Bidding, ListingRow } from './listing-row.ts';
import { isLive } from './read-model-file.ts';
import type { Words } from './words.ts';

/** A row at hand, and what is written of it already. */
export interface KeptListing {
  readonly row: ListingRow;
  readonly biddings: Map<number, Bidding>;
  isNew: boolean;
  /** Nothing but bids came: few columns change, and few indexes with them. */
  isBidOn: boolean;
  bidsAreVoid: boolean;
  /** Not written yet. */
  text: ListingText | null;
  /** As the tables have it. */
  writtenLive: boolean;
  writtenCategory: number;
}

interface TableRow {
  readonly key: number;
  readonly id: string;
  readonly seller: number;
  readonly category: number;
  readonly path: string;
  readonly status: number;
  readonly title: string;
  readonly condition: string | null;
  readonly location: string | null;
  readonly country: string | null;
  readonly shipping_cents: number | null;
  readonly format: string;
  readonly currency: string;
  readonly start_cents: number;
  readonly price_cents: number;
  readonly buy_now_cents: number | null;
  readonly has_reserve: number;
  readonly reserve_met: number;
  readonly bids: number;
  readonly leader: number;
  readonly winner: number;
  readonly listed_ms: number;
  readonly starts_ms: number;
  readonly ends_ms: number;
  readonly bid_heat: number;
  readonly watch_heat: number;
  readonly watched: number;
}

const COLUMNS = 27;

export class ListingTable {
  readonly #kept = new Map<number, KeptListing>();
  readonly #changed = new Set<KeptListing>();
  readonly #categories: Categories;
  readonly #words: Words;
  readonly #find: Statement;
  readonly #read: Statement;
  readonly #write: Statement;
  readonly #update: Statement;
  readonly #readText: Statement;
  readonly #writeText: Statement;
  readonly #readBidding: Statement;
  readonly #writeBidding: Statement;
  readonly #voidBiddings: Statement;

  constructor(db: Connection, categories: Categories, words: Words) {
    this.#categories = categories;
    this.#words = words;
    this.#find = db.prepare('SELECT key FROM listing WHERE id = ?').pluck();
    this.#read = db.prepare(
      "SELECT l.*, coalesce(c.path, '') AS path FROM listing l " +
        'LEFT JOIN category c ON c.key = l.category WHERE l.key = ?',
    );
    const places = Array.from({ length: COLUMNS }, () => '?').join(', ');
    this.#write = db.prepare(`INSERT OR REPLACE INTO listing VALUES (${places})`);
    this.#update = db.prepare(
      'UPDATE listing SET price_cents = ?, reserve_met = ?, bids = ?, leader = ?, heat = ?, ' +
        'bid_heat = ?, watch_heat = ?, watched = ? WHERE key = ?',
    );
    this.#readText = db.prepare('SELECT description FROM listing_text WHERE key = ?').pluck();
    this.#writeText = db.prepare('INSERT OR REPLACE INTO listing_text VALUES (?, ?)');
    this.#readBidding = db.prepare(
      'SELECT bids, max_cents AS maxCents, last_ms AS lastMs FROM bidding ' +
        'WHERE user = ? AND listing = ?',
    );
    // In its place, so that the index is touched by the first bid only.
    this.#writeBidding = db.prepare(
      'INSERT INTO bidding VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE ' +
        'SET bids = excluded.bids, max_cents = excluded.max_cents, last_ms = excluded.last_ms',
    );
    this.#voidBiddings = db.prepare('UPDATE bidding SET bids = 0, max_cents = 0 WHERE listing = ?');
  }

  /** Rows that the next `write` writes. */
  get changed(): number {
    return this.#changed.size;
  }

  add(row: ListingRow, text: ListingText): void {
    const kept: KeptListing = {
      row,
      biddings: new Map(),
      isNew: true,
      isBidOn: false,
      bidsAreVoid: false,
      text,
      writtenLive: false,
      writtenCategory: 0,
    };
    this.#kept.set(row.key, kept);
    this.#changed.add(kept);
  }

  /** Undefined: no such listing has been written. */
  keyOf(id: string): number | undefined {
    return this.#find.get(id) as number | undefined;
  }

  /** The row, to be changed by a bid (or what changes as little), or by something else. */
  change(key: number, byBid: boolean): KeptListing {
    const kept = this.#kept.get(key) ?? this.#load(key);
    kept.isBidOn = byBid && (kept.isBidOn || !this.#changed.has(kept));
    this.#changed.add(kept);
    return kept;
  }

  bidding(kept: KeptListing, user: number): Bidding {
    const known = kept.biddings.get(user);
    if (known !== undefined) return known;
    const found = kept.isNew
      ? undefined
      : (this.#readBidding.get(user, kept.row.key) as Omit<Bidding, 'isChanged'> | undefined);
    const bidding = { ...(found ?? { bids: 0, maxCents: 0, lastMs: 0 }), isChanged: false };
    kept.biddings.set(user, bidding);
    return bidding;
  }

  /** Writes what changed. Within a transaction. */
  write(): void {
    for (const kept of this.#changed) this.#writeOne(kept);
    this.#changed.clear();
    if (this.#kept.size > DISCOVERY.rowsMax) this.#kept.clear();
  }

  #load(key: number): KeptListing {
    const found = must(this.#read.get(key) as TableRow | undefined, 'a listing comes first');
    const kept: KeptListing = {
      row: rowOf(found),
      biddings: new Map(),
      isNew: false,
      isBidOn: false,
      bidsAreVoid: false,
      text: null,
      writtenLive: isLive(found.status),
      writtenCategory: found.category,
    };
    this.#kept.set(key, kept);
    return kept;
  }

  #writeOne(kept: KeptListing): void {
    this.#writeBiddings(kept);
    if (kept.isBidOn) return this.#writeBids(kept.row);
    const { row } = kept;
    const category =
      kept.isNew || kept.text !== null
        ? this.#categories.keyOf(row.category)
        : kept.writtenCategory;
    this.#write.run(...valuesOf(row, category));
    this.#writeWords(kept);
    this.#count(kept, category);
    if (kept.text !== null) this.#writeText.run(row.key, describedIn(kept.text));
    kept.isNew = false;
    kept.text = null;
    kept.writtenLive = isLive(row.status);
    kept.writtenCategory = category;
  }

  #writeBids(row: ListingRow): void {
    const { priceCents, bids, leader, bidHeat, watchHeat, watched, key } = row;
    const reserveMet = row.reserveMet ? 1 : 0;
    const heats = [heatTogether(bidHeat, watchHeat), bidHeat, watchHeat];
    this.#update.run(priceCents, reserveMet, bids, leader, ...heats, watched, key);
  }

  #writeBiddings(kept: KeptListing): void {
    const { row, biddings } = kept;
    if (kept.bidsAreVoid) this.#voidBiddings.run(row.key);
    kept.bidsAreVoid = false;
    for (const [user, bidding] of biddings) {
      if (!bidding.isChanged) continue;
      const { bids, maxCents, lastMs } = bidding;
      this.#writeBidding.run(user, row.key, bids, maxCents, lastMs);
      bidding.isChanged = false;
    }
  }

  #writeWords({ row, isNew, text, writtenLive }: KeptListing): void {
    const live = isLive(row.status);
    if (!isNew && text === null && live === writtenLive) return;
    const description = text === null ? (this.#readText.get(row.key) as string) : describedIn(text);
    if (!isNew) this.#words.remove(row.key, writtenLive);
    this.#words.add(row.key, live, row.title, description);
  }

  #count({ row, isNew, writtenLive, writtenCategory }: KeptListing, category: number): void {
    const live = isLive(row.status);
    if (!isNew && live === writtenLive && category === writtenCategory) return;
    if (!isNew && writtenLive) this.#categories.count(writtenCategory, -1);
    if (live) this.#categories.count(category, 1);
  }
}

/** What is searched beside the title: additions are found like the description. */
function describedIn({ description, additions }: ListingText): string {
  return [description, ...additions.map(({ text }) => text)].join('\n');
}

function rowOf(found: TableRow): ListingRow {
  return {
    key: found.key,
    id: found.id,
    seller: found.seller,
    status: found.status,
    title: found.title,
    category: namesOf(found.path),
    condition: found.condition,
    location: found.location,
    country: found.country,
    shippingCents: found.shipping_cents,
    format: found.format,
    currency: found.currency,
    startCents: found.start_cents,
    priceCents: found.price_cents,
    buyNowCents: found.buy_now_cents,
    hasReserve: found.has_reserve === 1,
    reserveMet: found.reserve_met === 1,
    bids: found.bids,
    leader: found.leader,
    winner: found.winner,
    listedMs: found.listed_ms,
    startsMs: found.starts_ms,
    endsMs: found.ends_ms,
    bidHeat: found.bid_heat,
    watchHeat: found.watch_heat,
    watched: found.watched,
  };
}

function valuesOf(row: ListingRow, category: number): readonly (number | string | null)[] {
  return [
    row.key,
    row.id,
    row.seller,
    category,
    row.status,
    row.title,
    row.condition,
    row.location,
    row.country,
    row.shippingCents,
    row.format,
    row.currency,
    row.startCents,
    row.priceCents,
    row.buyNowCents,
    row.hasReserve ? 1 : 0,
    row.reserveMet ? 1 : 0,
    row.bids,
    row.leader,
    row.winner,
    row.listedMs,
    row.startsMs,
    row.endsMs,
    heatTogether(row.bidHeat, row.watchHeat),
    row.bidHeat,
    row.watchHeat,
    row.watched,
  ];
}
