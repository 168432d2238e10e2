/**
 * A page of the bid history, newest first.
 */
import { auctionId, requestId } from '../common.ts';
import { bool, described, optional, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const LIST_BIDS = message('rest', 23, 'list_bids', {
  id: requestId,
  auctionId,
  before: described(optional(uint()), 'Only entries numbered below this; absent: from the newest.'),
  limit: uint(100),
  asAdmin: described(optional(bool), 'An admin asks, who sees the ids of the bidders.'),
});
export type ListBids = MessageOf<typeof LIST_BIDS>;
