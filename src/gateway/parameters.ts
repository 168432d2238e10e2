/**
 * Parameters of a query: one definition is what the door knows a route to take, what reads the text
 * and what /openapi.json says about it. What is wrong is told with the parameter's name.
 */
import { DURATION_HINT, parseDuration } from '../config/units.ts';
import type { Field } from '../protocol/field.ts';
import { MalformedField } from '../protocol/field.ts';
import type { JsonSchema } from '../protocol/json-schema.ts';

export interface Parameter<T> {
  readonly json: JsonSchema;
  /** One sentence for the document. */
  readonly means: string;
  /** What stands for one that is not given, or empty. */
  readonly otherwise: T;
  /** It has to be given; this is said where it is not. */
  readonly required?: string;
  /** @throws MalformedField, without the name */
  read(text: string): T;
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

export type Given<P> = { readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never };

/** The values of a query. @throws MalformedField */
export function given<const P extends Parameters>(query: URLSearchParams, parameters: P): Given<P> {
  const values = Object.entries(parameters).map(([name, { read, otherwise, required }]) => {
    const value = query.get(name) ?? '';
    if (value !== '') return [name, named(name, () => read(value))];
    if (required !== undefined) throw new MalformedField(required, name);
    return [name, otherwise];
  });
  return Object.fromEntries(values) as Given<P>;
}

function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof MalformedField ? new MalformedField(error.message, name) : error;
  }
}

/** In place of null where it is not given. */
export function or<T>(parameter: Parameter<T | null>, otherwise: T): Parameter<T> {
  const { json, means, read } = parameter;
  return {
    json: { ...json, default: otherwise },
    means,
    otherwise,
    read: (written) => read(written) ?? otherwise,
  };
}

export function text(charsMax: number, means: string): Parameter<string | null> {
  return {
    json: { type: 'string', maxLength: charsMax },
    means,
    otherwise: null,
    read(value) {
      if (value.length <= charsMax) return value;
      throw new MalformedField(`must have at most ${charsMax} characters`);
    },
  };
}

/** By a field of the protocol. */
export function like<T>(field: Field<T>, means: string): Parameter<T | null> {
  return {
    json: field.json,
    means,
    otherwise: null,
    read: (value) => field.check(value, 'named'),
  };
}

export function choice<const T extends string>(
  choices: readonly T[],
  otherwise: NoInfer<T>,
  means: string,
): Parameter<T> {
  return {
    json: { type: 'string', enum: choices, default: otherwise },
    means,
    otherwise,
    read(value) {
      const chosen = choices.find((one) => one === value);
      if (chosen !== undefined) return chosen;
      throw new MalformedField(`must be one of ${choices.join(', ')}`);
    },
  };
}

export function whole(least: number, most: number, means: string): Parameter<number | null> {
  return {
    json: { type: 'integer', minimum: least, maximum: most },
    means,
    otherwise: null,
    read(value) {
      const number = /^\d{1,16}$/.test(value) ? Number(value) : NaN;
      if (number >= least && number <= most) return number;
      throw new MalformedField(`must be a whole number from ${least} to ${most}`);
    },
  };
}

/** For instance 90s, 15m, 24h or 7d; milliseconds. */
export function duration(mostMs: number, means: string): Parameter<number | null> {
  return {
    json: { type: 'string', pattern: '^([0-9]+([.][0-9]+)?(ms|s|m|h|d))+$', examples: ['24h'] },
    means,
    otherwise: null,
    read(value) {
      const ms = parseDuration(value);
      if (ms !== undefined && ms >= 1 && ms <= mostMs) return ms;
      throw new MalformedField(`must be ${DURATION_HINT}`);
    },
  };
}

export function flag(means: string): Parameter<boolean> {
  return {
    json: { type: 'boolean', default: false },
    means,
    otherwise: false,
    read(value) {
      if (value === 'true' || value === 'false') return value === 'true';
      throw new MalformedField('must be true or false');
    },
  };
}

/** Names of parameters, where they are all that is known. */
export function namesOf(query: Parameters | readonly string[]): readonly string[] {
  return isNames(query) ? query : Object.keys(query);
}

export function isNames(query: Parameters | readonly string[]): query is readonly string[] {
  return Array.isArray(query);
}
