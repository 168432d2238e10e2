/**
 * Watches an auction. Answered by a snapshot, or after a reconnect with the last position by
 * `resumed` and what was missed.
 */
import { auctionId, auctionSeq, epoch, requestId } from '../common.ts';
import { optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const SUBSCRIBE = message('client', 5, 'subscribe', {
  id: requestId,
  auctionId,
  epoch: optional(epoch),
  seq: optional(auctionSeq),
});
export type Subscribe = MessageOf<typeof SUBSCRIBE>;
