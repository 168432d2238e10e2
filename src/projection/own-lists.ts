/** What one person asks the read model about what is theirs: bids, wins, losses, listings, trades. */
import { DISCOVERY } from '../config/limits.ts';
import type { Connection } from '../journal/sqlite-connection.ts';
import type { Card, Cards } from './cards.ts';
import type { Cursor } from './cursor.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { Answers, OwnCard, Question } from './questions.ts';
import { ACTIVE, SCHEDULED, SOLD, UNSOLD } from './read-model-file.ts';

const ME = '(SELECT key FROM user WHERE id = @me)';
const OWN_BIDDING = 'b.last_ms AS at, b.bids, b.max_cents AS maxCents, l.leader = b.user AS leads';

function biddings(where: string): string {
  return `SELECT l.key, ${OWN_BIDDING} FROM bidding b JOIN listing l ON l.key = b.listing
          WHERE b.user = ${ME} AND ${where}`;
}

const SOURCES = {
  bids: biddings(`l.status IN (${SCHEDULED}, ${ACTIVE})`),
  wins: biddings('l.winner = b.user'),
  losses: biddings(`l.status IN (${SOLD}, ${UNSOLD}) AND l.winner <> b.user`),
  listings: `SELECT l.key, l.listed_ms AS at, 0 AS bids, NULL AS maxCents, 0 AS leads
             FROM listing l WHERE l.seller = ${ME}`,
};

interface OwnRow {
  readonly key: number;
  readonly at: number;
  readonly bids: number;
  readonly maxCents: number | null;
  readonly leads: number;
}

export class OwnLists {
  readonly #db: Connection;
  readonly #cards: Cards;

  constructor(db: Connection, cards: Cards) {
    this.#db = db;
    this.#cards = cards;
  }

  /** @throws WrongCursor */
  mine({ what, userId, cursor, limit }: Extract<Question, { kind: 'mine' }>): Answers['mine'] {
    const after: Cursor =
      cursor === null ? [Number.MAX_SAFE_INTEGER, 0] : decodeCursor(cursor, what);
    const rows = this.#db
      .prepare(
        `SELECT * FROM (${SOURCES[what]}) WHERE (at, key) < (@at, @key)
         ORDER BY at DESC, key DESC LIMIT @limit`,
      )
      .all({ me: userId, at: after[0], key: after[1], limit: limit + 1 }) as OwnRow[];
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const cards = this.#cards.of(page.map(({ key }) => key));
    return {
      auctions: page.map((row, i) => {
        const card = cards[i] as Card;
        return what === 'listings' ? card : ownCard(card, row);
      }),
      next:
        rows.length > limit && last !== undefined ? encodeCursor(what, [last.at, last.key]) : null,
    };
  }

  /** In the order of the ids. */
  cards({ userId, auctionIds }: Extract<Question, { kind: 'cards' }>): Answers['cards'] {
    const rows = this.#db
      .prepare(
        `SELECT l.key, b.user AS bidder, ${OWN_BIDDING}
         FROM json_each(@ids) j CROSS JOIN listing l ON l.id = j.value
         LEFT JOIN bidding b ON b.listing = l.key AND b.user = ${ME} ORDER BY j.key`,
      )
      .all({ me: userId, ids: JSON.stringify(auctionIds) }) as (OwnRow & {
      readonly bidder: number | null;
    })[];
    const cards = this.#cards.of(rows.map(({ key }) => key));
    return {
      auctions: rows.map((row, i) => {
        const card = cards[i] as Card;
        return row.bidder === null ? card : ownCard(card, row);
      }),
    };
  }

  trades({ userId, sinceMs, limit }: Extract<Question, { kind: 'trades' }>): Answers['trades'] {
    const rows = this.#db
      .prepare(
        `SELECT key, ends_ms, as_buyer AS asBuyer FROM (
           SELECT key, ends_ms, 1 AS as_buyer FROM listing
           WHERE winner = ${ME} AND winner > 0 AND ends_ms >= @since
           UNION ALL
           SELECT key, ends_ms, 0 FROM (
             SELECT key, ends_ms, status FROM listing WHERE seller = ${ME}
             ORDER BY listed_ms DESC LIMIT @among
           ) WHERE status = ${SOLD} AND ends_ms >= @since
         ) ORDER BY ends_ms DESC, key DESC LIMIT @limit`,
      )
      .all({ me: userId, since: sinceMs, among: DISCOVERY.recommendAmong, limit }) as {
      key: number;
      asBuyer: number;
    }[];
    const cards = this.#cards.of(rows.map(({ key }) => key));
    return {
      auctions: rows.map(({ asBuyer }, i) => ({
        ...(cards[i] as Card),
        as: asBuyer === 1 ? 'buyer' : 'seller',
      })),
    };
  }
}

function ownCard(card: Card, row: OwnRow): OwnCard {
  return {
    ...card,
    ownBids: row.bids,
    ownMaximumCents: row.bids === 0 ? null : row.maxCents,
    leading: row.leads === 1,
    lastBidAtMs: row.at,
  };
}
