/**
 * How many bids one bidder may send to one auction in a minute (RULES.md section 7). Windows are
 * fixed: the first bid opens one, and when it is over the next bid opens the next. So bids refused
 * for velocity count but never prolong the wait.
 */
import type { Bidder } from './auction.ts';

export const VELOCITY_WINDOW_US = 60_000_000;

/** Whether one more bid at `atUs` (microseconds) is too many; `bidsMax` null: never. */
export function isTooFast(bidder: Bidder, atUs: number, bidsMax: number | null): boolean {
  if (bidsMax === null || bidder.windowBids < bidsMax) return false;
  return atUs < bidder.windowFromUs + VELOCITY_WINDOW_US;
}

/** Counts a bid at `atUs` (microseconds). */
export function countBid(bidder: Bidder, atUs: number): void {
  if (bidder.windowBids > 0 && atUs < bidder.windowFromUs + VELOCITY_WINDOW_US) {
    bidder.windowBids += 1;
    return;
  }
  bidder.windowFromUs = atUs;
  bidder.windowBids = 1;
}

/** When the bidder may bid again, microseconds; for the answer's retry-after. */
export function velocityFreeUs(bidder: Bidder): number {
  return bidder.windowFromUs + VELOCITY_WINDOW_US;
}
