/**
 * What everybody may see of an auction (RULES.md section 4): aliases instead of bidders, whether
 * the reserve is met instead of what it is, and no maximum of anybody.
 */
import { LISTS } from '../config/limits.ts';
import type { Auction, Status } from './auction.ts';
import type { EndReason } from './events.ts';
import { NOBODY } from './ids.ts';
import type { AuctionId, UserRef } from './ids.ts';
import type { Cents } from './money.ts';
import { buyNowOffered, minimumNextCents } from './quote.ts';
import type { Format, IncrementTable, SoftClose } from './terms.ts';

export interface PublicView {
  readonly id: AuctionId;
  readonly auctionSeq: number;
  readonly status: Status;
  readonly title: string;
  /** The seller is no secret; the shard gives the id. */
  readonly seller: UserRef;
  readonly format: Format;
  readonly currency: string;
  readonly increments: IncrementTable;
  readonly softClose: SoftClose;
  readonly startPriceCents: Cents;
  /** Null where it is not, or no longer, offered. */
  readonly buyNowCents: Cents | null;
  readonly reserve: 'none' | 'met' | 'not met';
  readonly priceCents: Cents;
  readonly minimumNextCents: Cents;
  readonly bidCount: number;
  readonly bidderCount: number;
  /** Aliases; 0: nobody. */
  readonly leaderAlias: number;
  readonly winnerAlias: number;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly extensions: number;
  readonly endReason: EndReason | null;
  /** 0 while it lives. */
  readonly closedAtMs: number;
}

/** One accepted bid as others see it, but for `bidder`. */
export interface BidShown {
  /** Number in the history, from 0; pages go by it. */
  readonly entry: number;
  /** The record in the log. */
  readonly recordSeq: number;
  readonly alias: number;
  /** Who it is: for the seller and admins only. */
  readonly bidder: UserRef;
  /** The price after the bid, as it was then. */
  readonly priceCents: Cents;
  readonly atUs: number;
  /** Taken back by the bidder, or void because the auction was cancelled. */
  readonly retracted: boolean;
  /** Of this bidder on this auction, so far. */
  readonly retractions: number;
}

export interface BidHistory {
  /** Newest first. */
  readonly bids: readonly BidShown[];
  /** Where the next page starts; null: there is no more. */
  readonly before: number | null;
}

export function publicView(auction: Auction): PublicView {
  const { terms } = auction;
  const met = auction.reserveMet ? 'met' : 'not met';
  return {
    id: auction.id,
    auctionSeq: auction.auctionSeq,
    status: auction.status,
    title: auction.title,
    seller: auction.seller,
    format: terms.format,
    currency: terms.currency,
    increments: terms.increments,
    softClose: terms.softClose,
    startPriceCents: terms.startPriceCents,
    buyNowCents: buyNowOffered(auction) ? terms.buyNowCents : null,
    reserve: terms.reserveCents === null ? 'none' : met,
    priceCents: auction.priceCents,
    minimumNextCents: minimumNextCents(auction),
    bidCount: auction.bidCount,
    bidderCount: auction.bidderCount,
    leaderAlias: aliasOf(auction, auction.leader),
    winnerAlias: aliasOf(auction, auction.winner),
    startsAtMs: terms.startsAtMs,
    endsAtMs: auction.endsAtMs,
    extensions: auction.extensions,
    endReason: auction.endReason,
    closedAtMs: auction.closedAtMs,
  };
}

/** The name by which the others know a bidder of this auction; 0: has never bid. */
export function aliasOf(auction: Auction, user: UserRef): number {
  if (user === NOBODY) return 0;
  return auction.biddersByUser.get(user)?.alias ?? 0;
}

/** Whose alias this is; NOBODY where nobody has it. */
export function bidderWithAlias(auction: Auction, alias: number): UserRef {
  if (alias === 0) return NOBODY;
  for (const bidder of auction.biddersByUser.values()) {
    if (bidder.alias === alias) return bidder.user;
  }
  return NOBODY;
}

/**
 * A page of at most `limit` bids from below attempt `before` on, newest first. A page ends early
 * after many attempts that are not shown (refused ones), so that one request cannot keep the
 * shard busy: only `before: null` means the end.
 */
export function bidHistory(
  auction: Auction,
  limit: number,
  before = auction.attempts.count,
): BidHistory {
  const { attempts, biddersByUser } = auction;
  const bids: BidShown[] = [];
  let entry = Math.min(before, attempts.count);
  const last = Math.max(0, entry - LISTS.bidsLookedAtMax);
  while (entry > last && bids.length < limit) {
    entry -= 1;
    const { bidder, standing, priceCents, atUs, recordSeq } = attempts.at(entry);
    if (standing === 'none') continue;
    const known = biddersByUser.get(bidder);
    bids.push({
      entry,
      recordSeq,
      alias: known?.alias ?? 0,
      bidder,
      priceCents,
      atUs,
      retracted: standing === 'retracted',
      retractions: known?.retractions ?? 0,
    });
  }
  return { bids, before: entry === 0 ? null : entry };
}
