/**
 * Internal: the most that a bidder may bid on an auction. Absent amount: no limit.
 */
import { amount, auctionId, requestId, userId } from '../common.ts';
import { optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const SET_BID_LIMIT = message('rest', 24, 'set_bid_limit', {
  id: requestId,
  auctionId,
  userId,
  limitCents: optional(amount),
});
export type SetBidLimit = MessageOf<typeof SET_BID_LIMIT>;
