/**
 * A page of auctions of one shard, newest first: by the millisecond of listing, then by id.
 */
import { auctionView } from '../views.ts';
import { auctionId, requestId, timeMs } from '../common.ts';
import { list, described, optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const AUCTIONS = message('server', 81, 'auctions', {
  id: requestId,
  auctions: list(auctionView, 100),
  nextMs: described(
    optional(timeMs),
    'Down to here the shard has looked; absent: there are no more, however short the page is.',
  ),
  nextId: described(
    optional(auctionId),
    'The last one looked at in that millisecond; absent: all of it.',
  ),
});
export type Auctions = MessageOf<typeof AUCTIONS>;
