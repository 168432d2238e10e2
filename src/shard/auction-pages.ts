/**
 * Pages of a shard's auctions, newest first: by the millisecond of listing, and within one by id,
 * which is the same order on every shard, so that pages of several can be merged.
 *
 *   newest ── ms 7 ── ms 6 ── ms 5 ── … ── oldest       references go down, time goes down
 *             c b a   b a │   e d c b a                 a whole millisecond is taken, then sorted
 *                         └ next: 6, a                  where the page after this one goes on
 */
import type { Auction } from '../auction/auction.ts';
import type { AuctionRef, UserRef } from '../auction/ids.ts';
import type { ShardState } from './shard-state.ts';

/** What lies before it is older: auctions of earlier milliseconds, and of its own those with lower ids. */
export interface PagePosition {
  readonly ms: number;
  /** Null: none of this millisecond. */
  readonly id: string | null;
}

export interface PageQuery {
  /** Null: from the newest. */
  readonly before: PagePosition | null;
  readonly limit: number;
  readonly status: Auction['status'] | null;
  readonly seller: UserRef | null;
}

export interface AuctionPage {
  readonly auctions: readonly Auction[];
  /** Null: there are no more. The page may be short, or empty, all the same. */
  readonly next: PagePosition | null;
}

/** Looks at no more than `scanMax` auctions, but always at a whole millisecond. */
export function pageOf(state: ShardState, query: PageQuery, scanMax: number): AuctionPage {
  const { before, limit } = query;
  const found: Auction[] = [];
  const firstRef = firstRefOf(state, before);
  let ref = firstRef;
  while (ref >= 1) {
    const ms = listedMs(state, ref);
    const same: Auction[] = [];
    for (; ref >= 1 && listedMs(state, ref) === ms; ref--) {
      const auction = state.auction(ref as AuctionRef);
      if (isBefore(auction.id, ms, before) && fits(auction, query)) same.push(auction);
    }
    found.push(...same.sort((a, b) => (a.id < b.id ? 1 : -1)));
    // One more than asked for shows that there are more.
    if (found.length > limit) {
      const auctions = found.slice(0, limit);
      return { auctions, next: positionOf(auctions.at(-1)) ?? before };
    }
    if (ref >= 1 && firstRef - ref >= scanMax) return { auctions: found, next: { ms, id: null } };
  }
  return { auctions: found, next: null };
}

/** The newest auction that may lie before this position; 0: none. */
function firstRefOf(state: ShardState, before: PagePosition | null): number {
  if (before === null) return state.auctionCount;
  const ms = before.id === null ? before.ms - 1 : before.ms;
  let low = 0;
  let high = state.auctionCount;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (listedMs(state, middle) <= ms) low = middle;
    else high = middle - 1;
  }
  return low;
}

function listedMs(state: ShardState, ref: number): number {
  return Math.floor(state.auction(ref as AuctionRef).listedAtUs / 1000);
}

function isBefore(id: string, ms: number, before: PagePosition | null): boolean {
  return before === null || before.id === null || ms < before.ms || id < before.id;
}

function fits(auction: Auction, { status, seller }: PageQuery): boolean {
  if (status !== null && auction.status !== status) return false;
  return seller === null || auction.seller === seller;
}

function positionOf(auction: Auction | undefined): PagePosition | null {
  if (auction === undefined) return null;
  return { ms: Math.floor(auction.listedAtUs / 1000), id: auction.id };
}
