/**
 * The REST routes of what people keep here: the watchlist and saved searches. What is kept lies with
 * the accounts; how the watched auctions stand comes from the read model.
 *
 *   GET /v1/me/watchlist ──▶ people: which, since when ──▶ read model: cards ──▶ images ──▶ answer
 */
import type { PeopleAnswers, PeopleReply } from '../account/people-requests.ts';
import { PEOPLE } from '../config/limits.ts';
import type { Answers, OwnCard } from '../projection/questions.ts';
import { MalformedField } from '../protocol/field.ts';
import { GET } from '../protocol/messages/get.ts';
import { fieldsOf, SAVE_SEARCH } from './account-bodies.ts';
import type { PeoplePort } from './account-port.ts';
import { checkSearch, withImages } from './discovery-routes.ts';
import type { DiscoveryContext } from './discovery-routes.ts';
import { given, or, text, whole } from './parameters.ts';
import type { RestRequest, Route } from './routes.ts';
import type { ShardCaller } from './shard-call.ts';
import { REST_REQUEST_ID } from './shard-call.ts';
import { refusalOf, refuseWith } from './shard-reply.ts';
import { ANYBODY } from './user.ts';

export interface PeopleContext extends DiscoveryContext {
  /** Null: nothing is kept here. */
  readonly people: PeoplePort | null;
  readonly calls: ShardCaller;
}

export const PEOPLE_PAGE = {
  limit: or(whole(1, PEOPLE.pageMax, 'Length of the page.'), PEOPLE.pageDefault),
  cursor: text(PEOPLE.cursorCharsMax, 'The `next` of the page before.'),
};

type Run = (request: RestRequest, people: PeoplePort) => Promise<void> | void;

/** A route that needs the people's store. */
export function peopleRoute(
  { people }: PeopleContext,
  heading: string,
  also: Partial<Route>,
  run: Run,
): Route {
  const [method, path = ''] = heading.split(' ');
  return {
    method: method as Route['method'],
    path,
    access: ANYBODY,
    takesBody: method === 'POST',
    query: {},
    ...also,
    run: (request) => {
      if (people !== null) return run(request, people);
      request.exchange.refuse('NOT_FOUND', { reason: 'this server keeps nothing of people' });
    },
  };
}

export function peopleRoutes(context: PeopleContext): readonly Route[] {
  const route = (heading: string, also: Partial<Route>, run: Run): Route =>
    peopleRoute(context, heading, also, run);
  const ofSearch = { unknownId: 'SEARCH_UNKNOWN' } as const;
  return [
    route('GET /v1/me/watchlist', { query: PEOPLE_PAGE }, (request, people) =>
      showWatchlist(request, people, context),
    ),
    route('PUT /v1/me/watchlist/{id}', {}, (request, people) => watch(request, people, context)),
    route('DELETE /v1/me/watchlist/{id}', {}, async (request, people) => {
      const { id: auctionId } = request;
      show(request, await people.ask({ kind: 'unwatch', userId: userOf(request), auctionId }));
    }),
    route('GET /v1/me/searches', {}, async (request, people) =>
      show(request, await people.ask({ kind: 'searches', userId: userOf(request) })),
    ),
    route('POST /v1/me/searches', {}, async (request, people) => {
      const { name, query } = fieldsOf(request.body, SAVE_SEARCH);
      checkSearch(query);
      const userId = userOf(request);
      show(request, await people.ask({ kind: 'saveSearch', userId, name, query }), 201);
    }),
    route('DELETE /v1/me/searches/{id}', ofSearch, async (request, people) => {
      const { id: search } = request;
      show(request, await people.ask({ kind: 'dropSearch', userId: userOf(request), search }));
    }),
  ];
}

/** The shard says whether there is such an auction. */
async function watch(
  request: RestRequest,
  people: PeoplePort,
  { calls }: PeopleContext,
): Promise<void> {
  const { exchange, user, id: auctionId } = request;
  const reply = await calls.call(GET, { id: REST_REQUEST_ID, auctionId }, user);
  if (refusalOf(reply) !== undefined) return refuseWith(exchange, reply);
  show(request, await people.ask({ kind: 'watch', userId: userOf(request), auctionId }));
}

async function showWatchlist(
  request: RestRequest,
  people: PeoplePort,
  context: PeopleContext,
): Promise<void> {
  const userId = userOf(request);
  const page = given(request.query, PEOPLE_PAGE);
  const reply = await people.ask({ kind: 'watchlist', userId, ...page });
  const list = answerOf(request, reply);
  if (list === null) return;
  const auctionIds = list.watched.map(({ auctionId }) => auctionId);
  const cards = await cardsOf(userId, auctionIds, context);
  const auctions = list.watched.map((each) => ({ ...each, ...cards.get(each.auctionId) }));
  const { total, next } = list;
  const shown = await withImages(auctions, context.images);
  request.exchange.json(200, { total, auctions: shown, next });
}

/** By id; those that the read model does not know, or does not tell now, are shown without. */
async function cardsOf(
  userId: string,
  auctionIds: readonly string[],
  { discovery }: DiscoveryContext,
): Promise<ReadonlyMap<string, OwnCard>> {
  const found = await discovery?.ask({ kind: 'cards', userId, auctionIds });
  if (found === undefined || !('json' in found)) return new Map();
  const { auctions } = JSON.parse(found.json) as Answers['cards'];
  return new Map(auctions.map((card) => [card.auctionId, card]));
}

/** Null: it was refused, and that has been said. */
export function answerOf<A>({ exchange }: RestRequest, reply: PeopleReply<A>): A | null {
  if (reply.refusal === null) return reply.answer;
  if (reply.refusal === 'CURSOR') {
    throw new MalformedField('must be the `next` of the same list', 'cursor');
  }
  exchange.refuse(reply.refusal);
  return null;
}

export function show(
  request: RestRequest,
  reply: PeopleReply<PeopleAnswers[keyof PeopleAnswers]>,
  status = 200,
): void {
  if (reply.refusal !== null) return void answerOf(request, reply);
  request.exchange.json(status, reply.answer ?? {});
}

export function userOf({ user }: RestRequest): string {
  if (user === null) throw new Error('the door lets only users through to here');
  return user.id;
}
