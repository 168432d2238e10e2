/**
 * Private feed: an auction ended that the user bid on or sold.
 */
import { amount, auctionId, auctionSeq, epoch, noticeSeq, userId } from '../common.ts';
import { described, optional, word } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const RESULT = message('server', 76, 'result', {
  auctionId,
  epoch,
  seq: auctionSeq,
  outcome: word(['won', 'lost', 'sold', 'unsold', 'cancelled']),
  currentPriceCents: amount,
  winnerId: described(optional(userId), 'For the seller, where it was sold.'),
  noticeSeq: described(optional(noticeSeq), 'Its number on the private feed.'),
});
export type Result = MessageOf<typeof RESULT>;
