/** Help with words that nothing was found with: the nearest words that titles do have. */
import { DISCOVERY } from '../config/limits.ts';
import type { Connection, Statement } from '../journal/sqlite-connection.ts';
import { slipsBetween } from './spelling.ts';
import { spellingsOf } from './text-query.ts';

const PART = 3;

export class Suggestions {
  readonly #known: Statement;
  readonly #near: Statement;

  constructor(db: Connection) {
    this.#known = db.prepare('SELECT 1 FROM word WHERE word = ?').pluck();
    this.#near = db
      .prepare(
        'SELECT w.word FROM word_parts p JOIN word w ON w.key = p.rowid ' +
          'WHERE word_parts MATCH ? ORDER BY bm25(word_parts) LIMIT ?',
      )
      .pluck();
  }

  /** The words with the misspelt ones replaced; null: nothing better is known. */
  instead(words: readonly string[]): string | null {
    let isBetter = false;
    const better = words.map((word) => {
      const other = this.#better(word);
      isBetter ||= other !== null;
      return other ?? word;
    });
    return isBetter ? better.join(' ') : null;
  }

  #better(typed: string): string | null {
    const [word] = spellingsOf(typed);
    if (word === undefined || this.#known.get(word) !== undefined) return null;
    const parts = partsOf(word);
    const near = this.#near.all(parts, DISCOVERY.spellingCandidatesMax) as string[];
    let best: string | null = null;
    let fewest: number = DISCOVERY.slipsMax + 1;
    for (const candidate of near) {
      const slips = slipsBetween(word, candidate, DISCOVERY.slipsMax);
      if (slips >= fewest) continue;
      fewest = slips;
      best = candidate;
    }
    return best;
  }
}

/** Its groups of three letters, any of them. */
function partsOf(word: string): string {
  const chars = [...word];
  const parts = new Set<string>();
  for (let i = 0; i + PART <= chars.length; i++) parts.add(chars.slice(i, i + PART).join(''));
  return [...parts].map((part) => `"${part}"`).join(' OR ');
}
