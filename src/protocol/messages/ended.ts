/**
 * A watched auction ended.
 */
import { alias, amount, auctionSeq, auctionStatus, endReason, handle } from '../common.ts';
import { described, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const ENDED = message('server', 71, 'ended', {
  handle,
  seq: auctionSeq,
  status: auctionStatus,
  reason: endReason,
  currentPriceCents: amount,
  bidCount: uint(),
  winner: described(alias, '0 in a frame, null in JSON: nobody.'),
});
export type Ended = MessageOf<typeof ENDED>;
