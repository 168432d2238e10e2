/**
 * Lists an auction. The id is made by the gateway; seller is the signed-in user.
 */
import { listing } from '../listing.ts';
import { auctionId, requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const CREATE_AUCTION = message('rest', 20, 'create_auction', {
  id: requestId,
  auctionId,
  listing,
});
export type CreateAuction = MessageOf<typeof CREATE_AUCTION>;
