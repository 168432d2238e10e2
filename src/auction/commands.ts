/**
 * What somebody wants of an auction: imperative, addressed, not yet decided. Who sends it has been
 * authenticated; whether they may is decided here. The clock's own commands (start, close) are
 * not in this union: see lifecycle.ts.
 */
import type { AuctionId, UserRef } from './ids.ts';
import type { Cents } from './money.ts';
import type { ListingText, Terms } from './terms.ts';

export interface PlaceBid {
  readonly kind: 'PlaceBid';
  readonly bidder: UserRef;
  /** The bidder's maximum (proxy), or the price bid (direct). */
  readonly amountCents: Cents;
  /** The currency that the client believes it bids in; null: the auction's. */
  readonly currency: string | null;
  readonly nonce: string;
  /** The bidder has confirmed an unusually high amount. */
  readonly confirm: boolean;
}

export interface BuyNow {
  readonly kind: 'BuyNow';
  readonly bidder: UserRef;
  readonly nonce: string;
}

/** Takes back own bids; how many go follows from the time left (RULES.md section 2). */
export interface RetractBid {
  readonly kind: 'RetractBid';
  readonly bidder: UserRef;
  readonly nonce: string;
}

export interface ListAuction {
  readonly kind: 'ListAuction';
  readonly id: AuctionId;
  readonly seller: UserRef;
  readonly terms: Terms;
  readonly text: ListingText;
}

/** Replaces terms and text as a whole; the gateway merges a partial change into the present ones. */
export interface ChangeListing {
  readonly kind: 'ChangeListing';
  readonly by: UserRef;
  readonly terms: Terms;
  readonly text: ListingText;
}

/** Adds to the description, also where it cannot be changed any more. */
export interface AddToDescription {
  readonly kind: 'AddToDescription';
  readonly by: UserRef;
  readonly addition: string;
  /** The texts as they stand: the state does not hold them. */
  readonly text: ListingText;
}

/** Ends early: selling to the high bidder, or cancelling all bids (RULES.md section 2). */
export interface EndEarly {
  readonly kind: 'EndEarly';
  readonly by: UserRef;
  /** An admin acts for the seller and is bound by no time limit. */
  readonly asAdmin: boolean;
  readonly how: 'sell' | 'cancel';
}

/** Internal: the most that this bidder may bid here; null lifts the limit. */
export interface SetBidLimit {
  readonly kind: 'SetBidLimit';
  readonly bidder: UserRef;
  readonly limitCents: Cents | null;
}

/** The seller's block list, for this auction. Bids already placed stay. */
export interface BlockBidder {
  readonly kind: 'BlockBidder';
  readonly by: UserRef;
  readonly asAdmin: boolean;
  /** NOBODY: nobody has the alias that was given. */
  readonly bidder: UserRef;
  readonly blocked: boolean;
}

/** Commands that a bidder sends with a nonce: recorded even when refused, answered once. */
export type BidCommand = PlaceBid | BuyNow | RetractBid;

/** Commands on an auction that exists. */
export type AuctionCommand =
  BidCommand | ChangeListing | AddToDescription | EndEarly | SetBidLimit | BlockBidder;
