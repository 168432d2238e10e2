/** Auctions and bids as everybody may see them: no maximums, no reserve, aliases for bidders. */
import { WIRE } from '../config/limits.ts';
import {
  alias,
  amount,
  auctionFormat,
  auctionId,
  auctionSeq,
  auctionStatus,
  currency,
  endReason,
  epoch,
  timeMs,
  userId,
} from './common.ts';
import type { Values } from './field.ts';
import { bool, list, optional, record, str, uint } from './field.ts';
import { softClose } from './listing.ts';

const auctionFields = {
  auctionId,
  epoch,
  seq: auctionSeq,
  title: str(0, 120),
  seller: userId,
  status: auctionStatus,
  format: auctionFormat,
  currency,
  startPriceCents: amount,
  currentPriceCents: amount,
  minimumNextCents: amount,
  bidCount: uint(),
  /** 0: no bid yet. */
  leadingBidder: alias,
  hasReserve: bool,
  reserveMet: bool,
  /** Absent: not or no longer offered. */
  buyNowCents: optional(amount),
  startsAtMs: timeMs,
  endsAtMs: timeMs,
  extensions: uint(),
  softClose,
  listedAtMs: timeMs,
  /** How it ended. */
  endReason: optional(endReason),
  /** Alias of the winner once sold. */
  winner: optional(alias),
  serverTimeMs: timeMs,
};
export const auctionView = record(auctionFields);
export type AuctionView = Values<typeof auctionFields>;

const textFields = {
  title: str(0, 120),
  description: str(0, 65_536),
  category: list(str(0, WIRE.categoryCharsMax), WIRE.categoryDepthMax),
};
export const listingText = record(textFields);

const bidFields = {
  /** Number of the entry in the history; pages go by it. */
  entry: uint(),
  bidder: alias,
  /** The price after this bid. Maximums stay hidden. */
  priceCents: amount,
  atMs: timeMs,
  retracted: bool,
  /** Number of the record in the log. */
  record: uint(),
  /** How often this bidder has taken back bids on this auction. */
  retractions: optional(uint()),
  /** Only for the seller and admins. */
  bidderId: optional(userId),
};
export const bidEntry = record(bidFields);
export type BidEntry = Values<typeof bidFields>;
