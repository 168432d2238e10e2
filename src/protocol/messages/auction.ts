/**
 * An auction with its texts; terms and reserve state as everybody may see them.
 */
import { auctionView, listingText } from '../views.ts';
import { requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const AUCTION = message('server', 79, 'auction', {
  id: requestId,
  auction: auctionView,
  text: listingText,
});
export type Auction = MessageOf<typeof AUCTION>;
