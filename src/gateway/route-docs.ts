/**
 * What the reference says about each public route beside what the route itself knows: a sentence,
 * what it takes and answers, and an example that a test runs. A route without an entry fails a test.
 */
import { listing, listingChange } from '../protocol/listing.ts';
import type { JsonSchema, ObjectSchema } from '../protocol/json-schema.ts';
import { closed, objectOf, titled, without } from '../protocol/json-schema.ts';
import type { Message } from '../protocol/message.ts';
import { BLOCK_BIDDER } from '../protocol/messages/block-bidder.ts';
import { BUY_NOW } from '../protocol/messages/buy-now.ts';
import { CANCEL_AUCTION } from '../protocol/messages/cancel-auction.ts';
import { PLACE_BID } from '../protocol/messages/place-bid.ts';
import { RETRACT } from '../protocol/messages/retract.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import {
  CHANGE_EMAIL,
  CHANGE_NAME,
  CHANGE_PASSWORD,
  DELETE,
  REFRESH,
  REGISTER,
  REQUEST_RESET,
  RESET,
  schemaOf,
  SIGN_IN,
} from './account-bodies.ts';
import {
  AUCTION_SHOWN,
  AUCTION_VIEW,
  BID_ANSWER,
  BIDS_PAGE,
  CATEGORIES,
  FOUND,
  KEYS,
  MINE,
  NEW_TOKEN,
  NOTHING,
  NOTICES_SHOWN,
  page,
  PROFILE,
  RECEIPT_SHOWN,
  RECOMMENDED,
  REPORT,
  SESSION,
  TIME,
  UPDATES_SHOWN,
} from './answer-schemas.ts';
import { IMAGE_DOCS } from './image-docs.ts';
import { PEOPLE_DOCS } from './people-docs.ts';
import { RELIST_DOCS } from './relist-docs.ts';

export type Tag =
  'auctions' | 'bids' | 'live' | 'discovery' | 'people' | 'receipts' | 'accounts' | 'server';

export interface RouteDoc {
  readonly tag: Tag;
  /** What it does, in a few words. */
  readonly summary: string;
  readonly body?: ObjectSchema;
  /** Default: application/json. */
  readonly bodyType?: string;
  readonly answer: JsonSchema;
  /** Default: 200. */
  readonly status?: number;
  /** Default: application/json. */
  readonly type?: string;
  /** What it refuses by itself; what any route may refuse is said once for all of them. */
  readonly refusals?: readonly RefusalName[];
  /** A body and parameters of the query that are taken. */
  readonly example?: {
    readonly body?: Readonly<Record<string, unknown>>;
    readonly query?: Readonly<Record<string, string>>;
  };
  /** The route answers something else where it is asked with these parameters. */
  readonly variant?: {
    readonly name: string;
    readonly query: Readonly<Record<string, string>>;
    readonly answer: JsonSchema;
  };
}

/** A message's fields that the body has: all but those that come from the address, or from us. */
function bodyOf(
  { json }: Pick<Message<unknown>, 'json'>,
  ours: readonly string[] = [],
): ObjectSchema {
  return closed(without(json, ['id', 'auctionId', ...ours]));
}

const NONCE = 'Zb3k9QpXw2Lr8TfV';
const BIDDING: readonly RefusalName[] = [
  'AUCTION_UNKNOWN',
  'NONCE_REUSED',
  'AUCTION_NOT_STARTED',
  'AUCTION_ENDED',
  'OWN_AUCTION',
  'BIDDER_BLOCKED',
  'VELOCITY_LIMIT',
];
const PERSON = { email: 'ann@example.com', password: 'correct horse battery' };

export const ROUTE_DOCS: Readonly<Record<string, RouteDoc>> = {
  'GET /v1/time': { tag: 'server', summary: 'The clock of the server.', answer: TIME },
  'GET /v1/ws': {
    tag: 'live',
    summary: 'The address of the WebSocket; without an upgrade it is refused.',
    answer: {},
    status: 426,
  },
  'GET /v1/keys': {
    tag: 'receipts',
    summary: 'The public keys of receipts and reports, as a JWKS.',
    answer: KEYS,
  },
  'POST /v1/auctions': {
    tag: 'auctions',
    summary: 'Lists an auction.',
    body: closed(titled('Listing', listing.json)),
    answer: AUCTION_SHOWN,
    status: 201,
    refusals: ['INVALID_LISTING'],
    example: {
      body: {
        title: 'Brass desk lamp',
        currency: 'EUR',
        startPriceCents: 1000,
        endsAtMs: 1_800_000_600_000,
        category: ['Home', 'Lamps'],
      },
    },
  },
  'GET /v1/auctions': {
    tag: 'auctions',
    summary: 'A page of auctions without their texts, newest first.',
    answer: page('auctions', AUCTION_VIEW),
    example: { query: { status: 'active', limit: '20' } },
  },
  'GET /v1/auctions/{id}': {
    tag: 'auctions',
    summary: 'One auction; with `after` a long poll for what came later.',
    answer: AUCTION_SHOWN,
    variant: { name: 'poll', query: { after: '-', wait: '1s' }, answer: UPDATES_SHOWN },
    refusals: ['AUCTION_UNKNOWN', 'TOO_MANY_CONNECTIONS', 'NOT_READY'],
  },
  'PUT /v1/auctions/{id}': {
    tag: 'auctions',
    summary: 'Changes a listing of one’s own, before the first accepted bid.',
    body: closed(titled('ListingChange', listingChange.json)),
    answer: AUCTION_SHOWN,
    refusals: ['AUCTION_UNKNOWN', 'NOT_YOUR_AUCTION', 'CHANGE_TOO_LATE', 'INVALID_LISTING'],
    example: { body: { title: 'Brass desk lamp, 1930s' } },
  },
  ...RELIST_DOCS,
  ...PEOPLE_DOCS,
  'POST /v1/auctions/{id}/cancel': {
    tag: 'auctions',
    summary: 'Ends an auction of one’s own early: void, or sold to the high bidder.',
    body: bodyOf(CANCEL_AUCTION, ['asAdmin']),
    answer: AUCTION_SHOWN,
    refusals: ['AUCTION_UNKNOWN', 'NOT_YOUR_AUCTION', 'CANCEL_TOO_LATE', 'NO_BIDS_TO_SELL'],
    example: { body: { how: 'cancel' } },
  },
  'POST /v1/auctions/{id}/blocks': {
    tag: 'auctions',
    summary: 'Takes no more bids of a bidder on an auction of one’s own, or takes them again.',
    body: bodyOf(BLOCK_BIDDER, ['asAdmin']),
    answer: NOTHING,
    refusals: ['AUCTION_UNKNOWN', 'NOT_YOUR_AUCTION', 'BIDDER_UNKNOWN'],
    example: { body: { userId: 'mallory', blocked: true } },
  },
  'GET /v1/auctions/{id}/bids': {
    tag: 'bids',
    summary: 'A page of the bid history, newest first.',
    answer: BIDS_PAGE,
    refusals: ['AUCTION_UNKNOWN'],
    example: { query: { limit: '10' } },
  },
  'POST /v1/auctions/{id}/bids': {
    tag: 'bids',
    summary: 'A bid: the same as over the WebSocket, with the same nonce.',
    body: bodyOf(PLACE_BID),
    answer: BID_ANSWER,
    refusals: [...BIDDING, 'BID_TOO_LOW', 'BID_BELOW_OWN_MAXIMUM', 'CONFIRMATION_NEEDED'],
    example: { body: { nonce: NONCE, amountCents: 2000 }, query: { receipt: 'true' } },
  },
  'POST /v1/auctions/{id}/buy-now': {
    tag: 'bids',
    summary: 'Buys at the buy-it-now price.',
    body: bodyOf(BUY_NOW),
    answer: BID_ANSWER,
    refusals: [...BIDDING, 'BUY_NOW_UNAVAILABLE', 'BID_LIMIT_EXCEEDED'],
    example: { body: { nonce: NONCE } },
  },
  'POST /v1/auctions/{id}/retract': {
    tag: 'bids',
    summary: 'Takes own bids back, as far as the time left allows it.',
    body: bodyOf(RETRACT),
    answer: BID_ANSWER,
    refusals: ['AUCTION_UNKNOWN', 'NOTHING_TO_RETRACT', 'RETRACTION_TOO_LATE'],
    example: { body: { nonce: NONCE } },
  },
  'GET /v1/auctions/{id}/bids/{record}/receipt': {
    tag: 'receipts',
    summary: 'The server’s signed word on a bid of one’s own.',
    answer: RECEIPT_SHOWN,
    refusals: ['AUCTION_UNKNOWN', 'RECORD_UNKNOWN'],
  },
  'GET /v1/auctions/{id}/report': {
    tag: 'receipts',
    summary: 'The signed report on an auction of one’s own that is over.',
    answer: REPORT,
    refusals: ['AUCTION_UNKNOWN', 'NOT_YOUR_AUCTION', 'AUCTION_NOT_OVER'],
  },
  'GET /v1/auctions/{id}/events': {
    tag: 'live',
    summary: 'The auction as Server-Sent Events.',
    answer: { type: 'string' },
    type: 'text/event-stream',
    refusals: ['AUCTION_UNKNOWN', 'TOO_MANY_CONNECTIONS'],
  },
  'GET /v1/events': {
    tag: 'live',
    summary: 'Several auctions in one stream of Server-Sent Events.',
    answer: { type: 'string' },
    type: 'text/event-stream',
    refusals: ['AUCTION_UNKNOWN', 'TOO_MANY_CONNECTIONS'],
  },
  'GET /v1/me/events': {
    tag: 'live',
    summary: 'The private feed as Server-Sent Events.',
    answer: { type: 'string' },
    type: 'text/event-stream',
    refusals: ['TOO_MANY_CONNECTIONS'],
  },
  'GET /v1/me/notices': {
    tag: 'live',
    summary: 'The private feed as a long poll.',
    answer: NOTICES_SHOWN,
    example: { query: { after: '-' } },
    refusals: ['TOO_MANY_CONNECTIONS'],
  },
  'GET /v1/search': {
    tag: 'discovery',
    summary: 'Listings by words, category, price and time.',
    answer: FOUND,
    example: { query: { q: 'brass lamp', sort: 'ending', limit: '20' } },
  },
  'GET /v1/auctions/ending': {
    tag: 'discovery',
    summary: 'Active auctions, the next to end first.',
    answer: FOUND,
    example: { query: { endingWithin: '24h' } },
  },
  'GET /v1/auctions/trending': {
    tag: 'discovery',
    summary: 'Active auctions, those with the most recent bids first.',
    answer: FOUND,
  },
  'GET /v1/categories': {
    tag: 'discovery',
    summary: 'Categories, with how much is listed in each.',
    answer: CATEGORIES,
  },
  'GET /v1/recommendations': {
    tag: 'discovery',
    summary: 'What else people bid on, for an auction or for oneself, and why.',
    answer: RECOMMENDED,
    example: { query: { limit: '5' } },
  },
  'GET /v1/me/bids': { tag: 'discovery', summary: 'Auctions that one bid on.', answer: MINE },
  'GET /v1/me/wins': { tag: 'discovery', summary: 'Auctions that one won.', answer: MINE },
  'GET /v1/me/losses': { tag: 'discovery', summary: 'Auctions that others won.', answer: MINE },
  'GET /v1/me/listings': { tag: 'discovery', summary: 'Auctions of one’s own.', answer: MINE },
  'POST /v1/accounts': {
    tag: 'accounts',
    summary: 'Registers an account.',
    body: schemaOf(REGISTER),
    answer: PROFILE,
    status: 201,
    refusals: ['EMAIL_TAKEN'],
    example: { body: { ...PERSON, displayName: 'Ann' } },
  },
  'POST /v1/sessions': {
    tag: 'accounts',
    summary: 'Signs in.',
    body: schemaOf(SIGN_IN),
    answer: SESSION,
    status: 201,
    refusals: ['SIGN_IN_FAILED', 'ACCOUNT_DISABLED'],
    example: { body: PERSON },
  },
  'POST /v1/sessions/refresh': {
    tag: 'accounts',
    summary: 'A new access token, and a new refresh token in place of the old one.',
    body: schemaOf(REFRESH),
    answer: SESSION,
    refusals: ['SESSION_ENDED'],
    example: { body: { refreshToken: 'of the newest answer' } },
  },
  'DELETE /v1/sessions/current': {
    tag: 'accounts',
    summary: 'Signs out; connections of this session are closed.',
    answer: NOTHING,
  },
  'GET /v1/me': { tag: 'accounts', summary: 'One’s own profile.', answer: PROFILE },
  'PATCH /v1/me': {
    tag: 'accounts',
    summary: 'Changes the name that others see.',
    body: schemaOf(CHANGE_NAME),
    answer: PROFILE,
    example: { body: { displayName: 'Ann B.' } },
  },
  'PUT /v1/me/email': {
    tag: 'accounts',
    summary: 'Changes the e-mail address.',
    body: schemaOf(CHANGE_EMAIL),
    answer: PROFILE,
    refusals: ['PASSWORD_WRONG', 'EMAIL_TAKEN'],
    example: { body: { ...PERSON, email: 'ann.b@example.com' } },
  },
  'PUT /v1/me/password': {
    tag: 'accounts',
    summary: 'Changes the password; all other sessions end.',
    body: schemaOf(CHANGE_PASSWORD),
    answer: NEW_TOKEN,
    refusals: ['PASSWORD_WRONG'],
    example: { body: { password: PERSON.password, newPassword: 'another horse battery' } },
  },
  'POST /v1/me/delete': {
    tag: 'accounts',
    summary: 'Deletes the account; its history stays under a pseudonym.',
    body: schemaOf(DELETE),
    answer: NOTHING,
    refusals: ['PASSWORD_WRONG'],
    example: { body: { password: PERSON.password } },
  },
  'POST /v1/password-resets': {
    tag: 'accounts',
    summary: 'Sends a reset to this address, if there is an account; the answer does not say.',
    body: schemaOf(REQUEST_RESET),
    answer: NOTHING,
    status: 202,
    example: { body: { email: PERSON.email } },
  },
  'POST /v1/password-resets/{id}': {
    tag: 'accounts',
    summary: 'Sets a new password with the token of a reset.',
    body: schemaOf(RESET),
    answer: NOTHING,
    refusals: ['RESET_TOKEN_INVALID'],
    example: { body: { password: 'a third horse battery' } },
  },
  ...IMAGE_DOCS,
  'GET /openapi.json': {
    tag: 'server',
    summary: 'This document.',
    answer: objectOf({ openapi: { type: 'string' }, info: { type: 'object' } }),
  },
  'GET /asyncapi.json': {
    tag: 'server',
    summary: 'The messages of the WebSocket, as AsyncAPI.',
    answer: objectOf({ asyncapi: { type: 'string' }, info: { type: 'object' } }),
  },
  'GET /docs': {
    tag: 'server',
    summary: 'This reference, to read.',
    answer: { type: 'string' },
    type: 'text/html',
  },
};
