/**
 * The terms that listings have, for the last word of a search, which may be the beginning of one.
 * The index of words could look that up itself, but it reads every listing with any such term before
 * the first answer: 50 ms for a beginning that a million listings share. Here the terms are named,
 * and the index then reads no more than what is asked for. Beginnings of the lengths in
 * INDEXED_PREFIXES have lists of their own in the index, of which that holds already.
 *
 *   "brass lam" ──▶ term ≥ 'lam' … ──▶ "brass" AND ("lam" OR "lamp" OR "lamps")
 */
import { DISCOVERY } from '../config/limits.ts';
import type { Connection, Statement } from '../journal/sqlite-connection.ts';
import { INDEXED_PREFIXES } from './read-model-file.ts';
import { Terms } from './terms.ts';
import { matchOf } from './text-query.ts';

/** Behind every text with the same beginning. */
const LAST = '\u{10FFFF}';

export class Vocabulary {
  readonly #terms = new Terms();
  readonly #beginningWith: Statement;

  constructor(db: Connection) {
    this.#beginningWith = db
      .prepare(
        'SELECT term FROM (SELECT term FROM term WHERE term > ? AND term < ? LIMIT ?) ' +
          'ORDER BY length(term), term LIMIT ?',
      )
      .pluck();
  }

  /**
   * What finds all of the words, the last one also as a beginning; null: nothing to look for. Where
   * very many terms begin so, the shortest of them.
   */
  match(words: readonly string[], column: 'title' | null = null): string | null {
    const last = words.at(-1);
    return last === undefined ? null : matchOf(words, this.#endings(last), column);
  }

  #endings(last: string): readonly string[] | null {
    const terms = this.#terms.of(last);
    const beginning = terms.at(-1);
    if (beginning === undefined || INDEXED_PREFIXES.includes([...beginning].length)) return null;
    const { termsReadMax, termsMax } = DISCOVERY;
    const found = this.#beginningWith.all(beginning, beginning + LAST, termsReadMax, termsMax);
    const before = terms.slice(0, -1);
    return [last, ...(found as string[]).map((term) => [...before, term].join(' '))];
  }
}
