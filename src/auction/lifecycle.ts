/**
 * Start and end by the clock (RULES.md section 2). Nothing here waits: the shard asks what is due
 * at its "now" and appends it like any other event.
 *
 *   shard takes a stamp ──▶ due(auction, now) ──▶ evolve ──▶ decide(command, at)
 *
 * The shard applies what is due before it decides. Should it ever not have, decide refuses all the
 * same: no bid counts before the start is recorded, and none at or after the end, recorded or not.
 */
import type { Auction } from './auction.ts';
import type { AuctionEnded, AuctionEvent, AuctionStarted, EndReason } from './events.ts';
import { NOBODY } from './ids.ts';
import type { AuctionRefusal } from './refusal.ts';

const NOTHING: readonly AuctionEvent[] = [];

/**
 * What the clock makes happen up to and at `nowUs` (microseconds): nothing, the start, the end, or
 * both where the whole span has passed. The events carry `nowUs`, so that time in the log never
 * runs back; `closedAtMs` is the end as announced.
 */
export function due(auction: Auction, nowUs: number): readonly AuctionEvent[] {
  const { status, ref } = auction;
  if (nowUs < nextDeadlineMs(auction) * 1000) return NOTHING;
  const auctionSeq = auction.auctionSeq + 1;
  if (status === 'active') return [endOf(auction, 'time', nowUs, auctionSeq)];
  const started: AuctionStarted = { kind: 'AuctionStarted', auction: ref, auctionSeq, atUs: nowUs };
  if (nowUs < auction.endsAtMs * 1000) return [started];
  return [started, endOf(auction, 'time', nowUs, auctionSeq + 1)];
}

/** When `due` will next have something, milliseconds; Infinity: never again. */
export function nextDeadlineMs(auction: Auction): number {
  if (auction.status === 'scheduled') return auction.terms.startsAtMs;
  return auction.status === 'active' ? auction.endsAtMs : Infinity;
}

/** The end in favour of the leader, or of nobody while the reserve is not met. */
export function endOf(
  auction: Auction,
  reason: EndReason,
  atUs: number,
  auctionSeq: number,
): AuctionEnded {
  return {
    kind: 'AuctionEnded',
    auction: auction.ref,
    auctionSeq,
    atUs,
    reason,
    winner: auction.reserveMet ? auction.leader : NOBODY,
    priceCents: auction.priceCents,
  };
}

/** Why no command is taken any more at `atUs` (microseconds); null: it is not over. */
export function overRefusal(auction: Auction, atUs: number): AuctionRefusal | null {
  const { status } = auction;
  if (status === 'cancelled') return 'AUCTION_CANCELLED';
  if (status === 'sold' || status === 'unsold') {
    return auction.endReason === 'bought' ? 'AUCTION_BOUGHT' : 'AUCTION_ENDED';
  }
  return atUs >= auction.endsAtMs * 1000 ? 'AUCTION_ENDED' : null;
}

/** Why a bidder's command is not taken at `atUs` (microseconds); null: bidding is open. */
export function notOpenRefusal(auction: Auction, atUs: number): AuctionRefusal | null {
  if (auction.status === 'scheduled') return 'AUCTION_NOT_STARTED';
  return overRefusal(auction, atUs);
}
