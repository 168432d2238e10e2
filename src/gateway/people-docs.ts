/** What the reference says about watchlists, saved searches, feedback and profiles (people-routes.ts, feedback-routes.ts). */
import { FEEDBACK_SIDES } from '../account/events.ts';
import { timeMs, userId } from '../protocol/common.ts';
import type { JsonSchema } from '../protocol/json-schema.ts';
import { joined, listOf, objectOf, orNull, titled } from '../protocol/json-schema.ts';
import { LEAVE_FEEDBACK, SAVE_SEARCH, schemaOf } from './account-bodies.ts';
import { FOUND, NOTHING, page, TRADED, WATCHED } from './answer-schemas.ts';
import type { RouteDoc } from './route-docs.ts';

const string: JsonSchema = { type: 'string' };
const count: JsonSchema = { type: 'integer', minimum: 0 };
const voices = { positive: count, neutral: count, negative: count };
const side = objectOf({ score: { type: 'integer' }, ...voices });

const SEARCH = titled(
  'SavedSearch',
  objectOf({ id: string, name: string, query: string, savedAtMs: timeMs.json }),
);
const PUBLIC_PROFILE = titled(
  'PublicProfile',
  objectOf(
    {
      userId: userId.json,
      displayName: string,
      memberSinceMs: timeMs.json,
      feedback: objectOf({
        score: { type: 'integer', description: 'Positive voices less negative ones.' },
        ...voices,
        positivePercent: {
          ...orNull({ type: 'number' }),
          description: 'Of the positive and negative voices of 12 months; null: there are none.',
        },
        months: objectOf({ 1: objectOf(voices), 6: objectOf(voices), 12: objectOf(voices) }),
        asSeller: side,
        asBuyer: side,
      }),
    },
    ['displayName', 'memberSinceMs'],
  ),
);
const FEEDBACK = titled(
  'Feedback',
  objectOf(
    {
      as: { type: 'string', enum: FEEDBACK_SIDES, description: 'The side of its author.' },
      rating: { type: 'integer', enum: [-1, 0, 1] },
      text: string,
      atMs: timeMs.json,
      auctionId: { ...string, description: 'Of a sale by this person; of a purchase for itself.' },
      by: { ...userId.json, description: 'For the person itself; absent: gone.' },
    },
    ['auctionId', 'by'],
  ),
);

export const PEOPLE_DOCS: Readonly<Record<string, RouteDoc>> = {
  'GET /v1/me/watchlist': {
    tag: 'people',
    summary: 'The auctions that one watches, with how they stand; those added last first.',
    answer: joined(page('auctions', WATCHED), objectOf({ total: count })),
    example: { query: { limit: '50' } },
  },
  'PUT /v1/me/watchlist/{id}': {
    tag: 'people',
    summary: 'Puts an auction on the watchlist; nothing changes where it is on it.',
    answer: NOTHING,
    refusals: ['AUCTION_UNKNOWN', 'WATCHLIST_FULL'],
  },
  'DELETE /v1/me/watchlist/{id}': {
    tag: 'people',
    summary: 'Takes an auction off the watchlist; nothing changes where it is not on it.',
    answer: NOTHING,
  },
  'GET /v1/me/searches': {
    tag: 'people',
    summary: 'The searches that one has saved.',
    answer: objectOf({ searches: listOf(SEARCH) }),
  },
  'POST /v1/me/searches': {
    tag: 'people',
    summary: 'Saves a search; what is listed from now on and fits it is told on the private feed.',
    body: schemaOf(SAVE_SEARCH),
    answer: SEARCH,
    status: 201,
    refusals: ['SEARCHES_FULL'],
    example: { body: { name: 'Lamps', query: 'q=brass+lamp&maxPrice=5000' } },
  },
  'DELETE /v1/me/searches/{id}': {
    tag: 'people',
    summary: 'Drops a saved search.',
    answer: NOTHING,
    refusals: ['SEARCH_UNKNOWN'],
  },
  'POST /v1/auctions/{id}/feedback': {
    tag: 'people',
    summary: 'Leaves feedback on a sale, as its buyer or its seller, once and within 60 days.',
    body: schemaOf(LEAVE_FEEDBACK),
    answer: NOTHING,
    status: 201,
    refusals: [
      'AUCTION_UNKNOWN',
      'NOT_YOUR_SALE',
      'AUCTION_NOT_SOLD',
      'FEEDBACK_GIVEN',
      'FEEDBACK_TOO_LATE',
    ],
    example: { body: { rating: 1, text: 'Just as described.' } },
  },
  'GET /v1/me/feedback': {
    tag: 'people',
    summary: 'The feedback that one got, with its authors; the newest first.',
    answer: page('feedback', FEEDBACK),
  },
  'GET /v1/me/feedback/due': {
    tag: 'people',
    summary: 'Sales and purchases on which feedback can still be left.',
    answer: objectOf({ auctions: listOf(TRADED) }),
  },
  'GET /v1/users/{id}': {
    tag: 'people',
    summary: 'What everybody may know of a person; somebody unknown looks like somebody new.',
    answer: PUBLIC_PROFILE,
  },
  'GET /v1/users/{id}/feedback': {
    tag: 'people',
    summary: 'The feedback that somebody got, without its authors; the newest first.',
    answer: page('feedback', FEEDBACK),
  },
  'GET /v1/users/{id}/listings': {
    tag: 'people',
    summary: 'What somebody sells and has sold, the newest first.',
    answer: FOUND,
  },
};
