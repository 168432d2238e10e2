/** REST routes to the read model: search, lists, recommendations, categories, and one's own. */
import { DISCOVERY, MONEY, TIME } from '../config/limits.ts';
import { condition, CONDITIONS, country, currency, userId } from '../protocol/common.ts';
import { MalformedField } from '../protocol/field.ts';
import type { Answers, Own, Question, SearchQuestion, Sort } from '../projection/questions.ts';
import { OWN, SEARCHED, SORTS } from '../projection/questions.ts';
import type { DiscoveryPort } from './discovery-port.ts';
import type { Exchange } from './exchange.ts';
import type { ImageLists } from './image-lists.ts';
import type { Given, Parameter, Parameters } from './parameters.ts';
import { choice, duration, given, like, or, text, whole } from './parameters.ts';
import type { RestRequest, Route } from './routes.ts';
import { shownImage } from './shown-image.ts';
import { ANYBODY } from './user.ts';

type Card = Answers['search']['auctions'][number];

export interface DiscoveryContext {
  /** Null: switched off. */
  readonly discovery: DiscoveryPort | null;
  readonly nowUs: () => number;
  /** Null: this server keeps none. */
  readonly images: ImageLists | null;
}

const PAGE = {
  limit: or(whole(1, DISCOVERY.pageMax, 'Length of the page.'), DISCOVERY.pageDefault),
  cursor: text(DISCOVERY.textCharsMax, 'The `next` of the page before.'),
};
/** Words with commas between them. */
const CONDITION: Parameter<readonly string[]> = {
  json: { type: 'string', examples: ['new,open_box'] },
  means: `In any of these conditions, with commas between them: ${CONDITIONS.join(', ')}.`,
  otherwise: [],
  read: (written) => written.split(',').map((word) => condition.check(word, 'named')),
};
const FILTERS = {
  category: text(
    DISCOVERY.textCharsMax,
    'A `path` of /v1/categories; what lies below it counts too.',
  ),
  seller: like(userId, 'Listed by this user.'),
  currency: like(currency, 'In this currency.'),
  condition: CONDITION,
  country: like(country, 'Located in this country.'),
  minPrice: whole(0, MONEY.centsMax, 'The current price at least, in minor units.'),
  maxPrice: whole(0, MONEY.centsMax, 'The current price at most, in minor units.'),
  endingWithin: duration(TIME.auctionMsMax, 'Ends within a time such as 90s, 15m, 24h or 7d.'),
  ...PAGE,
};
const SEARCH = {
  q: text(
    DISCOVERY.textCharsMax,
    'Words in title or description, all of them; the last may be a part.',
  ),
  status: choice(SEARCHED, 'active', '`live`: scheduled and active; `ended`: all others.'),
  sort: choice(SORTS, 'relevance', '`-price`: the dearest first.'),
  ...FILTERS,
};
const RECOMMEND = {
  auction: text(DISCOVERY.textCharsMax, 'For whoever looks at this one; else from one’s own bids.'),
  limit: PAGE.limit,
};

export function discoveryRoutes(context: DiscoveryContext): readonly Route[] {
  const route = <const P extends Parameters>(
    path: string,
    query: P,
    question: (given: Given<P>, request: RestRequest) => Question,
    access: Route['access'] = 'read',
  ): Route => ({
    method: 'GET',
    path,
    access,
    takesBody: false,
    query,
    run: (request) =>
      answer(request.exchange, context, question(given(request.query, query), request)),
  });
  const list = (path: string, sort: Sort): Route =>
    route(path, FILTERS, (filters) =>
      searchOf({ ...filters, q: null, status: 'active', sort }, context),
    );
  return [
    route('/v1/search', SEARCH, (asked) => searchOf(asked, context)),
    list('/v1/auctions/ending', 'ending'),
    list('/v1/auctions/trending', 'trending'),
    route('/v1/categories', {}, () => ({ kind: 'categories' })),
    route('/v1/recommendations', RECOMMEND, recommendOf),
    ...OWN.map((what) =>
      route(`/v1/me/${what}`, PAGE, (page, request) => ownOf(request, page, what), ANYBODY),
    ),
  ];
}

async function answer(
  exchange: Exchange,
  { discovery, images }: DiscoveryContext,
  question: Question,
): Promise<void> {
  if (discovery === null) {
    return exchange.refuse('NOT_FOUND', { reason: 'search is switched off on this server' });
  }
  const found = await discovery.ask(question);
  if ('json' in found) {
    const isOfAuctions = question.kind !== 'categories' && images !== null;
    const json = isOfAuctions ? await withImages(found.json, images) : found.json;
    return exchange.text(200, 'application/json', json);
  }
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

/** The cards of an answer with the first image of each. */
async function withImages(json: string, images: ImageLists): Promise<string> {
  const page = JSON.parse(json) as { readonly auctions: readonly Card[] };
  const lists = await images.of(page.auctions.map(({ auctionId }) => auctionId));
  const auctions = page.auctions.map((card) => {
    const [first] = lists.get(card.auctionId) ?? [];
    return first === undefined ? card : { ...card, image: shownImage(first) };
  });
  return JSON.stringify({ ...page, auctions });
}

function searchOf(asked: Given<typeof SEARCH>, { nowUs }: DiscoveryContext): SearchQuestion {
  const { minPrice, maxPrice, endingWithin, q, condition: conditions, ...others } = asked;
  return {
    kind: 'search',
    ...others,
    q: q ?? '',
    conditions,
    minPriceCents: minPrice,
    maxPriceCents: maxPrice,
    endsBeforeMs: endingWithin === null ? null : Math.floor(nowUs() / 1000) + endingWithin,
  };
}

/** For an auction; else for whoever asks. */
function recommendOf(asked: Given<typeof RECOMMEND>, { user }: RestRequest): Question {
  const { auction: auctionId, limit } = asked;
  if (auctionId === null && user === null) {
    throw new MalformedField('is needed by who is not signed in', 'auction');
  }
  return { kind: 'recommend', auctionId, userId: user?.id ?? null, limit };
}

function ownOf({ user }: RestRequest, page: Given<typeof PAGE>, what: Own): Question {
  return { kind: 'mine', what, userId: user?.id ?? '', ...page };
}
