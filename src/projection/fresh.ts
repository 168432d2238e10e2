/**
 * What was listed lately, and which saved searches it fits. Keys grow with each listing of a shard
 * (projector.ts), so "lately" is a key for each shard: nothing is missed or seen twice, however far
 * one shard is behind another.
 */
import type { Connection } from '../journal/sqlite-connection.ts';
import type { ListFilter } from './list-filter.ts';
import type { Answers, Question, SearchQuestion } from './questions.ts';
import { wordsOf } from './text-query.ts';
import type { Vocabulary } from './vocabulary.ts';

export class Fresh {
  readonly #db: Connection;
  readonly #vocabulary: Vocabulary;
  readonly #filter: (question: SearchQuestion) => ListFilter | null;

  /** @param filter null: nothing can fit. */
  constructor(
    db: Connection,
    vocabulary: Vocabulary,
    filter: (question: SearchQuestion) => ListFilter | null,
  ) {
    this.#db = db;
    this.#vocabulary = vocabulary;
    this.#filter = filter;
  }

  /** The newest of what came after; of the first question nothing, only where to go on. */
  listed({ after, limit }: Extract<Question, { kind: 'fresh' }>): Answers['fresh'] {
    const { shards } = this.#db.prepare('SELECT shards FROM meta').get() as { shards: number };
    const newest = this.#db
      .prepare('SELECT key FROM listing WHERE key % @shards = @shard ORDER BY key DESC LIMIT 1')
      .pluck();
    const next = Array.from({ length: shards }, (_, shard) => {
      return (newest.get({ shards, shard }) as number | undefined) ?? 0;
    });
    if (after === null || after.length !== shards) return { keys: [], next };
    const since = this.#db
      .prepare(
        'SELECT key FROM listing WHERE key > @after AND key <= @newest AND key % @shards = @shard ' +
          'ORDER BY key DESC LIMIT @limit',
      )
      .pluck();
    const keys = next.flatMap((newestKey, shard) => {
      const asked = { after: after[shard], newest: newestKey, shards, shard, limit };
      return since.all(asked) as number[];
    });
    return { keys, next };
  }

  /** For each search what of the keys fits it, without what its owner lists. */
  fits({ keys, searches, limit }: Extract<Question, { kind: 'fits' }>): Answers['fits'] {
    const among = JSON.stringify(keys);
    return {
      found: searches.map(({ userId, question }) => this.#fit(question, userId, among, limit)),
    };
  }

  #fit(
    question: SearchQuestion,
    userId: string,
    among: string,
    limit: number,
  ): Answers['fits']['found'][number] {
    const filter = this.#filter(question);
    if (filter === null) return [];
    const match = this.#vocabulary.match(wordsOf(question.q));
    const words =
      match === null
        ? ''
        : 'AND l.key IN (SELECT rowid FROM live_words WHERE live_words MATCH ? ' +
          'AND rowid IN (SELECT value FROM json_each(?)))';
    return this.#db
      .prepare(
        `SELECT l.id AS auctionId, l.title FROM json_each(?) j CROSS JOIN listing l ON l.key = j.value
         WHERE ${filter.where} ${words} AND l.seller IS NOT (SELECT key FROM user WHERE id = ?)
         LIMIT ?`,
      )
      .all(
        among,
        ...filter.values,
        ...(match === null ? [] : [match, among]),
        userId,
        limit,
      ) as Answers['fits']['found'][number] extends readonly (infer T)[] ? T[] : never;
  }
}
