/** Auctions and bids as everybody may see them: no maximums, no reserve, aliases for bidders. */
import { WIRE } from '../config/limits.ts';
import {
  alias,
  amount,
  auctionFormat,
  auctionId,
  auctionSeq,
  auctionStatus,
  condition,
  country,
  currency,
  endReason,
  epoch,
  timeMs,
  userId,
} from './common.ts';
import type { Values } from './field.ts';
import { bool, list, described, optional, record, str, uint } from './field.ts';
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
  leadingBidder: described(alias, '0 in a frame, null in JSON: no bid yet.'),
  hasReserve: bool,
  reserveMet: bool,
  buyNowCents: described(optional(amount), 'Absent: not or no longer offered.'),
  startsAtMs: timeMs,
  endsAtMs: timeMs,
  extensions: uint(),
  softClose,
  listedAtMs: timeMs,
  endReason: described(optional(endReason), 'How it ended.'),
  winner: described(optional(alias), 'Alias of the winner once sold.'),
  serverTimeMs: timeMs,
};
export const auctionView = record(auctionFields);
/** JSON may have more beside them. */
export const AUCTION_FIELD_NAMES: readonly string[] = Object.keys(auctionFields);
export type AuctionView = Values<typeof auctionFields>;

const additionFields = {
  atMs: described(timeMs, 'When it was added.'),
  text: str(0, WIRE.additionCharsMax),
};
export const addition = record(additionFields);

const textFields = {
  title: str(0, 120),
  description: str(0, 65_536),
  category: list(str(0, WIRE.categoryCharsMax), WIRE.categoryDepthMax),
  condition: described(optional(condition), 'Absent: the seller did not say.'),
  location: described(optional(str(0, WIRE.locationCharsMax)), 'Where it is.'),
  country: optional(country),
  shipping: described(optional(str(0, WIRE.shippingCharsMax)), 'How and where to it is sent.'),
  shippingCents: described(optional(amount), 'What sending costs; 0: free.'),
  additions: described(
    optional(list(addition, WIRE.additionsMax)),
    'What the seller added to the description, oldest first; absent: nothing.',
  ),
  relistOf: described(
    optional(auctionId),
    'The auction that found no buyer and is listed again as this one.',
  ),
};
export const listingText = record(textFields);
export const TEXT_FIELD_NAMES: readonly string[] = Object.keys(textFields);
export type Addition = Values<typeof additionFields>;

const bidFields = {
  entry: described(uint(), 'Number of the entry in the history; pages go by it.'),
  bidder: alias,
  priceCents: described(amount, 'The price after this bid. Maximums stay hidden.'),
  atMs: timeMs,
  retracted: bool,
  record: described(uint(), 'Number of the record in the log.'),
  retractions: described(
    optional(uint()),
    'How often this bidder has taken back bids on this auction.',
  ),
  bidderId: described(optional(userId), 'Only for the seller and admins.'),
};
export const bidEntry = record(bidFields);
export type BidEntry = Values<typeof bidFields>;
