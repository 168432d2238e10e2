/**
 * The terms of a text exactly as the indexes of words have them: for words of ASCII that is small
 * letters, and all others are asked of SQLite itself, in memory.
 */
import { openInMemory } from '../journal/sqlite-connection.ts';
import type { Statement } from '../journal/sqlite-connection.ts';
import { TOKENIZER } from './read-model-file.ts';

const ASCII_SEPARATORS = /[^A-Za-z0-9\u0080-\u{10ffff}]+/u;

export class Terms {
  readonly #insert: Statement;
  readonly #read: Statement;
  readonly #clear: Statement;

  constructor() {
    const db = openInMemory();
    db.exec(`
      CREATE VIRTUAL TABLE run USING fts5 (text, content = '', ${TOKENIZER});
      CREATE VIRTUAL TABLE term USING fts5vocab (run, instance)`);
    this.#insert = db.prepare('INSERT INTO run (rowid, text) VALUES (1, ?)');
    this.#read = db.prepare('SELECT term FROM term ORDER BY offset').pluck();
    this.#clear = db.prepare("INSERT INTO run (run) VALUES ('delete-all')");
  }

  /** What lies between the separators of ASCII: of every one of these the terms are its own. */
  static runsOf(text: string): readonly string[] {
    return text.split(ASCII_SEPARATORS).filter((run) => run !== '');
  }

  /** In their order. */
  of(text: string): readonly string[] {
    return Terms.runsOf(text).flatMap((run) => this.#ofRun(run));
  }

  #ofRun(run: string): readonly string[] {
    if (/^[A-Za-z0-9]+$/.test(run)) return [run.toLowerCase()];
    this.#insert.run(run);
    const terms = this.#read.all() as string[];
    this.#clear.run();
    return terms;
  }
}
