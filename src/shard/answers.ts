/**
 * The answer to a bid command, made from its record alone. A repeated nonce is answered from the
 * stored record by the same function, so both answers are the same byte for byte (but for the
 * request id, which belongs to the connection).
 */
import type { Auction } from '../auction/auction.ts';
import type { BidAccepted, BidRefused, BidStatus, BidsRetracted, Told } from '../auction/events.ts';
import { BID_BUY_NOW } from '../auction/events.ts';
import type { UserRef } from '../auction/ids.ts';
import { NOBODY } from '../auction/ids.ts';
import { oneStepAbove } from '../auction/increments.ts';
import type { Cents } from '../auction/money.ts';
import { NO_CENTS } from '../auction/money.ts';
import { leastRaiseCents, suggestedCents, toldCents } from '../auction/quote.ts';
import type { Answer } from '../protocol/messages/answer.ts';
import { ACCEPTED } from '../protocol/refusals.ts';

/** An event that answers a bid command. */
export type AnsweringEvent = BidAccepted | BidRefused | BidsRetracted;

const NOTHING_TO_DO = {
  minimumNextCents: NO_CENTS,
  retryAfterMs: 0,
  suggestedCents: null,
} as const;

export function answerTo(
  id: number,
  event: AnsweringEvent,
  record: number,
  epoch: number,
  auction: Auction,
): Answer {
  const state = event.kind === 'BidRefused' ? event.told : stateAfter(event, auction);
  const { increments } = auction.terms;
  return {
    id,
    code: event.kind === 'BidRefused' ? event.code : ACCEPTED,
    epoch,
    seq: state.auctionSeq,
    record,
    currentPriceCents: state.priceCents,
    status: state.status,
    minimumNextCents: state.minimumNextCents,
    suggestedCents: state.suggestedCents ?? suggestedCents(increments, state.minimumNextCents),
    endsAtMs: state.endsAtMs,
    serverTimeMs: Math.floor(event.atUs / 1000),
    retryAfterMs: state.retryAfterMs === 0 ? null : state.retryAfterMs,
  };
}

function stateAfter(event: BidAccepted | BidsRetracted, auction: Auction): Told {
  const { auctionSeq, priceCents, endsAtMs } = event;
  if (event.kind === 'BidAccepted' && (event.flags & BID_BUY_NOW) !== 0) {
    return { ...NOTHING_TO_DO, auctionSeq, priceCents, endsAtMs, status: 'won' };
  }
  const minimumNextCents = toldCents(leastAfter(event, auction));
  const status = standing(event.bidder, event.leader, event.reserveMet, event.kind);
  return { ...NOTHING_TO_DO, auctionSeq, priceCents, endsAtMs, status, minimumNextCents };
}

/** The least that the rules then take from this bidder; the terms are fixed once there is a bid. */
function leastAfter(event: BidAccepted | BidsRetracted, { terms }: Auction): Cents {
  const { leader, priceCents } = event;
  if (leader === NOBODY) return terms.startPriceCents;
  if (event.kind === 'BidAccepted' && event.bidder === leader) {
    return leastRaiseCents(terms, priceCents, event.amountCents);
  }
  if (event.kind === 'BidsRetracted' && event.bidder === leader && event.maxCents !== null) {
    return leastRaiseCents(terms, priceCents, event.maxCents);
  }
  return oneStepAbove(terms.increments, priceCents);
}

function standing(
  bidder: UserRef,
  leader: UserRef,
  reserveMet: boolean,
  kind: 'BidAccepted' | 'BidsRetracted',
): BidStatus {
  if (bidder === leader) return reserveMet ? 'leading' : 'reserve_not_met';
  return kind === 'BidsRetracted' ? 'none' : 'outbid';
}

/** Where a bidder stands on an auction now, for a refusal. */
export function statusOf(auction: Auction, bidder: UserRef): BidStatus {
  if (auction.status === 'sold') {
    if (auction.winner === bidder) return 'won';
    return (auction.biddersByUser.get(bidder)?.alias ?? 0) === 0 ? 'none' : 'lost';
  }
  if (auction.leader === bidder) return auction.reserveMet ? 'leading' : 'reserve_not_met';
  return (auction.biddersByUser.get(bidder)?.maxCents ?? 0) > 0 ? 'outbid' : 'none';
}
