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
import { OF_A_USER, userInAddress } from './user-address.ts';

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
const ANYTHING: SearchQuestion = {
  kind: 'search',
  q: '',
  category: null,
  seller: null,
  currency: null,
  conditions: [],
  country: null,
  minPriceCents: null,
  maxPriceCents: null,
  endsBeforeMs: null,
  status: 'active',
  sort: 'relevance',
  cursor: null,
  limit: DISCOVERY.pageDefault,
};
/** What a saved search may say: what fits, not in which order or up to when. */
const { limit: _limit, cursor: _cursor, endingWithin: _ending, ...FITTING } = FILTERS;
const SAVED = { q: SEARCH.q, ...FITTING };
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
    {
      ...route('/v1/users/{id}/listings', PAGE, (page, request) =>
        listingsOf(page, userInAddress(request)),
      ),
      ...OF_A_USER,
    },
    ...OWN.map((what) =>
      route(`/v1/me/${what}`, PAGE, (page, request) => ownOf(request, page, what), ANYBODY),
    ),
  ];
}

async function answer(
  exchange: Exchange,
  context: DiscoveryContext,
  question: Question,
): Promise<void> {
  const json = await findOrRefuse(exchange, context, question);
  if (json === null) return;
  const { images } = context;
  if (question.kind === 'categories' || images === null) {
    return exchange.text(200, 'application/json', json);
  }
  const page = JSON.parse(json) as { readonly auctions: readonly Card[] };
  exchange.json(200, { ...page, auctions: await withImages(page.auctions, images) });
}

/** The answer as JSON; null: there is none now, and that has been said. @throws MalformedField */
export async function findOrRefuse(
  exchange: Exchange,
  { discovery }: DiscoveryContext,
  question: Question,
): Promise<string | null> {
  if (discovery === null) {
    exchange.refuse('NOT_FOUND', { reason: 'search is switched off on this server' });
    return null;
  }
  const found = await discovery.ask(question);
  if ('json' in found) return found.json;
  switch (found.fault) {
    case 'cursor':
      throw new MalformedField('must be the `next` of the same list', 'cursor');
    case 'overloaded':
      exchange.refuse('OVERLOADED');
      return null;
    case 'not ready':
      exchange.refuse('NOT_READY', { reason: 'the lists are being made' });
      return null;
    case 'failed':
      exchange.refuse('INTERNAL');
      return null;
  }
}

/** The cards with the first image of each. */
export async function withImages<C extends Pick<Card, 'auctionId'>>(
  cards: readonly C[],
  images: ImageLists | null,
): Promise<readonly C[]> {
  if (images === null) return cards;
  const lists = await images.of(cards.map(({ auctionId }) => auctionId));
  return cards.map((card) => {
    const [first] = lists.get(card.auctionId) ?? [];
    return first === undefined ? card : { ...card, image: shownImage(first) };
  });
}

/** @throws MalformedField where this is no query of /v1/search that can be asked again and again */
export function checkSearch(query: string): void {
  const asked = new URLSearchParams(query);
  for (const name of asked.keys()) {
    if (!(name in SAVED)) throw new MalformedField(`"${name}" is no filter of a search`, 'query');
    if (asked.getAll(name).length > 1) throw new MalformedField(`"${name}" stands twice`, 'query');
  }
  try {
    given(asked, SAVED);
  } catch (error) {
    if (!(error instanceof MalformedField)) throw error;
    throw new MalformedField(`${error.path} ${error.message}`, 'query');
  }
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

/** A saved search as a question; it has been checked when it was saved. */
export function savedSearchOf(query: string): SearchQuestion {
  const filters = given(new URLSearchParams(query), SAVED);
  const { minPrice, maxPrice, q, condition: conditions, ...others } = filters;
  return {
    ...ANYTHING,
    ...others,
    q: q ?? '',
    conditions,
    minPriceCents: minPrice,
    maxPriceCents: maxPrice,
    status: 'live',
  };
}

/** What somebody sells and has sold, the newest first. */
function listingsOf(page: Given<typeof PAGE>, seller: string): SearchQuestion {
  const { cursor, limit } = page;
  return { ...ANYTHING, status: 'any', sort: 'newest', seller, cursor, limit };
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
