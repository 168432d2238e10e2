/**
 * The price rules of RULES.md section 1, as slowly and as literally as they can be written: every
 * answer comes from walking the bids that stand from the first to the last. The paraphrase of each
 * sentence stands beside the lines that do it, so that the two can be read against each other.
 *
 * Written from RULES.md without looking at the engine; that is what makes it worth comparing.
 */
import assert from 'node:assert/strict';
import { NOBODY, type UserRef } from '../../src/auction/ids.ts';
import { cents, type Cents } from '../../src/auction/money.ts';
import type { Terms } from '../../src/auction/terms.ts';

/** A bid that was accepted. Its order is its place in the list. */
export interface SlowBid {
  readonly bidder: UserRef;
  readonly amountCents: Cents;
  readonly atUs: number;
}

/** How an auction stands after a walk over bids. */
export interface Standing {
  readonly priceCents: Cents;
  readonly leader: UserRef;
  /** The leader's maximum (proxy) or amount (direct); 0 without a leader. */
  readonly leaderMaxCents: Cents;
  readonly reserveMet: boolean;
}

/** "Increment by current price: below 1.00 → 0.05, ...; from 5,000 → 100." */
export function incrementAt(terms: Terms, priceCents: number): number {
  for (const step of terms.increments) {
    if (step.belowCents === null || priceCents < step.belowCents) return step.incrementCents;
  }
  throw new Error('the increment table has no last step');
}

/** The first to the last bid, step by step. */
export function walk(terms: Terms, bids: readonly SlowBid[]): Standing {
  let standing: Standing = {
    priceCents: terms.startPriceCents,
    leader: NOBODY,
    leaderMaxCents: cents(0),
    // Reading: where no reserve was set there is nothing left to meet.
    reserveMet: terms.reserveCents === null,
  };
  for (const bid of bids) {
    const before = standing;
    standing = withReserve(terms, withBid(terms, before, bid));
    // No sentence of the rules lets a bid lower the price.
    assert(standing.priceCents >= before.priceCents, 'a bid lowered the price');
  }
  return standing;
}

function withBid(terms: Terms, now: Standing, bid: SlowBid): Standing {
  const leads = { ...now, leader: bid.bidder, leaderMaxCents: bid.amountCents };

  // "`direct` bidding per auction (price = amount bid)."
  if (terms.format === 'direct') return { ...leads, priceCents: bid.amountCents };

  // "First bid: the price becomes the start price."
  if (now.leader === NOBODY) return { ...leads, priceCents: terms.startPriceCents };

  // "The leader may raise the own maximum: the price does not move."
  if (bid.bidder === now.leader) return leads;

  // "A challenger above the leader's maximum leads at min(challenger's max, leader's max +
  // increment(leader's max)); so one can be outbid by less than a full increment."
  if (bid.amountCents > now.leaderMaxCents) {
    const beaten = now.leaderMaxCents + incrementAt(terms, now.leaderMaxCents);
    return { ...leads, priceCents: cents(Math.min(bid.amountCents, beaten)) };
  }

  // "A challenger below or equal loses, and the price becomes min(leader's max, challenger's max +
  // increment(challenger's max))." "Equal maximums: the earlier one keeps the lead, at that price."
  const answered = bid.amountCents + incrementAt(terms, bid.amountCents);
  return { ...now, priceCents: cents(Math.min(now.leaderMaxCents, answered)) };
}

/** "Once the leading maximum is at or above the reserve, the price jumps to the reserve." */
function withReserve(terms: Terms, now: Standing): Standing {
  if (terms.reserveCents === null || now.leaderMaxCents < terms.reserveCents) return now;
  const priceCents = cents(Math.max(now.priceCents, terms.reserveCents));
  return { ...now, priceCents, reserveMet: true };
}

/** "First bid: at least the start price. Later: at least price + increment(price)." */
export function minimumNext(terms: Terms, standing: Standing): Cents {
  if (standing.leader === NOBODY) return terms.startPriceCents;
  return cents(standing.priceCents + incrementAt(terms, standing.priceCents));
}
