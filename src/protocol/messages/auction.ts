/**
 * An auction with its texts; terms and reserve state as everybody may see them. Only its seller and
 * admins are told who the bidders are.
 */
import { auctionView, listingText } from '../views.ts';
import { auctionId, requestId, userId } from '../common.ts';
import { described, optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const AUCTION = message('server', 79, 'auction', {
  id: requestId,
  auction: auctionView,
  text: listingText,
  leadingBidderId: optional(userId),
  winnerId: optional(userId),
  relistedAs: described(optional(auctionId), 'What it was listed again as.'),
});
export type Auction = MessageOf<typeof AUCTION>;
