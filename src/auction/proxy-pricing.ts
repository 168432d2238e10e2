/**
 * Automatic bidding: a bid is a hidden maximum, and the price rises only as far as needed
 * (RULES.md section 1). All amounts in minor units.
 */
import { NOBODY } from './ids.ts';
import type { UserRef } from './ids.ts';
import { oneStepAbove } from './increments.ts';
import type { Cents } from './money.ts';
import type { Priced } from './priced.ts';
import type { Terms } from './terms.ts';

/**
 * The price after one more maximum. Equal maximums: the earlier one leads, at that price. The
 * leader raising the own maximum leaves the price, unless the reserve becomes met.
 */
export function priceProxyBid(
  before: Priced,
  bidder: UserRef,
  amountCents: Cents,
  terms: Terms,
): Priced {
  const { leader, leaderMaxCents, priceCents } = before;
  const leads = leader === NOBODY || leader === bidder || amountCents > leaderMaxCents;
  const maxCents = leads ? amountCents : leaderMaxCents;
  let nextCents = priceCents;
  if (leader !== NOBODY && leader !== bidder) {
    const beatenCents = leads ? leaderMaxCents : amountCents;
    nextCents = atMost(maxCents, oneStepAbove(terms.increments, beatenCents));
    // Only a re-pricing under an unusual table gets here below the price; it never falls.
    if (nextCents < priceCents) nextCents = priceCents;
  }
  const { reserveCents } = terms;
  const reserveMet = reserveCents === null || maxCents >= reserveCents;
  if (reserveCents !== null && reserveMet && nextCents < reserveCents) nextCents = reserveCents;
  return {
    priceCents: nextCents,
    leader: leads ? bidder : leader,
    leaderMaxCents: maxCents,
    reserveMet,
  };
}

function atMost(limitCents: Cents, valueCents: Cents): Cents {
  return valueCents < limitCents ? valueCents : limitCents;
}
