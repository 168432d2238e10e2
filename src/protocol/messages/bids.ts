/**
 * A page of the bid history, newest first. `next` is the `before` of the next page.
 */
import { bidEntry } from '../views.ts';
import { auctionId, requestId } from '../common.ts';
import { list, optional, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const BIDS = message('server', 80, 'bids', {
  id: requestId,
  auctionId,
  bids: list(bidEntry, 100),
  next: optional(uint()),
});
export type Bids = MessageOf<typeof BIDS>;
