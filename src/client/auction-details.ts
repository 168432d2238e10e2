/** Auctions as REST shows them, read into what the SDK gives: what JSON leaves out is null or empty. */
import type { Listing } from '../protocol/listing.ts';
import type { Addition, AuctionView, BidEntry } from '../protocol/views.ts';

type Json = Readonly<Record<string, unknown>>;

/** An auction with its texts. */
export interface AuctionDetails extends AuctionView {
  readonly description: string;
  readonly category: readonly string[];
  /** These five are null where the seller did not say. */
  readonly condition: Listing['condition'];
  readonly location: string | null;
  /** ISO 3166-1. */
  readonly country: string | null;
  readonly shipping: string | null;
  /** 0: free. */
  readonly shippingCents: number | null;
  /** What the seller added to the description, oldest first. */
  readonly additions: readonly Addition[];
  /** The auction that found no buyer and is listed again as this one, and the other way round. */
  readonly relistOf: string | null;
  readonly relistedAs: string | null;
  /** Who leads and who won: only the seller and admins are told, others get null. */
  readonly leadingBidderId: string | null;
  readonly winnerId: string | null;
}

export interface AuctionNow extends AuctionDetails {
  /** Connections to the server that watch it at the moment. */
  readonly watchers: number;
  /** In their order; empty also where the server cannot tell at the moment. */
  readonly images: readonly ShownImage[];
}

/** Addresses are of the server; each size is at most so many pixels wide and high. */
export interface ShownImage {
  readonly hash: string;
  /** Of the full size. */
  readonly width: number;
  readonly height: number;
  /** 160 */
  readonly small: string;
  /** 480 */
  readonly medium: string;
  /** 1,024 */
  readonly large: string;
  /** 2,048 */
  readonly full: string;
}

/** Of an auction with its texts. */
const MAY_BE_ABSENT: readonly (keyof AuctionDetails)[] = [
  'condition',
  'location',
  'country',
  'shipping',
  'shippingCents',
  'relistOf',
  'relistedAs',
  'leadingBidderId',
  'winnerId',
];
/** JSON leaves out what has no value, and writes aliases as b7. */
export function viewOf(json: Json): AuctionView {
  return {
    ...json,
    buyNowCents: json['buyNowCents'] ?? null,
    endReason: json['endReason'] ?? null,
    leadingBidder: aliasOf(json['leadingBidder']),
    winner: typeof json['winner'] === 'string' ? aliasOf(json['winner']) : null,
  } as AuctionView;
}

export function detailsOf(json: Json): AuctionDetails {
  const absent = Object.fromEntries(MAY_BE_ABSENT.map((name) => [name, null]));
  return { ...absent, additions: [], ...viewOf(json) } as unknown as AuctionDetails;
}

export function entryOf(json: Json): BidEntry {
  const { retractions = null, bidderId = null } = json;
  return { ...json, bidder: aliasOf(json['bidder']), retractions, bidderId } as BidEntry;
}

function aliasOf(text: unknown): number {
  return typeof text === 'string' ? Number(text.slice(1)) : 0;
}
