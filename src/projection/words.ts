/** The words of listings: one index for those that are live, one for the past, one of spellings. */
import { DISCOVERY } from '../config/limits.ts';
import type { Connection, Statement } from '../journal/sqlite-connection.ts';
import { spellingsOf } from './text-query.ts';

export class Words {
  readonly #insert: Readonly<Record<'live' | 'past', Statement>>;
  readonly #delete: Readonly<Record<'live' | 'past', Statement>>;
  readonly #addSpelling: Statement;
  readonly #addParts: Statement;
  readonly #known = new Set<string>();

  constructor(db: Connection) {
    const insert = (table: string): Statement =>
      db.prepare(`INSERT INTO ${table} (rowid, title, description) VALUES (?, ?, ?)`);
    const remove = (table: string): Statement => db.prepare(`DELETE FROM ${table} WHERE rowid = ?`);
    this.#insert = { live: insert('live_words'), past: insert('past_words') };
    this.#delete = { live: remove('live_words'), past: remove('past_words') };
    this.#addSpelling = db.prepare('INSERT OR IGNORE INTO word (word) VALUES (?)');
    this.#addParts = db.prepare('INSERT INTO word_parts (rowid, word) VALUES (?, ?)');
  }

  add(listing: number, live: boolean, title: string, description: string): void {
    this.#insert[live ? 'live' : 'past'].run(listing, title, description);
    for (const word of spellingsOf(title)) this.#learn(word);
  }

  remove(listing: number, live: boolean): void {
    this.#delete[live ? 'live' : 'past'].run(listing);
  }

  #learn(word: string): void {
    if (this.#known.has(word)) return;
    if (this.#known.size >= DISCOVERY.knownWordsMax) this.#known.clear();
    this.#known.add(word);
    const { changes, lastInsertRowid } = this.#addSpelling.run(word);
    if (changes === 1) this.#addParts.run(lastInsertRowid, word);
  }
}
