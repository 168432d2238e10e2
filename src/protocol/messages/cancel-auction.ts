/**
 * Ends an auction early: `cancel` voids all bids, `sell` sells to the high bidder.
 */
import { auctionId, requestId } from '../common.ts';
import { bool, word } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const CANCEL_AUCTION = message('rest', 22, 'cancel_auction', {
  id: requestId,
  auctionId,
  how: word(['cancel', 'sell']),
  asAdmin: bool,
});
export type CancelAuction = MessageOf<typeof CANCEL_AUCTION>;
