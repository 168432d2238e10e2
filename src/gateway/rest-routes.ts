/**
 * The REST routes of the public listener: each makes one message for a shard out of a request, and
 * a response out of the reply. Bodies are checked by the same fields as the messages.
 */
import { programVersion } from '../lib/version.ts';
import { auctionStatus, userId } from '../protocol/common.ts';
import { MalformedField } from '../protocol/field.ts';
import { aliasOf, refusalFields } from '../protocol/json-codec.ts';
import type { Message } from '../protocol/message.ts';
import type { Answer } from '../protocol/messages/answer.ts';
import { ANSWER } from '../protocol/messages/answer.ts';
import type { Auctions } from '../protocol/messages/auctions.ts';
import { AUCTIONS } from '../protocol/messages/auctions.ts';
import type { Bids } from '../protocol/messages/bids.ts';
import { BIDS } from '../protocol/messages/bids.ts';
import { BLOCK_BIDDER } from '../protocol/messages/block-bidder.ts';
import { BUY_NOW } from '../protocol/messages/buy-now.ts';
import { CANCEL_AUCTION } from '../protocol/messages/cancel-auction.ts';
import { CHANGE_AUCTION } from '../protocol/messages/change-auction.ts';
import { CREATE_AUCTION } from '../protocol/messages/create-auction.ts';
import { DONE } from '../protocol/messages/done.ts';
import { LIST_AUCTIONS } from '../protocol/messages/list-auctions.ts';
import { LIST_BIDS } from '../protocol/messages/list-bids.ts';
import { PLACE_BID } from '../protocol/messages/place-bid.ts';
import { RETRACT } from '../protocol/messages/retract.ts';
import { SET_BID_LIMIT } from '../protocol/messages/set-bid-limit.ts';
import { ACCEPTED, refusalName, REFUSALS } from '../protocol/refusals.ts';
import { auctionView, bidEntry } from '../protocol/views.ts';
import { CURSOR, mergePages, startOf } from './auction-page.ts';
import type { AccountContext } from './account-routes.ts';
import { accountAdminRoutes, accountRoutes } from './account-routes.ts';
import { showAuction, withId } from './auction-answer.ts';
import { AuctionReads } from './auction-reads.ts';
import { keyedAuctionId, newAuctionId } from './auction-id.ts';
import type { DiscoveryContext } from './discovery-routes.ts';
import { discoveryRoutes } from './discovery-routes.ts';
import { docsRoutes } from './docs-routes.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { ImageContext } from './image-routes.ts';
import { imageRoutes } from './image-routes.ts';
import { feedbackRoutes } from './feedback-routes.ts';
import { flag, given, like, or, whole } from './parameters.ts';
import type { PeopleContext } from './people-routes.ts';
import { peopleRoutes } from './people-routes.ts';
import type { ReceiptContext } from './receipt-routes.ts';
import { receiptOf, receiptRoutes } from './receipt-routes.ts';
import type { ModeContext } from './mode-routes.ts';
import { modeRoutes } from './mode-routes.ts';
import { relistRoutes } from './relist-routes.ts';
import type { RestRequest, Route } from './routes.ts';
import type { ShardCaller } from './shard-call.ts';
import { REST_REQUEST_ID } from './shard-call.ts';
import { refusalOf, refuseWith, valueOf } from './shard-reply.ts';
import type { StreamContext } from './stream-routes.ts';
import { optionalPollQuery, poll, streamRoutes } from './stream-routes.ts';
import { ADMIN, BIDDER, SELLER } from './user.ts';
import type { WatchedTable } from './watched.ts';

export interface RestContext
  extends
    StreamContext,
    DiscoveryContext,
    ReceiptContext,
    AccountContext,
    ModeContext,
    PeopleContext,
    ImageContext {
  readonly watched: WatchedTable;
}

const BID = { receipt: flag('Whether the answer carries the server’s signed word on it.') };

const limitOf = ({ pageMax, pageDefault }: GatewayLimits) =>
  or(whole(1, pageMax, 'Length of the page.'), pageDefault);

const listQuery = (limits: GatewayLimits) => ({
  status: like(auctionStatus, 'Only auctions with this status.'),
  seller: like(userId, 'Only auctions of this user.'),
  limit: limitOf(limits),
  cursor: CURSOR,
});

const historyQuery = (limits: GatewayLimits) => ({
  limit: limitOf(limits),
  before: whole(0, 999_999_999_999_999, 'The `next` of the page before.'),
});

/** All routes of the public listener. */
export function publicRoutes(context: RestContext): readonly Route[] {
  const routes: readonly Route[] = [
    ...marketRoutes(context),
    ...docsRoutes(programVersion(), () => routes),
  ];
  return routes;
}

function marketRoutes(context: RestContext): readonly Route[] {
  const { calls, nowUs } = context;
  const command = (path: string, access: number, run: Route['run']): Route => ({
    method: 'POST',
    path: `/v1/auctions/{id}/${path}`,
    access,
    takesBody: true,
    query: access === BIDDER ? BID : {},
    run,
  });
  return [
    {
      method: 'GET',
      path: '/v1/time',
      access: 'open',
      takesBody: false,
      query: {},
      run: ({ exchange }) => exchange.json(200, { serverTimeMs: Math.floor(nowUs() / 1000) }),
    },
    {
      method: 'GET',
      path: '/v1/ws',
      access: 'open',
      takesBody: false,
      query: {},
      // Upgrades do not come here.
      run: ({ exchange }) =>
        exchange.refuse('MALFORMED', {
          status: 426,
          reason: 'this address is for WebSockets',
          headers: { upgrade: 'websocket' },
        }),
    },
    // Before /v1/auctions/{id}, which their addresses would fit as well.
    ...discoveryRoutes(context),
    ...auctionRoutes(context),
    ...streamRoutes(context),
    ...receiptRoutes(context),
    ...accountRoutes(context),
    ...peopleRoutes(context),
    ...feedbackRoutes(context),
    ...imageRoutes(context),
    ...relistRoutes(context),
    {
      method: 'GET',
      path: '/v1/auctions/{id}/bids',
      access: 'read',
      takesBody: false,
      query: historyQuery(context.limits),
      run: (request) => listBids(request, context),
    },
    command('bids', BIDDER, (request) => bid(request, PLACE_BID, context)),
    command('buy-now', BIDDER, (request) => bid(request, BUY_NOW, context)),
    command('retract', BIDDER, (request) => bid(request, RETRACT, context)),
    command('cancel', SELLER, (request) => cancel(request, false, calls)),
    command('blocks', SELLER, (request) => block(request, false, calls)),
  ];
}

/** What only admins may do, on the internal listener. */
export function adminRoutes(context: RestContext): readonly Route[] {
  const { calls } = context;
  const command = (path: string, run: Route['run']): Route => ({
    method: 'POST',
    path: `/v1/auctions/{id}/${path}`,
    access: ADMIN,
    takesBody: true,
    query: {},
    run,
  });
  return [
    command('bid-limits', (request) => done(request, SET_BID_LIMIT, {}, calls)),
    command('blocks', (request) => block(request, true, calls)),
    command('cancel', (request) => cancel(request, true, calls)),
    ...accountAdminRoutes(context),
    ...modeRoutes(context),
  ];
}

function auctionRoutes(context: RestContext): readonly Route[] {
  const { calls } = context;
  const reads = new AuctionReads(context);
  return [
    {
      method: 'POST',
      path: '/v1/auctions',
      access: SELLER,
      takesBody: true,
      query: {},
      run: (request) => create(request, calls),
    },
    {
      method: 'GET',
      path: '/v1/auctions',
      access: 'read',
      takesBody: false,
      query: listQuery(context.limits),
      run: (request) => listAuctions(request, context),
    },
    {
      method: 'GET',
      path: '/v1/auctions/{id}',
      access: 'read',
      takesBody: false,
      query: optionalPollQuery(context.limits),
      run: (request) => {
        if (request.query.size > 0) return poll(request, context);
        return reads.show(request);
      },
    },
    {
      method: 'PUT',
      path: '/v1/auctions/{id}',
      access: SELLER,
      takesBody: true,
      query: {},
      run: async (request) => {
        const value = CHANGE_AUCTION.fromNamed(withId(request, { changes: request.body }));
        showAuction(request.exchange, await calls.call(CHANGE_AUCTION, value, request.user), 200);
      },
    },
  ];
}

async function create(request: RestRequest, calls: ShardCaller): Promise<void> {
  const { exchange, body, user, idempotencyKey: key } = request;
  const auctionId = user === null || key === '' ? newAuctionId() : keyedAuctionId(user.id, key);
  const named = { id: REST_REQUEST_ID, auctionId, listing: body };
  const reply = await calls.call(CREATE_AUCTION, CREATE_AUCTION.fromNamed(named), user);
  showAuction(exchange, reply, 201, { headers: { location: `/v1/auctions/${auctionId}` } });
}

async function listAuctions(request: RestRequest, context: RestContext): Promise<void> {
  const { exchange, query, user } = request;
  const { limit, cursor, status, seller } = given(query, listQuery(context.limits));
  const replies = await context.calls.callAll(
    LIST_AUCTIONS,
    { id: REST_REQUEST_ID, limit, ...startOf(cursor), status, seller },
    user,
  );
  const fault = replies.find((reply) => refusalOf(reply) !== undefined);
  if (fault !== undefined) return refuseWith(exchange, fault);
  const pages = replies.map((reply) => valueOf<Auctions>(reply, AUCTIONS));
  const { auctions, next } = mergePages(pages, limit);
  exchange.json(200, { auctions: auctions.map((view) => auctionView.plain(view, 'named')), next });
}

async function listBids(request: RestRequest, { calls, limits }: RestContext): Promise<void> {
  const { exchange, query, user } = request;
  const page = given(query, historyQuery(limits));
  const asAdmin = isAdmin(request) ? true : null;
  const value = LIST_BIDS.fromNamed(withId(request, { ...page, asAdmin }));
  const reply = await calls.call(LIST_BIDS, value, user);
  if (refusalOf(reply) !== undefined) return refuseWith(exchange, reply);
  const { auctionId, bids, next } = valueOf<Bids>(reply, BIDS);
  exchange.json(200, { auctionId, bids: bids.map((one) => bidEntry.plain(one, 'named')), next });
}

/** Whoever may read, may read as an admin with the role. */
function isAdmin({ roles }: RestRequest): boolean {
  return (roles & ADMIN) !== 0;
}

/** A bid, a purchase or a retraction: all are answered alike. */
async function bid<T>(
  request: RestRequest,
  message: Message<T>,
  context: ReceiptContext,
): Promise<void> {
  const { exchange, body, user } = request;
  const { receipt: wantsReceipt } = given(request.query, BID);
  const value = message.fromNamed(withId(request, body), true);
  const reply = await context.calls.call(message, value, user);
  if (refusalOf(reply) !== undefined) return refuseWith(exchange, reply);
  const answered = valueOf<Answer>(reply, ANSWER);
  const { id: _, type: _type, ...said } = ANSWER.toNamed(answered);
  const { code, record } = answered;
  // A dry run has no record. Whatever becomes of the receipt, the answer is what counts.
  const receipt =
    wantsReceipt && record > 0 ? await receiptOf(request.id, record, user, context) : undefined;
  const answer = receipt === undefined ? said : { ...said, receipt };
  if (code === ACCEPTED) return exchange.json(200, answer);
  const name = refusalName(code);
  const status = name === undefined ? 409 : REFUSALS[name].http;
  exchange.jsonRefused(status, code, { ...answer, ...refusalFields(code) });
}

async function cancel(request: RestRequest, asAdmin: boolean, calls: ShardCaller): Promise<void> {
  const named = withId(request, request.body, { asAdmin });
  const value = CANCEL_AUCTION.fromNamed(named, true);
  showAuction(request.exchange, await calls.call(CANCEL_AUCTION, value, request.user), 200);
}

/** The bidder by the id, or by the alias that everybody sees. */
async function block(request: RestRequest, asAdmin: boolean, calls: ShardCaller): Promise<void> {
  const { bidder: shown, ...others } = request.body;
  const bidder = (shown ?? null) === null ? null : aliasOf(shown, 'bidder');
  if ((bidder === null) === ((others['userId'] ?? null) === null)) {
    throw new MalformedField('or bidder has to be given, and not both', 'userId');
  }
  await done({ ...request, body: others }, BLOCK_BIDDER, { asAdmin, bidder }, calls);
}

/** A command that has nothing to say but that it was done. */
async function done<T>(
  request: RestRequest,
  message: Message<T>,
  ours: Readonly<Record<string, unknown>>,
  calls: ShardCaller,
): Promise<void> {
  const value = message.fromNamed(withId(request, request.body, ours), true);
  const reply = await calls.call(message, value, request.user);
  if (refusalOf(reply) !== undefined) return refuseWith(request.exchange, reply);
  valueOf(reply, DONE);
  request.exchange.json(200, {});
}
