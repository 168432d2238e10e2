/**
 * Private feed: something was listed that a saved search of this user fits.
 */
import { auctionId, noticeSeq } from '../common.ts';
import { described, optional, str } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const SEARCH_FOUND = message('server', 85, 'search_found', {
  search: described(str(1, 32), 'The id of the saved search.'),
  name: described(str(0, 60), 'Its name.'),
  auctionId,
  title: str(0, 120),
  noticeSeq: described(optional(noticeSeq), 'Its number on the private feed.'),
});
export type SearchFound = MessageOf<typeof SEARCH_FOUND>;
