/**
 * Changes a listing: only what is given.
 */
import { listingChange } from '../listing.ts';
import { auctionId, requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const CHANGE_AUCTION = message('rest', 21, 'change_auction', {
  id: requestId,
  auctionId,
  changes: listingChange,
});
export type ChangeAuction = MessageOf<typeof CHANGE_AUCTION>;
