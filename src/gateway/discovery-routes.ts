/** REST routes to the read model: search, lists, recommendations, categories, and one's own. */
import { DISCOVERY, MONEY, TIME } from '../config/limits.ts';
import { currency, userId } from '../protocol/common.ts';
import { MalformedField } from '../protocol/field.ts';
import type { Own, Question, SearchQuestion, Sort } from '../projection/questions.ts';
import { OWN, SEARCHED, SORTS } from '../projection/questions.ts';
import type { DiscoveryPort } from './discovery-port.ts';
import type { Exchange } from './exchange.ts';
import { QueryFields } from './query-fields.ts';
import type { RestRequest, Route } from './routes.ts';
import { ANYBODY } from './user.ts';

export interface DiscoveryContext {
  /** Null: switched off. */
  readonly discovery: DiscoveryPort | null;
  readonly nowUs: () => number;
}
const FILTERS = ['category', 'seller', 'currency', 'minPrice', 'maxPrice', 'endingWithin'];
const PAGE = ['cursor', 'limit'];

export function discoveryRoutes(context: DiscoveryContext): readonly Route[] {
  const route = (
    path: string,
    query: readonly string[],
    question: (request: RestRequest, fields: QueryFields) => Question,
    access: Route['access'] = 'read',
  ): Route => ({
    method: 'GET',
    path,
    access,
    takesBody: false,
    query,
    run: (request) =>
      answer(request.exchange, context, question(request, new QueryFields(request.query))),
  });
  const list = (path: string, sort: Sort): Route =>
    route(path, [...FILTERS, ...PAGE], (_, fields) =>
      searchOf(fields, context, '', 'active', sort),
    );
  return [
    route('/v1/search', ['q', 'status', 'sort', ...FILTERS, ...PAGE], (_, fields) => {
      const q = fields.text('q', DISCOVERY.textCharsMax) ?? '';
      const status = fields.choice('status', SEARCHED, 'active');
      return searchOf(fields, context, q, status, fields.choice('sort', SORTS, 'relevance'));
    }),
    list('/v1/auctions/ending', 'ending'),
    list('/v1/auctions/trending', 'trending'),
    route('/v1/categories', [], () => ({ kind: 'categories' })),
    route('/v1/recommendations', ['auction', 'limit'], recommendOf),
    ...OWN.map((what) =>
      route(`/v1/me/${what}`, PAGE, (request, fields) => ownOf(request, fields, what), ANYBODY),
    ),
  ];
}

async function answer(
  exchange: Exchange,
  { discovery }: DiscoveryContext,
  question: Question,
): Promise<void> {
  if (discovery === null) {
    return exchange.refuse('NOT_FOUND', { reason: 'search is switched off on this server' });
  }
  const found = await discovery.ask(question);
  if ('json' in found) return exchange.text(200, 'application/json', found.json);
  switch (found.fault) {
    case 'cursor':
      throw new MalformedField('must be the `next` of the same list', 'cursor');
    case 'overloaded':
      return exchange.refuse('OVERLOADED');
    case 'not ready':
      return exchange.refuse('NOT_READY', { reason: 'the lists are being made' });
    case 'failed':
      return exchange.refuse('INTERNAL');
  }
}

function searchOf(
  fields: QueryFields,
  { nowUs }: DiscoveryContext,
  q: string,
  status: SearchQuestion['status'],
  sort: Sort,
): SearchQuestion {
  const withinMs = fields.duration('endingWithin', TIME.auctionMsMax);
  return {
    kind: 'search',
    q,
    category: fields.text('category', DISCOVERY.textCharsMax),
    seller: fields.field('seller', userId),
    currency: fields.field('currency', currency),
    minPriceCents: fields.whole('minPrice', 0, MONEY.centsMax),
    maxPriceCents: fields.whole('maxPrice', 0, MONEY.centsMax),
    endsBeforeMs: withinMs === null ? null : Math.floor(nowUs() / 1000) + withinMs,
    status,
    sort,
    ...pageOf(fields),
  };
}

/** For an auction; else for whoever asks. */
function recommendOf({ user }: RestRequest, fields: QueryFields): Question {
  const auctionId = fields.text('auction', DISCOVERY.textCharsMax);
  if (auctionId === null && user === null) {
    throw new MalformedField('is needed by who is not signed in', 'auction');
  }
  const { limit } = pageOf(fields);
  return { kind: 'recommend', auctionId, userId: user?.id ?? null, limit };
}

function ownOf({ user }: RestRequest, fields: QueryFields, what: Own): Question {
  return { kind: 'mine', what, userId: user?.id ?? '', ...pageOf(fields) };
}

function pageOf(fields: QueryFields): { readonly cursor: string | null; readonly limit: number } {
  return {
    cursor: fields.text('cursor', DISCOVERY.textCharsMax),
    limit: fields.whole('limit', 1, DISCOVERY.pageMax) ?? DISCOVERY.pageDefault,
  };
}
