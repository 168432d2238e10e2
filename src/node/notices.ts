/** What people are told on their private feed that no shard knows of, as frames. */
import type { PeopleNews } from '../account/people-requests.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { FEEDBACK_RECEIVED } from '../protocol/messages/feedback-received.ts';
import { SEARCH_FOUND } from '../protocol/messages/search-found.ts';

const RATINGS = { '-1': 'negative', '0': 'neutral', '1': 'positive' } as const;

/** Without its number, which the gateway gives. */
export function noticeOf(news: PeopleNews): Uint8Array {
  const writer = new MsgpackWriter(256);
  if (news.kind === 'feedback') {
    const { auctionId, rating } = news;
    FEEDBACK_RECEIVED.write(writer, { auctionId, rating: RATINGS[rating], noticeSeq: null });
  } else {
    const { search, name, auctionId, title } = news;
    SEARCH_FOUND.write(writer, { search, name, auctionId, title, noticeSeq: null });
  }
  return writer.view();
}
