/**
 * What bids come to: price, leader, the leader's maximum, whether the reserve is met. Shared by
 * the formats, which differ in nothing but how one more bid changes it. An auction's own fields
 * are a Priced, so the path of a bid needs no copy.
 */
import { NOBODY } from './ids.ts';
import type { UserRef } from './ids.ts';
import { NO_CENTS } from './money.ts';
import type { Cents } from './money.ts';
import type { Terms } from './terms.ts';

/** Amounts in minor units. */
export interface Priced {
  readonly priceCents: Cents;
  readonly leader: UserRef;
  readonly leaderMaxCents: Cents;
  readonly reserveMet: boolean;
}

/** How a format prices one more bid. The bid has been accepted: pricing never refuses. */
export type Pricing = (before: Priced, bidder: UserRef, amountCents: Cents, terms: Terms) => Priced;

/** Before the first bid: the start price. Without a reserve there is nothing left to be met. */
export function unbid(terms: Terms): Priced {
  return {
    priceCents: terms.startPriceCents,
    leader: NOBODY,
    leaderMaxCents: NO_CENTS,
    reserveMet: terms.reserveCents === null,
  };
}
