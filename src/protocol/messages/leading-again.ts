/**
 * Private feed: the bid that led was taken back, and this user's leads again.
 */
import { amount, auctionId, auctionSeq, epoch, noticeSeq, timeMs } from '../common.ts';
import { bool, described, optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const LEADING_AGAIN = message('server', 83, 'leading_again', {
  auctionId,
  epoch,
  seq: auctionSeq,
  yourBidCents: described(amount, 'The own maximum (proxy) or price (direct) that leads.'),
  currentPriceCents: amount,
  reserveMet: bool,
  endsAtMs: timeMs,
  noticeSeq: described(optional(noticeSeq), 'Its number on the private feed.'),
});
export type LeadingAgain = MessageOf<typeof LEADING_AGAIN>;
