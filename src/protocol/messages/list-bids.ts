/**
 * A page of the bid history, newest first.
 */
import { auctionId, requestId } from '../common.ts';
import { bool, optional, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const LIST_BIDS = message('rest', 23, 'list_bids', {
  id: requestId,
  auctionId,
  /** Only entries numbered below this; absent: from the newest. */
  before: optional(uint()),
  limit: uint(100),
  /** An admin asks, who sees the ids of the bidders. */
  asAdmin: optional(bool),
});
export type ListBids = MessageOf<typeof LIST_BIDS>;
