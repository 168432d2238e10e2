/**
 * What happened: past tense, logged, never changed. State is nothing but the fold of these
 * (evolve.ts), so each event carries its consequences and old logs stay readable when the rules
 * change. Prices and leaders in an event are the outcome; evolve asserts that they fit.
 *
 * Every event that a watcher can see carries `auctionSeq`, the auction's own update number: +1
 * each, without holes. Events without it change nothing that is public.
 */
import type { AuctionId, AuctionRef, UserId, UserRef } from './ids.ts';
import type { Cents } from './money.ts';
import type { ListingText, Terms } from './terms.ts';

interface Happened {
  /** When: the stamp of the command that caused it, microseconds since 1970. */
  readonly atUs: number;
}

interface OnAuction extends Happened {
  readonly auction: AuctionRef;
}

interface Seen extends OnAuction {
  readonly auctionSeq: number;
}

/** A user got a number in this shard. Always before the first event that uses it. */
export interface UserIntroduced extends Happened {
  readonly kind: 'UserIntroduced';
  readonly user: UserRef;
  readonly id: UserId;
}

export interface AuctionListed extends Seen {
  readonly kind: 'AuctionListed';
  readonly id: AuctionId;
  readonly seller: UserRef;
  readonly terms: Terms;
  readonly text: ListingText;
}

export interface ListingChanged extends Seen {
  readonly kind: 'ListingChanged';
  readonly terms: Terms;
  readonly text: ListingText;
}

/** Something was added to the description. */
export interface DescriptionAdded extends Seen {
  readonly kind: 'DescriptionAdded';
  /** All texts with the addition, so that the newest record alone tells them. */
  readonly text: ListingText;
}

export interface AuctionStarted extends Seen {
  readonly kind: 'AuctionStarted';
}

/** Bits of what a bid command said, to compare a repeated nonce with. */
export const BID_CONFIRMED = 1;
export const BID_BUY_NOW = 2;
export const BID_RETRACT = 4;
export const BID_OTHER_CURRENCY = 8;

export interface BidAccepted extends Seen {
  readonly kind: 'BidAccepted';
  readonly bidder: UserRef;
  /** The bidder's maximum (proxy), the price bid (direct), the buy-it-now price (buy now). */
  readonly amountCents: Cents;
  readonly nonce: string;
  /** BID_* bits. */
  readonly flags: number;
  /** Price and leader after the bid. */
  readonly priceCents: Cents;
  readonly leader: UserRef;
  readonly reserveMet: boolean;
  /** The end after the bid: where it differs from before, an AuctionExtended follows. */
  readonly endsAtMs: number;
}

/** Where a bidder stands after a bid command. */
export type BidStatus = 'none' | 'leading' | 'outbid' | 'reserve_not_met' | 'won' | 'lost';

/** What the answer to a refused bid said of the auction, to say it again. */
export interface Told {
  readonly auctionSeq: number;
  readonly priceCents: Cents;
  readonly minimumNextCents: Cents;
  readonly status: BidStatus;
  readonly endsAtMs: number;
  /** How long to wait before the next bid; 0: nothing to wait for. */
  readonly retryAfterMs: number;
  /**
   * Amounts to offer. Kept, because the seller may still change the increments while nobody's bid
   * was accepted. Null in records of older versions.
   */
  readonly suggestedCents: readonly Cents[] | null;
}

/** A bid command that was refused; kept so that disputes and repeats get exact answers. */
export interface BidRefused extends OnAuction {
  readonly kind: 'BidRefused';
  readonly bidder: UserRef;
  readonly amountCents: Cents;
  readonly nonce: string;
  readonly flags: number;
  /** Number of the refusal (protocol/refusals.ts). */
  readonly code: number;
  readonly told: Told;
  /** As the bidder said it; null where it was not said, and in records of older versions. */
  readonly currency: string | null;
}

/** A bid on an auction that this shard does not know. */
export interface StrayBidRefused extends Happened {
  readonly kind: 'StrayBidRefused';
  readonly auctionId: AuctionId;
  readonly bidder: UserRef;
  readonly amountCents: Cents;
  readonly nonce: string;
  readonly code: number;
}

export interface AuctionExtended extends Seen {
  readonly kind: 'AuctionExtended';
  readonly endsAtMs: number;
  /** 1 for the first extension of this auction. */
  readonly extension: number;
}

/** The end moved on by what a downtime of the server had taken (outage.ts); no extension. */
export interface OutageCredited extends Seen {
  readonly kind: 'OutageCredited';
  /** Since when nobody could bid; `atUs` is until when. */
  readonly fromUs: number;
  readonly endsAtMs: number;
}

export interface BidsRetracted extends Seen {
  readonly kind: 'BidsRetracted';
  readonly bidder: UserRef;
  readonly nonce: string;
  /** All own bids, or only the newest one. */
  readonly scope: 'all' | 'newest';
  readonly endsAtMs: number;
  /** What remains, recomputed. */
  readonly priceCents: Cents;
  readonly leader: UserRef;
  readonly reserveMet: boolean;
  /** The bidder's own maximum that remains; 0: none. Null in records of older versions. */
  readonly maxCents: Cents | null;
}

export type EndReason = 'time' | 'bought' | 'early';

export interface AuctionEnded extends Seen {
  readonly kind: 'AuctionEnded';
  readonly reason: EndReason;
  /** NOBODY: unsold. */
  readonly winner: UserRef;
  readonly priceCents: Cents;
}

/** Ended with all bids void. */
export interface AuctionCancelled extends Seen {
  readonly kind: 'AuctionCancelled';
  readonly by: UserRef;
}

/** It found no buyer and was listed again. Said after its end: what was seen of it stays. */
export interface AuctionRelisted extends OnAuction {
  readonly kind: 'AuctionRelisted';
  /** The new auction, listed in the same batch. */
  readonly as: AuctionId;
}

export interface BidLimitSet extends OnAuction {
  readonly kind: 'BidLimitSet';
  readonly bidder: UserRef;
  readonly limitCents: Cents | null;
}

export interface BidderBlocked extends OnAuction {
  readonly kind: 'BidderBlocked';
  readonly bidder: UserRef;
  readonly blocked: boolean;
}

/** What holds all texts of an auction. */
export type TextEvent = AuctionListed | ListingChanged | DescriptionAdded;

/** Events on one auction that exists already. */
export type AuctionEvent =
  | ListingChanged
  | DescriptionAdded
  | AuctionStarted
  | BidAccepted
  | BidRefused
  | AuctionExtended
  | OutageCredited
  | BidsRetracted
  | AuctionEnded
  | AuctionCancelled
  | AuctionRelisted
  | BidLimitSet
  | BidderBlocked;

/** Everything that a shard's log holds. */
export type ShardEvent = UserIntroduced | StrayBidRefused | AuctionListed | AuctionEvent;
