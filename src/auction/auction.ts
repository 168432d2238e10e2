/**
 * The state of one auction: what decide reads and evolve writes. Nobody else changes it.
 * It holds what bidding needs and the title; about 500 bytes for an auction without bids.
 *
 *   scheduled ──start──▶ active ──end──▶ sold | unsold
 *       │                  │
 *       └──────cancel──────┴───────────▶ cancelled
 */
import type { AttemptLog } from './attempt-log.ts';
import type { EndReason } from './events.ts';
import type { AuctionId, AuctionRef, UserRef } from './ids.ts';
import type { Cents } from './money.ts';
import type { Terms } from './terms.ts';

export type Status = 'scheduled' | 'active' | 'sold' | 'unsold' | 'cancelled';

/** What the auction knows of one bidder. */
export interface Bidder {
  readonly user: UserRef;
  /** 1 for the first bidder of this auction: the alias that the others see. 0: never bid. */
  alias: number;
  /** The own standing maximum; 0: none. */
  maxCents: Cents;
  /** Null: no limit. */
  limitCents: Cents | null;
  blocked: boolean;
  /** Retractions so far; public. */
  retractions: number;
  /** Bids counted in the present velocity window, and when that window began. */
  windowBids: number;
  windowFromUs: number;
}

export interface Auction {
  readonly ref: AuctionRef;
  readonly id: AuctionId;
  readonly seller: UserRef;
  readonly listedAtUs: number;
  title: string;
  /** The record that holds the texts as they stand: the newest that says them (`TextEvent`). */
  textRecordSeq: number;
  terms: Terms;
  status: Status;
  /** The end as it stands; never moves back. `terms.endsAtMs` is the end as listed. */
  endsAtMs: number;
  extensions: number;
  /** Start price until the first bid. */
  priceCents: Cents;
  leader: UserRef;
  leaderMaxCents: Cents;
  reserveMet: boolean;
  /** Accepted bids that stand. */
  bidCount: number;
  /** Users who ever had a bid accepted: the newest alias. Retractions do not lower it. */
  bidderCount: number;
  /** Number of the newest public update. */
  auctionSeq: number;
  endReason: EndReason | null;
  winner: UserRef;
  /** When it ended, was bought or cancelled, ms; 0 while it lives. */
  closedAtMs: number;
  /** What it was listed again as; null: it was not. */
  relistedAs: AuctionId | null;
  /** Everybody who ever bid, is blocked or has a limit. */
  biddersByUser: ReadonlyMap<UserRef, Bidder>;
  /** Every bid command, accepted or not, in order. */
  readonly attempts: AttemptLog;
}
