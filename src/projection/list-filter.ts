/** The conditions of a search, as SQL with values beside it. */
import type { Cursor } from './cursor.ts';
import type { Searched, SearchQuestion } from './questions.ts';
import { ACTIVE, CANCELLED, SCHEDULED, SOLD, UNSOLD } from './read-model-file.ts';

const STATUSES: Readonly<Record<Searched, readonly number[]>> = {
  active: [ACTIVE],
  scheduled: [SCHEDULED],
  live: [SCHEDULED, ACTIVE],
  ended: [SOLD, UNSOLD, CANCELLED],
  any: [SCHEDULED, ACTIVE, SOLD, UNSOLD, CANCELLED],
};

export class ListFilter {
  readonly #conditions: string[] = [];
  readonly #values: (number | string)[] = [];

  constructor(question: SearchQuestion) {
    const { conditions, country } = question;
    const { status, seller, currency, minPriceCents, maxPriceCents, endsBeforeMs } = question;
    this.#conditions.push(`l.status IN (${STATUSES[status].join(', ')})`);
    if (seller !== null) this.#add('l.seller = (SELECT key FROM user WHERE id = ?)', seller);
    if (currency !== null) this.#add('l.currency = ?', currency);
    if (country !== null) this.#add('l.country = ?', country);
    if (conditions.length > 0) {
      this.#add(`l.condition IN (${conditions.map(() => '?').join(', ')})`, ...conditions);
    }
    if (minPriceCents !== null) this.#add('l.price_cents >= ?', minPriceCents);
    if (maxPriceCents !== null) this.#add('l.price_cents <= ?', maxPriceCents);
    if (endsBeforeMs !== null) this.#add('l.ends_ms <= ?', endsBeforeMs);
  }

  get where(): string {
    return this.#conditions.join(' AND ');
  }

  get values(): readonly (number | string)[] {
    return this.#values;
  }

  /** @param many there are so many in them that walking the order finds some sooner. */
  inCategories(keys: readonly number[], many: boolean): void {
    // A sign in front keeps SQLite from taking the index of categories.
    this.#conditions.push(`${many ? '+' : ''}l.category IN (${keys.join(', ')})`);
  }

  /** Only what comes behind this in the order. */
  after(column: string, down: boolean, [value, key]: Cursor): void {
    this.#conditions.push(`(l.${column}, l.key) ${down ? '<' : '>'} (?, ?)`);
    this.#values.push(value, key);
  }

  #add(condition: string, ...values: readonly (number | string)[]): void {
    this.#conditions.push(condition);
    this.#values.push(...values);
  }
}
