/**
 * Lists again what found no buyer: as it was, but for what is given. The new id is made by the
 * gateway, so that the shard of the old auction has the new one as well.
 */
import { listingChange } from '../listing.ts';
import { auctionId, requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const RELIST_AUCTION = message('rest', 29, 'relist_auction', {
  id: requestId,
  auctionId,
  newAuctionId: auctionId,
  changes: listingChange,
});
export type RelistAuction = MessageOf<typeof RELIST_AUCTION>;
