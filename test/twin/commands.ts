/** Turns the steps of a plan into commands and times, by what the slow twin says of the auction. */
import type { UserRef } from '../../src/auction/ids.ts';
import { cents, CENTS_MAX, type Cents } from '../../src/auction/money.ts';
import type { Terms } from '../../src/auction/terms.ts';
import type { AmountBase, PlannedCommand, PlannedTime } from './plan.ts';
import type { SlowAuction, SlowCommand } from './slow-auction.ts';
import { incrementAt } from './slow-price.ts';

const HOUR_US = 3_600_000_000;
const MINUTE_US = 60_000_000;

/** What a plan is resolved against. */
export interface Scene {
  readonly terms: Terms;
  readonly slow: SlowAuction;
  readonly nowUs: number;
  /** By user, the first bid command ever: near the edge of a velocity window. */
  readonly firstBidUs: ReadonlyMap<number, number>;
  readonly limits: Map<number, Cents | null>;
}

export function timeOf(scene: Scene, planned: PlannedTime, command: PlannedCommand): number {
  const { nowUs, slow } = scene;
  const targetUs = Math.max(nowUs, baseUs(scene, planned, command) + planned.plusUs);
  // Only one base means to pass the end; the others would make most plans end at once.
  const passesEnd = planned.from !== 'end' && targetUs >= slow.end().endsAtMs * 1000;
  return passesEnd ? nowUs : targetUs;
}

function baseUs(scene: Scene, planned: PlannedTime, command: PlannedCommand): number {
  const { slow, terms, nowUs, firstBidUs } = scene;
  const endUs = slow.end().endsAtMs * 1000;
  const bidder = 'bidder' in command ? command.bidder : 0;
  switch (planned.from) {
    case 'now':
      return nowUs;
    case 'part of the rest':
      return nowUs + Math.max(0, Math.floor((endUs - nowUs) / 4));
    case 'start':
      return terms.startsAtMs * 1000;
    case 'soft close':
      return endUs - terms.softClose.windowMs * 1000;
    case 'twelve hours left':
      return endUs - 12 * HOUR_US;
    case 'end':
      return endUs;
    case 'own newest bid and 1 h': {
      const newest = slow.bids().findLast((bid) => bid.bidder === bidder);
      return newest === undefined ? nowUs : newest.atUs + HOUR_US;
    }
    case 'velocity window over': {
      const firstUs = firstBidUs.get(bidder);
      return firstUs === undefined ? nowUs : firstUs + MINUTE_US;
    }
  }
}

export function commandOf(
  scene: Scene,
  planned: PlannedCommand,
  nonce: string,
): SlowCommand | null {
  switch (planned.what) {
    case 'wait':
    case 'outage':
      return null;
    case 'bid': {
      const { confirm, currency } = planned;
      const bidder = planned.bidder as UserRef;
      const from = amountCents(scene, planned.from, bidder);
      const step = planned.plusIncrements * incrementAt(scene.terms, Math.max(1, from));
      const amount = clamped(from + step + planned.plusCents);
      return { kind: 'PlaceBid', bidder, amountCents: amount, currency, nonce, confirm };
    }
    case 'buy':
      return { kind: 'BuyNow', bidder: planned.bidder as UserRef, nonce };
    case 'retract':
      return { kind: 'RetractBid', bidder: planned.bidder as UserRef, nonce };
    case 'sell':
    case 'cancel': {
      const { what, by, asAdmin } = planned;
      return { kind: 'EndEarly', by: by as UserRef, asAdmin, how: what };
    }
    case 'block': {
      const { bidder, by, on } = planned;
      return {
        kind: 'BlockBidder',
        by: by as UserRef,
        asAdmin: false,
        bidder: bidder as UserRef,
        blocked: on,
      };
    }
    case 'limit': {
      const { from, plusCents } = planned;
      const bidder = planned.bidder as UserRef;
      const base = amountCents(scene, from, bidder);
      const limitCents = plusCents === null ? null : clamped(base + plusCents);
      return { kind: 'SetBidLimit', bidder, limitCents };
    }
  }
}

function clamped(amount: number): Cents {
  return cents(Math.min(CENTS_MAX, Math.max(1, Math.floor(amount))));
}

/** Where the base says nothing (no reserve, no limit, no own bid), the minimum stands in. */
function amountCents(scene: Scene, from: AmountBase, bidder: UserRef): number {
  const { slow, terms, limits } = scene;
  const { priceCents, leaderMaxCents } = slow.standing();
  const { minimumNextCents } = slow.summary();
  switch (from) {
    case 'minimum':
      return minimumNextCents;
    case 'leader maximum':
      return leaderMaxCents === 0 ? minimumNextCents : leaderMaxCents;
    case 'own maximum':
      return slow.bids().findLast((bid) => bid.bidder === bidder)?.amountCents ?? minimumNextCents;
    case 'price':
      return priceCents;
    case 'reserve':
      return terms.reserveCents ?? minimumNextCents;
    case 'buy now':
      return terms.buyNowCents ?? minimumNextCents;
    case 'own limit':
      return limits.get(bidder) ?? minimumNextCents;
    case 'fat finger':
      return priceCents * (terms.fatFingerFactor ?? 1);
    case 'start price':
      return terms.startPriceCents;
  }
}
