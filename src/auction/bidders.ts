/**
 * The bidders of one auction. Most auctions never see one, so an auction has no map of its own
 * until its first bidder: a quarter of the memory of a million auctions.
 */
import { assert } from '../lib/assert.ts';
import type { Auction, Bidder } from './auction.ts';
import { NOBODY } from './ids.ts';
import type { UserRef } from './ids.ts';
import { NO_CENTS } from './money.ts';

/** What every auction without bidders has. */
export const NO_BIDDERS: ReadonlyMap<UserRef, Bidder> = new Map<UserRef, Bidder>();

/** What the auction knows of this user; the first time it begins to. For evolve only. */
export function bidderOf(auction: Auction, user: UserRef): Bidder {
  const known = auction.biddersByUser.get(user);
  if (known !== undefined) return known;
  assert(user !== NOBODY, 'nobody cannot bid');
  const bidder: Bidder = {
    user,
    alias: 0,
    maxCents: NO_CENTS,
    limitCents: null,
    blocked: false,
    retractions: 0,
    windowBids: 0,
    windowFromUs: 0,
  };
  if (auction.biddersByUser === NO_BIDDERS) auction.biddersByUser = new Map([[user, bidder]]);
  // Readers get it read-only; here is the one place that adds.
  else (auction.biddersByUser as Map<UserRef, Bidder>).set(user, bidder);
  return bidder;
}
