/**
 * Buys at the buy-it-now price; ends the auction.
 */
import { auctionId, nonce, requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const BUY_NOW = message('client', 3, 'buy_now', {
  id: requestId,
  auctionId,
  nonce,
});
export type BuyNow = MessageOf<typeof BUY_NOW>;
