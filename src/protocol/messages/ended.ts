/**
 * A watched auction ended.
 */
import { alias, amount, auctionSeq, auctionStatus, endReason, handle } from '../common.ts';
import { uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const ENDED = message('server', 71, 'ended', {
  handle,
  seq: auctionSeq,
  status: auctionStatus,
  reason: endReason,
  currentPriceCents: amount,
  bidCount: uint(),
  /** 0: nobody. */
  winner: alias,
});
export type Ended = MessageOf<typeof ENDED>;
