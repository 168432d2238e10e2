/**
 * A page of auctions of one shard, newest first. The id field routes nothing: the gateway asks
 * every shard and merges.
 */
import { auctionId, auctionStatus, requestId, userId } from '../common.ts';
import { described, optional, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const LIST_AUCTIONS = message('rest', 26, 'list_auctions', {
  id: requestId,
  beforeUs: described(
    optional(uint()),
    'Only auctions listed before this time, microseconds; absent: from the newest.',
  ),
  limit: uint(100),
  status: optional(auctionStatus),
  seller: optional(userId),
  beforeId: described(
    optional(auctionId),
    'Also those of the millisecond that begins at beforeUs whose ids are lower than this.',
  ),
});
export type ListAuctions = MessageOf<typeof LIST_AUCTIONS>;
