/**
 * Something rarer than a bid: the start, a retraction, a changed listing. The whole view again.
 */
import { auctionView } from '../views.ts';
import { handle } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const AUCTION_CHANGED = message('server', 72, 'auction_changed', {
  handle,
  auction: auctionView,
});
export type AuctionChanged = MessageOf<typeof AUCTION_CHANGED>;
