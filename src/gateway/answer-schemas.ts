/**
 * What the REST routes answer, as JSON Schema: of the protocol's records and messages where there
 * are some, written out where an answer comes from somewhere else. /openapi.json says this, and a
 * test holds real answers against it.
 */
import { ROLES } from '../account/events.ts';
import { IMAGE_SIZES } from '../image/requests.ts';
import { timeMs, userId } from '../protocol/common.ts';
import type { JsonSchema, ObjectSchema } from '../protocol/json-schema.ts';
import { joined, listOf, objectOf, orNull, titled, without } from '../protocol/json-schema.ts';
import { ANSWER } from '../protocol/messages/answer.ts';
import { MODE } from '../protocol/messages/mode.ts';
import { auctionView, bidEntry, listingText } from '../protocol/views.ts';

const string: JsonSchema = { type: 'string' };
const count: JsonSchema = { type: 'integer', minimum: 0 };
const yesOrNo: JsonSchema = { type: 'boolean' };
const described = (schema: JsonSchema, description: string): JsonSchema => ({
  ...schema,
  description,
});

export const NOTHING = titled('Done', objectOf({}));

export const AUCTION_VIEW = titled('AuctionView', auctionView.json);

export const IMAGE_HASH: JsonSchema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const pixels: JsonSchema = { type: 'integer', minimum: 1 };

export const IMAGE = titled(
  'Image',
  objectOf({
    hash: IMAGE_HASH,
    width: pixels,
    height: pixels,
    ...Object.fromEntries(IMAGE_SIZES.map((size) => [size, string])),
  }),
);

/** One auction with its texts; more for those who may see it. */
export const AUCTION_SHOWN = titled(
  'Auction',
  joined(
    auctionView.json,
    listingText.json,
    objectOf(
      {
        watchers: described(count, 'Connections to this server that watch it.'),
        leadingBidderId: described(userId.json, 'For the seller and admins.'),
        winnerId: described(userId.json, 'For the seller and admins.'),
        relistedAs: described(string, 'What it was listed again as.'),
        images: described(listOf(IMAGE), 'In their order; of GET alone.'),
      },
      ['watchers', 'leadingBidderId', 'winnerId', 'relistedAs', 'images'],
    ),
  ),
);

export const BID_ANSWER = titled(
  'Answer',
  joined(
    without(ANSWER.json, ['id']),
    objectOf(
      {
        receipt: described(orNull(string), 'With `receipt=true`; null: ask for it again.'),
        name: described(string, 'Of a refusal.'),
        message: string,
        retryable: yesOrNo,
      },
      ['receipt', 'name', 'message', 'retryable'],
    ),
  ),
);

export const REFUSAL = titled(
  'Refusal',
  objectOf(
    {
      code: described(count, 'Stable; see the list of refusals.'),
      name: described(string, 'For instance BID_TOO_LOW.'),
      message: described(string, 'One sentence for people.'),
      retryable: described(yesOrNo, 'Whether the same may succeed later.'),
      retryAfterMs: count,
      field: described(string, 'The field that is wrong.'),
      reason: described(string, 'What is wrong with it.'),
    },
    ['retryAfterMs', 'field', 'reason'],
  ),
);

export const page = (name: string, items: JsonSchema, next: JsonSchema = string): ObjectSchema =>
  objectOf({ [name]: listOf(items), next: orNull(next) });

export const BIDS_PAGE = objectOf({
  auctionId: auctionView.json.properties['auctionId'] ?? string,
  bids: listOf(titled('Bid', bidEntry.json)),
  next: described(orNull(count), 'The `before` of the next page.'),
});

const path = described(string, 'For the parameter `category`.');

/** Of the texts, what lists show where the seller said it. */
const ITEM = ['condition', 'location', 'country', 'shippingCents'];

/** A listing as lists show it. */
const CARD = objectOf(
  {
    ...Object.fromEntries(
      [
        'auctionId',
        'title',
        'seller',
        'status',
        'format',
        'currency',
        'startPriceCents',
        'currentPriceCents',
        'buyNowCents',
        'hasReserve',
        'reserveMet',
        'bidCount',
        'listedAtMs',
        'startsAtMs',
        'endsAtMs',
      ].map((name) => [name, auctionView.json.properties[name] ?? {}]),
    ),
    category: listOf(string),
    watchCount: described(count, 'Watchlists that it is on.'),
    image: described(IMAGE, 'The first one of the listing; absent: it has none.'),
    ...Object.fromEntries(ITEM.map((name) => [name, listingText.json.properties[name] ?? {}])),
  },
  ['buyNowCents', 'image', ...ITEM],
);

const CATEGORY_COUNT = objectOf({ path, names: listOf(string), count });

export const FOUND = objectOf({
  auctions: listOf(titled('Card', CARD)),
  next: orNull(string),
  categories: described(listOf(CATEGORY_COUNT), 'On the first page of a search with words.'),
  didYouMean: described(orNull(string), 'Another spelling, where nothing was found.'),
});

export const CATEGORIES = objectOf({
  categories: listOf(objectOf({ path, names: listOf(string), own: count, live: count })),
});

export const RECOMMENDED = objectOf({
  auctions: listOf(
    joined(
      CARD,
      objectOf({
        because: objectOf(
          {
            kind: { type: 'string', enum: ['bidders', 'category'] },
            bidders: count,
            category: listOf(string),
          },
          ['bidders', 'category'],
        ),
      }),
    ),
  ),
});

const OWN_BIDDING = objectOf(
  {
    ownBids: count,
    ownMaximumCents: orNull(count),
    leading: yesOrNo,
    lastBidAtMs: timeMs.json,
  },
  ['ownBids', 'ownMaximumCents', 'leading', 'lastBidAtMs'],
);
export const MINE = page('auctions', joined(CARD, OWN_BIDDING));

/** An entry of the watchlist; a card is absent while the read model does not know the auction. */
export const WATCHED = joined(
  objectOf({ auctionId: string, watchedAtMs: timeMs.json }),
  objectOf(CARD.properties, Object.keys(CARD.properties)),
  OWN_BIDDING,
);

/** A sale or a purchase. */
export const TRADED = joined(
  CARD,
  objectOf({
    as: { type: 'string', enum: ['buyer', 'seller'] },
    untilMs: described(timeMs.json, 'Feedback is taken until then.'),
  }),
);

export const PROFILE = titled(
  'Profile',
  objectOf({
    userId: userId.json,
    email: string,
    displayName: string,
    roles: listOf({ type: 'string', enum: ROLES }),
    tier: string,
    status: string,
    createdAtMs: timeMs.json,
  }),
);

export const SESSION = titled(
  'Session',
  objectOf({
    accessToken: string,
    accessExpiresAtMs: timeMs.json,
    refreshToken: string,
    refreshExpiresAtMs: timeMs.json,
    account: PROFILE,
  }),
);

/** After a change of the password; nothing where the token is of no session. */
export const NEW_TOKEN = objectOf({ accessToken: string, accessExpiresAtMs: timeMs.json }, [
  'accessToken',
  'accessExpiresAtMs',
]);

export const KEYS = objectOf({ keys: listOf({ type: 'object' }) });
/** A poll's answer, with what came after the position in a list of this name. */
const polled = (list: string): JsonSchema =>
  objectOf(
    {
      position: described(string, 'Where to go on: the `after` of the next poll.'),
      recovered: described(
        yesOrNo,
        'Whether this is all that came after the position; else it is not there any more.',
      ),
      serverTimeMs: timeMs.json,
      retryAfterMs: described(count, 'The server sends its clients away for so long.'),
      mode: MODE.json,
      [list]: described(
        listOf({ type: 'object', required: ['type'], properties: { type: string } }),
        'Messages of the WebSocket in JSON (see /asyncapi.json).',
      ),
    },
    ['retryAfterMs'],
  );
export const NOTICES_SHOWN = titled('PolledNotices', polled('notices'));
export const UPDATES_SHOWN = titled('PolledUpdates', polled('updates'));

export const RECEIPT_SHOWN = objectOf({ receipt: string });
export const TIME = objectOf({ serverTimeMs: timeMs.json });
/** Described in docs/receipts.md, and checked by the script there. */
export const REPORT: JsonSchema = { type: 'object' };
