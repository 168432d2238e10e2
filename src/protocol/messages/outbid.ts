/**
 * Private feed: somebody else leads now.
 */
import { amount, auctionId, auctionSeq, epoch, timeMs } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const OUTBID = message('server', 69, 'outbid', {
  auctionId,
  epoch,
  seq: auctionSeq,
  yourBidCents: amount,
  currentPriceCents: amount,
  minimumNextCents: amount,
  endsAtMs: timeMs,
});
export type Outbid = MessageOf<typeof OUTBID>;
