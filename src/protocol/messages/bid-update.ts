/**
 * The newest state of a watched auction's bidding. `seq` is one above the update before, except
 * where `fromSeq` is given: then this update stands for all from there up to `seq`.
 */
import { alias, amount, auctionSeq, handle } from '../common.ts';
import { bool, described, optional, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const BID_UPDATE = message('server', 68, 'bid_update', {
  handle,
  seq: auctionSeq,
  currentPriceCents: amount,
  minimumNextCents: described(
    amount,
    'The least that would be taken from a new bidder; 0: nothing can be bid any more.',
  ),
  bidCount: uint(),
  leadingBidder: alias,
  reserveMet: bool,
  fromSeq: optional(auctionSeq),
});
export type BidUpdate = MessageOf<typeof BID_UPDATE>;
