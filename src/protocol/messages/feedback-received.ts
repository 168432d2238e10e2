/**
 * Private feed: the other side of a sale left feedback on this user.
 */
import { auctionId, noticeSeq } from '../common.ts';
import { described, optional, word } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

/** In a frame a rating is its place in this list. */
export const RATING_WORDS = ['negative', 'neutral', 'positive'] as const;

export const FEEDBACK_RECEIVED = message('server', 86, 'feedback_received', {
  auctionId,
  rating: word(RATING_WORDS),
  noticeSeq: described(optional(noticeSeq), 'Its number on the private feed.'),
});
export type FeedbackReceived = MessageOf<typeof FEEDBACK_RECEIVED>;
