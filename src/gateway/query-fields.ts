/** Parameters of a query, checked one by one; what is wrong is told with the parameter's name. */
import { DURATION_HINT, parseDuration } from '../config/units.ts';
import type { Field } from '../protocol/field.ts';
import { MalformedField } from '../protocol/field.ts';

export class QueryFields {
  readonly #query: URLSearchParams;

  constructor(query: URLSearchParams) {
    this.#query = query;
  }

  text(name: string, charsMax: number): string | null {
    const text = this.#query.get(name);
    if (text === null || text === '') return null;
    if (text.length > charsMax) {
      throw new MalformedField(`must have at most ${charsMax} characters`, name);
    }
    return text;
  }

  /** By a field of the protocol. @throws MalformedField */
  field<T>(name: string, field: Field<T>): T | null {
    const text = this.#query.get(name);
    if (text === null || text === '') return null;
    try {
      return field.check(text, 'named');
    } catch (error) {
      throw error instanceof MalformedField ? new MalformedField(error.message, name) : error;
    }
  }

  choice<const T extends string>(name: string, choices: readonly T[], otherwise: T): T {
    const text = this.#query.get(name);
    if (text === null || text === '') return otherwise;
    const chosen = choices.find((choice) => choice === text);
    if (chosen !== undefined) return chosen;
    throw new MalformedField(`must be one of ${choices.join(', ')}`, name);
  }

  whole(name: string, least: number, most: number): number | null {
    const text = this.#query.get(name);
    if (text === null || text === '') return null;
    const number = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (number >= least && number <= most) return number;
    throw new MalformedField(`must be a whole number from ${least} to ${most}`, name);
  }

  /** For instance 90s, 15m, 24h or 7d; milliseconds. */
  duration(name: string, mostMs: number): number | null {
    const text = this.#query.get(name);
    if (text === null || text === '') return null;
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= 1 && ms <= mostMs) return ms;
    throw new MalformedField(`must be ${DURATION_HINT}`, name);
  }
}
