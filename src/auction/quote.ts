/**
 * What can be bid next (RULES.md sections 1 and 3): the minimum that decide enforces, the amounts
 * that an answer suggests, whether buy-it-now is still there. All in minor units.
 */
import type { Auction } from './auction.ts';
import { NOBODY } from './ids.ts';
import type { UserRef } from './ids.ts';
import { oneStepAbove } from './increments.ts';
import { CENTS_MAX, NO_CENTS } from './money.ts';
import type { Cents } from './money.ts';
import type { IncrementTable, Terms } from './terms.ts';

const NO_SUGGESTIONS: readonly Cents[] = [];

/** The least that this bidder may bid now; above CENTS_MAX where no amount would do. */
export function leastBidCents(auction: Auction, bidder: UserRef): Cents {
  const { leader, terms, priceCents } = auction;
  if (leader === NOBODY) return terms.startPriceCents;
  if (leader === bidder) return leastRaiseCents(terms, priceCents, auction.leaderMaxCents);
  return oneStepAbove(terms.increments, priceCents);
}

/**
 * The least for the leader: in a proxy auction anything above the own maximum, which does not move
 * the price; a direct bid does, and needs the increment like any other.
 */
export function leastRaiseCents(terms: Terms, priceCents: Cents, maxCents: Cents): Cents {
  if (terms.format === 'direct') return oneStepAbove(terms.increments, priceCents);
  return (maxCents + 1) as Cents;
}

/**
 * The same as it is told; 0: nothing more can be bid. In a proxy auction the leader's gives the
 * hidden maximum away, so it is for the leader's eyes only.
 */
export function minimumNextCents(auction: Auction, bidder: UserRef = NOBODY): Cents {
  return toldCents(leastBidCents(auction, bidder));
}

/** A minimum as it is told: 0 where it is more than money can be. */
export function toldCents(leastCents: Cents): Cents {
  return leastCents > CENTS_MAX ? NO_CENTS : leastCents;
}

/** A minimum and two more steps above it, as far as they can be bid; none where it is 0. */
export function suggestedCents(table: IncrementTable, minimumCents: Cents): readonly Cents[] {
  if (minimumCents === NO_CENTS) return NO_SUGGESTIONS;
  const second = oneStepAbove(table, minimumCents);
  const third = oneStepAbove(table, second);
  const suggested = [minimumCents, second, third];
  return third <= CENTS_MAX ? suggested : suggested.filter((amount) => amount <= CENTS_MAX);
}

/**
 * Whether it can be bought: until a bid stands or, with a reserve, until the reserve is met. Where
 * all bids were retracted it is offered again.
 */
export function buyNowOffered(auction: Auction): boolean {
  const { buyNowCents, reserveCents } = auction.terms;
  if (buyNowCents === null || (auction.status !== 'active' && auction.status !== 'scheduled')) {
    return false;
  }
  return reserveCents === null ? auction.bidCount === 0 : !auction.reserveMet;
}
