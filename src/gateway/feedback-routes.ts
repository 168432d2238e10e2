/**
 * The REST routes of reputation: feedback on a sale, which of them are still to be given, and what
 * everybody may know of a person. Who bought what is asked of the auction's shard.
 */
import { MINUTE_MS, PEOPLE } from '../config/limits.ts';
import type { Auction } from '../protocol/messages/auction.ts';
import type { Answers } from '../projection/questions.ts';
import { AUCTION } from '../protocol/messages/auction.ts';
import { GET_AS_ADMIN } from '../protocol/messages/get-as-admin.ts';
import { fieldsOf, LEAVE_FEEDBACK } from './account-bodies.ts';
import type { PeoplePort } from './account-port.ts';
import { findOrRefuse } from './discovery-routes.ts';
import { given } from './parameters.ts';
import type { PeopleContext } from './people-routes.ts';
import { answerOf, peopleRoute, PEOPLE_PAGE, show, userOf } from './people-routes.ts';
import type { RestRequest, Route } from './routes.ts';
import { REST_REQUEST_ID } from './shard-call.ts';
import { refusalOf, refuseWith, valueOf } from './shard-reply.ts';
import { OF_A_USER, userInAddress } from './user-address.ts';

export function feedbackRoutes(context: PeopleContext): readonly Route[] {
  return [
    peopleRoute(context, 'POST /v1/auctions/{id}/feedback', {}, (request, people) =>
      leave(request, people, context),
    ),
    peopleRoute(context, 'GET /v1/me/feedback', { query: PEOPLE_PAGE }, (request, people) =>
      showFeedback(request, people, userOf(request), true),
    ),
    peopleRoute(context, 'GET /v1/me/feedback/due', {}, (request, people) =>
      showDue(request, people, context),
    ),
    peopleRoute(context, 'GET /v1/users/{id}', OF_A_USER, async (request, people) =>
      show(request, await people.ask({ kind: 'publicProfile', userId: userInAddress(request) })),
    ),
    peopleRoute(
      context,
      'GET /v1/users/{id}/feedback',
      { ...OF_A_USER, query: PEOPLE_PAGE },
      (request, people) => showFeedback(request, people, userInAddress(request), false),
    ),
  ];
}

async function leave(
  request: RestRequest,
  people: PeoplePort,
  { calls }: PeopleContext,
): Promise<void> {
  const { exchange, id: auctionId, body } = request;
  const { rating, text } = fieldsOf({ text: '', ...body }, LEAVE_FEEDBACK);
  const userId = userOf(request);
  const reply = await calls.call(GET_AS_ADMIN, { id: REST_REQUEST_ID, auctionId }, request.user);
  if (refusalOf(reply) !== undefined) return refuseWith(exchange, reply);
  const { auction, winnerId } = valueOf<Auction>(reply, AUCTION);
  const { seller, status, endsAtMs: soldAtMs } = auction;
  if (userId !== seller && userId !== winnerId) return exchange.refuse('NOT_YOUR_SALE');
  if (status !== 'sold' || winnerId === null) return exchange.refuse('AUCTION_NOT_SOLD');
  const as = userId === seller ? 'seller' : 'buyer';
  const about = as === 'seller' ? winnerId : seller;
  const sale = { about, auctionId, as, soldAtMs, rating, text } as const;
  show(request, await people.ask({ kind: 'leaveFeedback', userId, ...sale }), 201);
}

async function showFeedback(
  request: RestRequest,
  people: PeoplePort,
  userId: string,
  isOwn: boolean,
): Promise<void> {
  const page = given(request.query, PEOPLE_PAGE);
  show(request, await people.ask({ kind: 'feedback', userId, isOwn, ...page }));
}

/** Sales on which feedback may be left and was not, the newest first. */
async function showDue(
  request: RestRequest,
  people: PeoplePort,
  context: PeopleContext,
): Promise<void> {
  const userId = userOf(request);
  const sinceMs = context.nowUs() / 1000 - PEOPLE.feedbackWithinMs + MINUTE_MS;
  const trades = { kind: 'trades', userId, sinceMs, limit: PEOPLE.salesLookedAt } as const;
  const json = await findOrRefuse(request.exchange, context, trades);
  if (json === null) return;
  const found = JSON.parse(json) as Answers['trades'];
  const auctionIds = found.auctions.map(({ auctionId }) => auctionId);
  const reply = await people.ask({ kind: 'feedbackMissing', userId, auctionIds });
  const missing = answerOf(request, reply);
  if (missing === null) return;
  const due = new Set(missing.auctionIds);
  const auctions = found.auctions.filter(({ auctionId }) => due.has(auctionId));
  request.exchange.json(200, {
    auctions: auctions.map((card) => ({
      ...card,
      untilMs: card.endsAtMs + PEOPLE.feedbackWithinMs,
    })),
  });
}
