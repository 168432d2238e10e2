/**
 * Direct bidding: the price is the amount bid (RULES.md section 1; the seed's own frames). The
 * leader's maximum is then nothing but the price.
 */
import type { UserRef } from './ids.ts';
import type { Cents } from './money.ts';
import type { Priced } from './priced.ts';
import type { Terms } from './terms.ts';

/** The price after one more bid, minor units. A bid that is not above the price changes nothing. */
export function priceDirectBid(
  before: Priced,
  bidder: UserRef,
  amountCents: Cents,
  terms: Terms,
): Priced {
  // The first bid may equal the price; later an accepted bid is above it, also when re-priced.
  if (amountCents <= before.leaderMaxCents) return before;
  const { reserveCents } = terms;
  return {
    priceCents: amountCents,
    leader: bidder,
    leaderMaxCents: amountCents,
    reserveMet: reserveCents === null || amountCents >= reserveCents,
  };
}
