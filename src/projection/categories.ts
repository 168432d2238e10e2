/** The categories that listings named, as a tree, with the count of live listings in each alone. */
import type { Connection, Statement } from '../journal/sqlite-connection.ts';
import { pathOf } from './category-path.ts';

/** Of listings without a category. */
export const NO_CATEGORY = 0;

export class Categories {
  readonly #byPath = new Map<string, number>();
  readonly #add: Statement;
  readonly #count: Statement;

  constructor(db: Connection) {
    this.#add = db.prepare('INSERT INTO category (parent, path, live) VALUES (?, ?, 0)');
    this.#count = db.prepare('UPDATE category SET live = live + ? WHERE key = ?');
    for (const row of db.prepare('SELECT path, key FROM category').raw().iterate()) {
      const [path, key] = row as [string, number];
      this.#byPath.set(path, key);
    }
  }

  /** Within a transaction: what is named for the first time is made, with what is above it. */
  keyOf(names: readonly string[]): number {
    if (names.length === 0) return NO_CATEGORY;
    const path = pathOf(names);
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const parent = this.keyOf(names.slice(0, -1));
    const key = Number(this.#add.run(parent, path).lastInsertRowid);
    this.#byPath.set(path, key);
    return key;
  }

  count(category: number, by: number): void {
    if (category !== NO_CATEGORY) this.#count.run(by, category);
  }
}
