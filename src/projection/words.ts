/** The words of listings: one index for those that are live, one for the past, one of terms, one of spellings. */
import { DISCOVERY } from '../config/limits.ts';
import type { Connection, Statement } from '../journal/sqlite-connection.ts';
import { Terms } from './terms.ts';
import { spellingsOf } from './text-query.ts';

export class Words {
  readonly #insert: Readonly<Record<'live' | 'past', Statement>>;
  readonly #delete: Readonly<Record<'live' | 'past', Statement>>;
  readonly #addTerm: Statement;
  readonly #addSpelling: Statement;
  readonly #addParts: Statement;
  readonly #terms = new Terms();
  readonly #knownRuns = new Set<string>();
  readonly #knownSpellings = new Set<string>();

  constructor(db: Connection) {
    const insert = (table: string): Statement =>
      db.prepare(`INSERT INTO ${table} (rowid, title, description) VALUES (?, ?, ?)`);
    const remove = (table: string): Statement => db.prepare(`DELETE FROM ${table} WHERE rowid = ?`);
    this.#insert = { live: insert('live_words'), past: insert('past_words') };
    this.#delete = { live: remove('live_words'), past: remove('past_words') };
    this.#addTerm = db.prepare('INSERT OR IGNORE INTO term VALUES (?)');
    this.#addSpelling = db.prepare('INSERT OR IGNORE INTO word (word) VALUES (?)');
    this.#addParts = db.prepare('INSERT INTO word_parts (rowid, word) VALUES (?, ?)');
  }

  add(listing: number, live: boolean, title: string, description: string): void {
    this.#insert[live ? 'live' : 'past'].run(listing, title, description);
    this.#keepTerms(title);
    this.#keepTerms(description);
    for (const word of spellingsOf(title)) this.#learn(word);
  }

  remove(listing: number, live: boolean): void {
    this.#delete[live ? 'live' : 'past'].run(listing);
  }

  #keepTerms(text: string): void {
    for (const run of Terms.runsOf(text)) {
      if (!isNewTo(this.#knownRuns, run)) continue;
      for (const term of this.#terms.of(run)) this.#addTerm.run(term);
    }
  }

  #learn(word: string): void {
    if (!isNewTo(this.#knownSpellings, word)) return;
    const { changes, lastInsertRowid } = this.#addSpelling.run(word);
    if (changes === 1) this.#addParts.run(lastInsertRowid, word);
  }
}

/** Adds it to what is at hand, of which there is only so much. */
function isNewTo(known: Set<string>, text: string): boolean {
  if (known.has(text)) return false;
  if (known.size >= DISCOVERY.knownWordsMax) known.clear();
  known.add(text);
  return true;
}
