/**
 * The kinds of configuration keys. A key knows how to read what a file, an environment variable or
 * a flag holds (all of them may be text), how to show its value, and its line in the docs.
 *
 * In the program a duration `window` is called `windowMs` and a size `backPressure` is called
 * `backPressureBytes`: `unit` adds the ending.
 */
import { z } from 'zod';
import {
  DURATION_HINT,
  SIZE_HINT,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
} from './units.ts';

export type Unit = 'ms' | 'bytes' | 'none';

export interface Key<T, U extends Unit = Unit> {
  readonly unit: U;
  /** What it takes, for the docs. */
  readonly type: string;
  /** One sentence for the docs. */
  readonly text: string;
  /** As it would stand in the file; null: nothing. */
  readonly fallback: unknown;
  /** Checks and converts a raw value. */
  readonly schema: z.ZodType<T>;
  /** The raw value of a text from the environment or a flag. */
  fromText(text: string): unknown;
  /** The value as one would write it. */
  show(value: T): string;
}

const asIs = (text: string): unknown => text;

/** A schema that reads text with `parse`; undefined means that the text is not one. */
function read<T>(parse: (raw: unknown) => T | undefined, expected: string): z.ZodType<T> {
  return z.unknown().transform((raw, context): T => {
    const value = parse(raw);
    if (value === undefined) {
      context.addIssue({ code: 'custom', message: `must be ${expected}` });
      return z.NEVER;
    }
    return value;
  });
}

export function whole(
  fallback: number,
  min: number,
  max: number,
  text: string,
): Key<number, 'none'> {
  const range = `a whole number from ${min} to ${max}`;
  return {
    unit: 'none',
    type: `whole number, ${min} to ${max}`,
    text,
    fallback,
    schema: read((raw) => {
      const value = typeof raw === 'string' && /^\d+$/.test(raw) ? Number(raw) : raw;
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
      return value >= min && value <= max ? value : undefined;
    }, range),
    fromText: asIs,
    show: String,
  };
}

/** A whole number, or a word that stands for null. */
export function wholeOr<const W extends string>(
  word: W,
  fallback: number | W,
  min: number,
  max: number,
  text: string,
): Key<number | null, 'none'> {
  const number = whole(min, min, max, text);
  return {
    ...number,
    type: `${number.type}, or \`${word}\``,
    fallback,
    schema: read(
      (raw) => (raw === word ? null : number.schema.safeParse(raw).data),
      `a whole number from ${min} to ${max}, or ${word}`,
    ),
    show: (value) => (value === null ? word : String(value)),
  };
}

export function duration(
  fallback: string,
  minMs: number,
  maxMs: number,
  text: string,
): Key<number, 'ms'> {
  const range = `from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  return {
    unit: 'ms',
    type: `duration, ${formatDuration(minMs)} to ${formatDuration(maxMs)}`,
    text,
    fallback,
    schema: read(
      (raw) => within(parseDuration(String(raw)), minMs, maxMs),
      `${DURATION_HINT}, ${range}`,
    ),
    fromText: asIs,
    show: formatDuration,
  };
}

export function size(
  fallback: string,
  minBytes: number,
  maxBytes: number,
  text: string,
): Key<number, 'bytes'> {
  const range = `from ${formatSize(minBytes)} to ${formatSize(maxBytes)}`;
  return {
    unit: 'bytes',
    type: `size, ${formatSize(minBytes)} to ${formatSize(maxBytes)}`,
    text,
    fallback,
    schema: read(
      (raw) => within(parseSize(String(raw)), minBytes, maxBytes),
      `${SIZE_HINT}, ${range}`,
    ),
    fromText: asIs,
    show: formatSize,
  };
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

export function flag(fallback: boolean, text: string): Key<boolean, 'none'> {
  return {
    unit: 'none',
    type: '`true` or `false`',
    text,
    fallback,
    schema: read((raw) => {
      if (raw === true || raw === 'true') return true;
      return raw === false || raw === 'false' ? false : undefined;
    }, 'true or false'),
    fromText: asIs,
    show: String,
  };
}

export function choice<const W extends readonly [string, ...string[]]>(
  words: W,
  fallback: W[number],
  text: string,
): Key<W[number], 'none'> {
  return {
    unit: 'none',
    type: words.map((word) => `\`${word}\``).join(', '),
    text,
    fallback,
    schema: z.enum(words, { error: `must be one of ${words.join(', ')}` }) as z.ZodType<W[number]>,
    fromText: asIs,
    show: String,
  };
}

export function line(fallback: string, text: string): Key<string, 'none'> {
  return {
    unit: 'none',
    type: 'text',
    text,
    fallback,
    schema: z.string({ error: 'must be a text' }).min(1, { error: 'must not be empty' }),
    fromText: asIs,
    show: withoutPassword,
  };
}

export function lineOrNone(type: string, text: string): Key<string | null, 'none'> {
  return {
    unit: 'none',
    type,
    text,
    fallback: null,
    schema: z.string({ error: 'must be a text' }).min(1, { error: 'must not be empty' }).nullable(),
    fromText: asIs,
    show: (value) => (value === null ? '(none)' : withoutPassword(value)),
  };
}

/** A list; separated by commas where it is given as text. */
export function lines(text: string): Key<readonly string[], 'none'> {
  return {
    unit: 'none',
    type: 'list of texts (in the environment: separated by commas)',
    text,
    fallback: [],
    schema: z.array(z.string().min(1), { error: 'must be a list of texts' }),
    fromText: (raw) =>
      raw
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    show: (value) => (value.length === 0 ? '(none)' : value.map(withoutPassword).join(', ')),
  };
}

/** A value of its own shape; JSON where it is given as text. */
export function structure<T>(
  type: string,
  fallback: unknown,
  schema: z.ZodType<T>,
  text: string,
): Key<T, 'none'> {
  return {
    unit: 'none',
    type: `${type} (in the environment: JSON)`,
    text,
    fallback,
    schema,
    fromText(raw) {
      try {
        return JSON.parse(raw) as unknown;
      } catch {
        return raw;
      }
    },
    show: (value) => JSON.stringify(value),
  };
}

/** Passwords in addresses are for the program only. */
function withoutPassword(value: string): string {
  return value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1***@');
}
