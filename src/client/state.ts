/**
 * The state of a watched auction: the view of the snapshot with every later message merged in.
 * Pure. A message that does not follow on from the state is a gap: something was missed.
 */
import type { AuctionChanged } from '../protocol/messages/auction-changed.ts';
import { AUCTION_CHANGED } from '../protocol/messages/auction-changed.ts';
import type { BidUpdate } from '../protocol/messages/bid-update.ts';
import { BID_UPDATE } from '../protocol/messages/bid-update.ts';
import type { Ended } from '../protocol/messages/ended.ts';
import { ENDED } from '../protocol/messages/ended.ts';
import type { Extended } from '../protocol/messages/extended.ts';
import { EXTENDED } from '../protocol/messages/extended.ts';
import type { AuctionView } from '../protocol/views.ts';

/** An auction as it stands, and what made it so. */
export interface WatchState extends AuctionView {
  readonly change: 'snapshot' | 'bid_update' | 'extended' | 'ended' | 'auction_changed';
  /** False: updates before this one were missed and cannot be had any more. */
  readonly gapless: boolean;
}

/** `gap`: something before it is missing; `known`: nothing new. */
export type Merged = WatchState | 'gap' | 'known';

/** Whether a message is one of those that `merge` takes. */
export function isUpdate(number: number): boolean {
  return (
    number === BID_UPDATE.number ||
    number === EXTENDED.number ||
    number === ENDED.number ||
    number === AUCTION_CHANGED.number
  );
}

/** The handle that an update carries. */
export function handleOf(update: unknown): number {
  return (update as { readonly handle: number }).handle;
}

export function merge(state: WatchState, number: number, update: unknown): Merged {
  switch (number) {
    case BID_UPDATE.number:
      return mergeBid(state, update as BidUpdate);
    case EXTENDED.number:
      return mergeExtended(state, update as Extended);
    case ENDED.number:
      return mergeEnded(state, update as Ended);
    default:
      return mergeChanged(state, update as AuctionChanged);
  }
}

function mergeBid(state: WatchState, update: BidUpdate): Merged {
  const place = placeOf(state, update.fromSeq ?? update.seq, update.seq);
  if (place !== 'next') return place;
  const { seq, currentPriceCents, minimumNextCents, bidCount, leadingBidder, reserveMet } = update;
  // Buy-it-now ends with the first bid, or where there is a reserve, when that is met.
  const offered = state.hasReserve ? !reserveMet : bidCount === 0;
  return {
    ...state,
    seq,
    currentPriceCents,
    bidCount,
    leadingBidder,
    reserveMet,
    minimumNextCents,
    buyNowCents: offered ? state.buyNowCents : null,
    change: 'bid_update',
    gapless: true,
  };
}

function mergeExtended(state: WatchState, { seq, endsAtMs, extension }: Extended): Merged {
  const place = placeOf(state, seq, seq);
  if (place !== 'next') return place;
  return { ...state, seq, endsAtMs, extensions: extension, change: 'extended', gapless: true };
}

function mergeEnded(state: WatchState, update: Ended): Merged {
  const place = placeOf(state, update.seq, update.seq);
  if (place !== 'next') return place;
  const { seq, status, reason, currentPriceCents, bidCount, winner } = update;
  return {
    ...state,
    seq,
    status,
    currentPriceCents,
    bidCount,
    minimumNextCents: 0,
    buyNowCents: null,
    endReason: reason,
    winner: status === 'sold' ? winner : null,
    change: 'ended',
    gapless: true,
  };
}

/** The whole view: it may stand for anything that came before it. */
function mergeChanged(state: WatchState, { auction }: AuctionChanged): Merged {
  const sameHistory = auction.epoch === state.epoch;
  if (sameHistory && auction.seq <= state.seq) return 'known';
  const gapless = sameHistory && auction.seq === state.seq + 1;
  return { ...auction, change: 'auction_changed', gapless };
}

function placeOf(state: WatchState, fromSeq: number, seq: number): 'gap' | 'known' | 'next' {
  if (seq <= state.seq) return 'known';
  return fromSeq > state.seq + 1 ? 'gap' : 'next';
}
