/**
 * A page of auctions of one shard, newest first.
 */
import { auctionView } from '../views.ts';
import { requestId } from '../common.ts';
import { list } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const AUCTIONS = message('server', 81, 'auctions', {
  id: requestId,
  auctions: list(auctionView, 100),
});
export type Auctions = MessageOf<typeof AUCTIONS>;
