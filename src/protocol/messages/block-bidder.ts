/**
 * The seller's block list of an auction. Names a bidder by the id, or by the alias.
 */
import { alias, auctionId, requestId, userId } from '../common.ts';
import { bool, described, optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const BLOCK_BIDDER = message('rest', 25, 'block_bidder', {
  id: requestId,
  auctionId,
  userId: optional(userId),
  blocked: bool,
  asAdmin: bool,
  bidder: described(optional(alias), 'In place of `userId`.'),
});
export type BlockBidder = MessageOf<typeof BLOCK_BIDDER>;
