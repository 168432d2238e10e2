/**
 * The seller's block list of an auction.
 */
import { auctionId, requestId, userId } from '../common.ts';
import { bool } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const BLOCK_BIDDER = message('rest', 25, 'block_bidder', {
  id: requestId,
  auctionId,
  userId,
  blocked: bool,
  asAdmin: bool,
});
export type BlockBidder = MessageOf<typeof BLOCK_BIDDER>;
