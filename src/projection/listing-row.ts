/**
 * One listing as the read model shows it, and what each event makes of it. Pure: the same events
 * give the same row as the shard's own view (test/projection compares the two).
 */
import type { AuctionEvent, AuctionListed, BidsRetracted } from '../auction/events.ts';
import type { ListingText, Terms } from '../auction/terms.ts';
import { assert } from '../lib/assert.ts';
import { heatAfter, HEAT_OF_A_BID, heatAtListing, NO_HEAT } from './heat.ts';
import { ACTIVE, CANCELLED, SCHEDULED, SOLD, UNSOLD } from './read-model-file.ts';

/** Of a bidder in one auction. */
export interface Bidding {
  /** Bids that stand. */
  bids: number;
  /** Null: not known, as the newest was taken back. */
  maxCents: number | null;
  lastMs: number;
  isChanged: boolean;
}

export interface ListingRow {
  readonly key: number;
  readonly id: string;
  readonly seller: number;
  status: number;
  title: string;
  category: readonly string[];
  condition: string | null;
  location: string | null;
  country: string | null;
  shippingCents: number | null;
  format: string;
  currency: string;
  startCents: number;
  priceCents: number;
  buyNowCents: number | null;
  hasReserve: boolean;
  reserveMet: boolean;
  bids: number;
  leader: number;
  winner: number;
  listedMs: number;
  startsMs: number;
  endsMs: number;
  /** Of its bids, and of those who began to watch it. */
  bidHeat: number;
  watchHeat: number;
  /** Watchlists that it is on. */
  watched: number;
}

/** What the fold has to ask the tables for. */
export interface FoldContext {
  /** The user behind a shard's number. */
  user(ref: number): number;
  bidding(user: number): Bidding;
  /** No bid on it counts any more. */
  voidBids(): void;
  changeText(text: ListingText): void;
}

export function listed(event: AuctionListed, key: number, seller: number): ListingRow {
  const listedMs = Math.floor(event.atUs / 1000);
  const row: ListingRow = {
    key,
    id: event.id,
    seller,
    status: SCHEDULED,
    title: '',
    category: [],
    condition: null,
    location: null,
    country: null,
    shippingCents: null,
    format: '',
    currency: '',
    startCents: 0,
    priceCents: 0,
    buyNowCents: null,
    hasReserve: false,
    reserveMet: false,
    bids: 0,
    leader: 0,
    winner: 0,
    listedMs,
    startsMs: 0,
    endsMs: 0,
    bidHeat: heatAtListing(listedMs),
    watchHeat: NO_HEAT,
    watched: 0,
  };
  takeTerms(row, event.terms, event.text);
  return row;
}

export function foldEvent(row: ListingRow, event: AuctionEvent, context: FoldContext): void {
  switch (event.kind) {
    case 'ListingChanged':
      takeTerms(row, event.terms, event.text);
      return context.changeText(event.text);
    case 'DescriptionAdded':
      return context.changeText(event.text);
    case 'AuctionStarted':
      row.status = ACTIVE;
      return;
    case 'BidAccepted': {
      const bidding = context.bidding(context.user(event.bidder));
      bidding.bids += 1;
      bidding.maxCents = event.amountCents;
      bidding.lastMs = Math.floor(event.atUs / 1000);
      bidding.isChanged = true;
      row.bids += 1;
      row.priceCents = event.priceCents;
      row.leader = context.user(event.leader);
      row.reserveMet = event.reserveMet;
      row.bidHeat = heatAfter(row.bidHeat, HEAT_OF_A_BID, bidding.lastMs);
      return;
    }
    case 'AuctionExtended':
    case 'OutageCredited':
      row.endsMs = event.endsAtMs;
      return;
    case 'BidsRetracted':
      return retracted(row, event, context);
    case 'AuctionEnded':
      row.status = event.winner === 0 ? UNSOLD : SOLD;
      row.winner = context.user(event.winner);
      return;
    case 'AuctionCancelled':
      row.status = CANCELLED;
      row.bids = 0;
      row.leader = 0;
      row.priceCents = row.startCents;
      row.reserveMet = !row.hasReserve;
      return context.voidBids();
    case 'AuctionRelisted':
    case 'BidRefused':
    case 'BidLimitSet':
    case 'BidderBlocked':
      return;
    default:
      // A kind that a newer version wrote and this one does not show.
      event satisfies never;
  }
}

function retracted(row: ListingRow, event: BidsRetracted, context: FoldContext): void {
  const bidding = context.bidding(context.user(event.bidder));
  const taken = event.scope === 'all' ? bidding.bids : 1;
  assert(taken >= 1 && taken <= bidding.bids, 'a retraction takes bids that stand');
  bidding.bids -= taken;
  bidding.maxCents = bidding.bids === 0 ? 0 : null;
  bidding.isChanged = true;
  row.bids -= taken;
  row.priceCents = event.priceCents;
  row.leader = context.user(event.leader);
  row.reserveMet = event.reserveMet;
}

function takeTerms(row: ListingRow, terms: Terms, text: ListingText): void {
  row.title = text.title;
  row.category = text.category;
  row.condition = text.condition;
  row.location = text.location;
  row.country = text.country;
  row.shippingCents = text.shippingCents;
  row.format = terms.format;
  row.currency = terms.currency;
  row.startCents = terms.startPriceCents;
  row.priceCents = terms.startPriceCents;
  row.buyNowCents = terms.buyNowCents;
  row.hasReserve = terms.reserveCents !== null;
  row.reserveMet = !row.hasReserve;
  row.startsMs = terms.startsAtMs;
  row.endsMs = terms.endsAtMs;
}
