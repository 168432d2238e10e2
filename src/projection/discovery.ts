/**
 * What people ask the read model: search, what ends soon, what is lively, what others bid on,
 * categories, and one's own. Runs on a connection that only reads, in a thread of its own; every
 * answer is plain data, with an upper bound on what it looks at.
 */
import type { CategoryTree } from '../auction/categories.ts';
import { DISCOVERY } from '../config/limits.ts';
import type { Connection } from '../journal/sqlite-connection.ts';
import { Cards } from './cards.ts';
import { counted } from './category-counts.ts';
import { namesOf } from './category-path.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { Fresh } from './fresh.ts';
import { ListFilter } from './list-filter.ts';
import { OwnLists } from './own-lists.ts';
import type { Answers, Question, SearchQuestion, Sort } from './questions.ts';
import { ACTIVE } from './read-model-file.ts';
import { Suggestions } from './suggestions.ts';
import { wordsOf } from './text-query.ts';
import { Vocabulary } from './vocabulary.ts';

/** The column to walk, and whether downwards. */
const ORDERS: Readonly<Record<Exclude<Sort, 'relevance'>, readonly [string, boolean]>> = {
  ending: ['ends_ms', false],
  newest: ['listed_ms', true],
  price: ['price_cents', false],
  '-price': ['price_cents', true],
  trending: ['heat', true],
};

export class Discovery {
  readonly #db: Connection;
  readonly #cards: Cards;
  readonly #vocabulary: Vocabulary;
  readonly #suggestions: Suggestions;
  readonly #own: OwnLists;
  readonly #fresh: Fresh;
  readonly #tree: CategoryTree;

  /** @param tree of categories, where the operator has one */
  constructor(db: Connection, tree: CategoryTree = {}) {
    this.#db = db;
    this.#tree = tree;
    this.#cards = new Cards(db);
    this.#vocabulary = new Vocabulary(db);
    this.#suggestions = new Suggestions(db);
    this.#own = new OwnLists(db, this.#cards);
    this.#fresh = new Fresh(db, this.#vocabulary, (question) => this.#filter(question));
  }

  /** @throws WrongCursor */
  ask<K extends Question['kind']>(question: Extract<Question, { kind: K }>): Answers[K] {
    const answer: Answers[Question['kind']] = this.#answer(question);
    return answer as Answers[K];
  }

  #answer(question: Question): Answers[Question['kind']] {
    // One moment for all that a question reads.
    return this.#db.transaction(() => {
      switch (question.kind) {
        case 'search':
          return this.#search(question);
        case 'categories':
          return this.#categories();
        case 'recommend':
          return this.#recommend(question);
        case 'mine':
          return this.#own.mine(question);
        case 'fresh':
          return this.#fresh.listed(question);
        case 'fits':
          return this.#fresh.fits(question);
        case 'cards':
          return this.#own.cards(question);
        case 'trades':
          return this.#own.trades(question);
      }
    })();
  }

  #search(question: SearchQuestion): Answers['search'] {
    const words = wordsOf(question.q);
    return words.length === 0 ? this.#browse(question) : this.#find(question, words);
  }

  /** Without words: an index is walked in the order asked for. */
  #browse(question: SearchQuestion): Answers['search'] {
    const sort = question.sort === 'relevance' ? 'ending' : question.sort;
    const [column, down] = ORDERS[sort];
    const filter = this.#filter(question);
    if (filter === null) return { auctions: [], next: null, categories: [], didYouMean: null };
    const after = question.cursor === null ? null : decodeCursor(question.cursor, sort);
    if (after !== null) filter.after(column, down, after);
    const direction = down ? 'DESC' : 'ASC';
    const keys = this.#db
      .prepare(
        `SELECT l.key, l.${column} FROM listing l WHERE ${filter.where} ` +
          `ORDER BY l.${column} ${direction}, l.key ${direction} LIMIT ${question.limit + 1}`,
      )
      .raw()
      .all(...filter.values) as [number, number][];
    const page = keys.slice(0, question.limit);
    const last = page.at(-1);
    const more = keys.length > page.length && last !== undefined;
    return {
      auctions: this.#cards.of(page.map(([key]) => key)),
      next: more ? encodeCursor(sort, [last[1], last[0]]) : null,
      categories: question.cursor === null ? this.#facets(filter, null) : [],
      didYouMean: null,
    };
  }

  /**
   * With words: the newest listings that have them, filtered and sorted. CROSS JOIN keeps SQLite from
   * walking the listings and reading the whole list of keys again for each.
   */
  #find(question: SearchQuestion, words: readonly string[]): Answers['search'] {
    const filter = this.#filter(question);
    if (filter === null) return { auctions: [], next: null, categories: [], didYouMean: null };
    const { inTitle, all } = this.#candidates(question, words);
    const keys = JSON.stringify(all);
    const { sort, limit } = question;
    const offset = question.cursor === null ? 0 : decodeCursor(question.cursor, 'words')[0];
    const order =
      sort === 'relevance'
        ? `j.key >= ${inTitle}, l.heat DESC`
        : `l.${ORDERS[sort][0]} ${ORDERS[sort][1] ? 'DESC' : 'ASC'}`;
    const page = this.#db
      .prepare(
        `SELECT l.key FROM json_each(?) j CROSS JOIN listing l ON l.key = j.value ` +
          `WHERE ${filter.where} ORDER BY ${order}, l.key DESC LIMIT ? OFFSET ?`,
      )
      .pluck()
      .all(keys, ...filter.values, limit + 1, offset) as number[];
    const more = page.length > limit && offset + limit < DISCOVERY.offsetMax;
    const isFirst = question.cursor === null;
    return {
      auctions: this.#cards.of(page.slice(0, limit)),
      next: more ? encodeCursor('words', [offset + limit, 0]) : null,
      categories: isFirst ? this.#facets(filter, keys) : [],
      didYouMean: isFirst && page.length === 0 ? this.#suggestions.instead(words) : null,
    };
  }

  #filter(question: SearchQuestion): ListFilter | null {
    const { category } = question;
    const filter = new ListFilter(question);
    if (category === null) return filter;
    const rows = this.#db
      .prepare('SELECT key, live FROM category WHERE path = ? OR (path >= ? AND path < ?)')
      // "0" comes right behind "/".
      .all(category, `${category}/`, `${category}0`) as { key: number; live: number }[];
    if (rows.length === 0) return null;
    filter.inCategories(
      rows.map(({ key }) => key),
      rows.reduce((sum, { live }) => sum + live, 0) > DISCOVERY.bigCategory,
    );
    return filter;
  }

  /** Keys with the words: those with all of them in the title first, each lot the newest first. */
  #candidates({ status }: SearchQuestion, words: readonly string[]): Candidates {
    const tables = {
      live: ['live_words'],
      ended: ['past_words'],
      any: ['live_words', 'past_words'],
      scheduled: ['live_words'],
      active: ['live_words'],
    }[status];
    const inTitle: number[] = [];
    const anywhere: number[] = [];
    const title = this.#vocabulary.match(words, 'title');
    const anyText = this.#vocabulary.match(words);
    for (const table of tables) {
      inTitle.push(...this.#matching(table, title));
      if (inTitle.length < DISCOVERY.candidatesMax) {
        anywhere.push(...this.#matching(table, anyText));
      }
    }
    const known = new Set(inTitle);
    const others = anywhere.filter((key) => !known.has(key));
    return { inTitle: inTitle.length, all: [...inTitle, ...others] };
  }

  #matching(table: string, match: string | null): number[] {
    if (match === null) return [];
    return this.#db
      .prepare(`SELECT rowid FROM ${table} WHERE ${table} MATCH ? ORDER BY rowid DESC LIMIT ?`)
      .pluck()
      .all(match, DISCOVERY.candidatesMax) as number[];
  }

  /** How many of what was found lie in which category. */
  #facets(filter: ListFilter, keys: string | null): Answers['search']['categories'] {
    if (keys === null) return [];
    const rows = this.#db
      .prepare(
        'SELECT c.path, count(*) FROM json_each(?) j CROSS JOIN listing l ON l.key = j.value ' +
          `JOIN category c ON c.key = l.category WHERE ${filter.where} ` +
          'GROUP BY c.key ORDER BY count(*) DESC, c.path LIMIT ?',
      )
      .raw()
      .all(keys, ...filter.values, DISCOVERY.categoriesShownMax) as [string, number][];
    return rows.map(([path, count]) => ({ path, names: namesOf(path), count }));
  }

  #categories(): Answers['categories'] {
    const rows = this.#db.prepare('SELECT path, live FROM category ORDER BY path').raw().all();
    return { categories: counted(rows as [string, number][], this.#tree) };
  }

  #recommend({
    auctionId,
    userId,
    limit,
  }: Extract<Question, { kind: 'recommend' }>): Answers['recommend'] {
    const from =
      auctionId === null
        ? `SELECT listing FROM bidding WHERE user = (SELECT key FROM user WHERE id = @id)
             ORDER BY last_ms DESC LIMIT @from`
        : 'SELECT key FROM listing WHERE id = @id';
    const also = this.#db
      .prepare(
        `WITH seeds(key) AS (${from}),
         people(user) AS (
           SELECT DISTINCT user FROM (
             SELECT user FROM (
               SELECT b.user, b.last_ms FROM seeds JOIN bidding b ON b.listing = seeds.key
               LIMIT @among
             ) ORDER BY last_ms DESC LIMIT @from
           ) WHERE user IS NOT (SELECT key FROM user WHERE id = @me)
         )
         SELECT b.listing, count(*) FROM people
         JOIN bidding b ON b.user = people.user AND b.bids > 0
         JOIN listing l ON l.key = b.listing AND l.status = ${ACTIVE}
         WHERE b.listing NOT IN (SELECT key FROM seeds)
           AND l.seller IS NOT (SELECT key FROM user WHERE id = @me)
         GROUP BY b.listing ORDER BY count(*) DESC, l.heat DESC LIMIT @limit`,
      )
      .raw()
      .all({
        id: auctionId ?? userId,
        me: userId,
        from: DISCOVERY.recommendFrom,
        among: DISCOVERY.recommendAmong,
        limit,
      }) as [number, number][];
    const near = this.#sameCategory(auctionId, userId, limit);
    const reasons = new Map<number, Answers['recommend']['auctions'][number]['because']>();
    for (const [key, bidders] of also) reasons.set(key, { kind: 'bidders', bidders });
    for (const [key, path] of near) {
      if (!reasons.has(key)) reasons.set(key, { kind: 'category', category: namesOf(path) });
    }
    const keys = [...reasons.keys()].slice(0, limit);
    const cards = this.#cards.of(keys);
    return {
      auctions: keys.flatMap((key, i) => {
        const because = reasons.get(key);
        const card = cards[i];
        return card === undefined || because === undefined ? [] : [{ ...card, because }];
      }),
    };
  }

  /** The liveliest of the categories that the auction is in, or that the user bid in. */
  #sameCategory(
    auctionId: string | null,
    userId: string | null,
    limit: number,
  ): [number, string][] {
    const categories =
      auctionId === null
        ? `SELECT DISTINCT category FROM (
             SELECT l.category FROM bidding b JOIN listing l ON l.key = b.listing
             WHERE b.user = (SELECT key FROM user WHERE id = @id)
             ORDER BY b.last_ms DESC LIMIT @from)`
        : 'SELECT category FROM listing WHERE id = @id';
    return this.#db
      .prepare(
        `SELECT l.key, c.path FROM listing l JOIN category c ON c.key = l.category
         WHERE l.category IN (${categories}) AND l.status = ${ACTIVE}
           AND l.id IS NOT @id
           AND l.seller IS NOT (SELECT key FROM user WHERE id = @me)
         ORDER BY l.ends_ms LIMIT @limit`,
      )
      .raw()
      .all({
        id: auctionId ?? userId,
        me: userId,
        ...(auctionId === null ? { from: DISCOVERY.recommendEach } : {}),
        limit,
      }) as [number, string][];
  }
}

interface Candidates {
  /** So many of them, the first, have all words in the title. */
  readonly inTitle: number;
  readonly all: readonly number[];
}
