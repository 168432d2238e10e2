/**
 * The kinds of fields that messages are made of. A field knows its value in three forms: in a
 * MessagePack frame (positional), as a plain positional value (for clients that use msgpackr) and
 * as JSON (named). Whatever arrives is checked here, field by field: type, range, length.
 */
import type { MsgpackReader } from '../lib/msgpack-reader.ts';
import type { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { MalformedMsgpack } from '../lib/msgpack-reader.ts';
import type { JsonSchema, ObjectSchema } from './json-schema.ts';
import { objectOf } from './json-schema.ts';

/** How plain values are laid out: as MessagePack arrays, or as JSON objects. */
export type Layout = 'positional' | 'named';

export interface Field<T> {
  /** What the docs and the schema hash say, for instance `uint` or `str(1..64)`. */
  readonly schema: string;
  /** Its JSON form (`named`), for the documents. */
  readonly json: JsonSchema;
  /** May be absent: nil in a frame, and left out at its end. */
  readonly optional: boolean;
  read(reader: MsgpackReader): T;
  write(writer: MsgpackWriter, value: T): void;
  /** Checks a plain value. @throws MalformedField */
  check(value: unknown, layout: Layout): T;
  /** The plain value for this layout. */
  plain(value: T, layout: Layout): unknown;
}

/**
 * A value that is not what its field takes. `path` leads to it, for instance `terms.currency`; empty
 * where it is the message itself. The reason goes on after the field's name: `must be …`.
 */
export class MalformedField extends Error {
  override name = 'MalformedField';
  readonly path: string;
  constructor(reason: string, path = '') {
    super(reason);
    this.path = path;
  }

  /** What a client is told: where there is no field to point to, a clause of its own. */
  get told(): { readonly field?: string; readonly reason: string } {
    if (this.path === '') return { reason: `the message ${this.message}` };
    return { field: this.path, reason: this.message };
  }
}

type Shape = Readonly<Record<string, Field<unknown>>>;

/** The TypeScript type behind a table of fields. */
export type Values<S> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never };

const same = <T>(value: T): unknown => value;

function scalar<T>(
  schema: string,
  json: JsonSchema,
  read: (reader: MsgpackReader) => unknown,
  write: (writer: MsgpackWriter, value: T) => void,
  check: (value: unknown) => T,
): Field<T> {
  return {
    schema,
    json,
    optional: false,
    read: (reader) => check(read(reader)),
    write,
    check,
    plain: same,
  };
}

/** The same field, with a sentence for the documents on what it means where it stands. */
export function described<T>(field: Field<T>, description: string): Field<T> {
  return { ...field, json: { ...field.json, description } };
}

/** A whole number from 0 up to `max` (2^53 − 1 by default). */
export function uint(max = Number.MAX_SAFE_INTEGER, schema = `uint(0..${max})`): Field<number> {
  return scalar<number>(
    schema,
    { type: 'integer', minimum: 0, maximum: max },
    (reader) => reader.number(),
    (writer, value) => writer.uint(value),
    (value) => {
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
        throw new MalformedField(`must be a whole number from 0 to ${max}`);
      }
      return value;
    },
  );
}

/** Any finite number, for ratios. */
export function float(min: number, max: number): Field<number> {
  return scalar<number>(
    `float(${min}..${max})`,
    { type: 'number', minimum: min, maximum: max },
    (reader) => reader.number(),
    (writer, value) =>
      Number.isSafeInteger(value) && value >= 0 ? writer.uint(value) : writer.float(value),
    (value) => {
      if (typeof value !== 'number' || !(value >= min && value <= max)) {
        throw new MalformedField(`must be a number from ${min} to ${max}`);
      }
      return value;
    },
  );
}

export const bool: Field<boolean> = scalar<boolean>(
  'bool',
  { type: 'boolean' },
  (reader) => reader.bool(),
  (writer, value) => writer.bool(value),
  (value) => {
    if (typeof value !== 'boolean') throw new MalformedField('must be true or false');
    return value;
  },
);

/**
 * Text of `min` to `max` UTF-16 units; with a pattern where the alphabet is closed, and then what
 * the pattern means, for people.
 */
export function str(
  min: number,
  max: number,
  pattern?: RegExp,
  means = `a text of ${lengthText(min, max)}`,
): Field<string> {
  return scalar<string>(
    pattern === undefined ? `str(${min}..${max})` : `str(${min}..${max}, ${pattern.source})`,
    {
      type: 'string',
      minLength: min,
      maxLength: max,
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
    },
    (reader) => reader.str(max * 3),
    (writer, value) => writer.str(value),
    (value) => {
      if (typeof value !== 'string' || value.length < min || value.length > max) {
        throw new MalformedField(`must be ${means}`);
      }
      if (pattern !== undefined && !pattern.test(value)) {
        throw new MalformedField(`must be ${means}`);
      }
      // A pattern leaves no room for lone surrogates.
      if (pattern === undefined && !value.isWellFormed())
        throw new MalformedField('must be well-formed Unicode');
      return value;
    },
  );
}

function lengthText(min: number, max: number): string {
  if (min === max) return `exactly ${max} characters`;
  return min === 0 ? `at most ${max} characters` : `${min} to ${max} characters`;
}

/** One of a closed list of words; its position in a frame, the word itself in JSON. */
export function word<const W extends readonly string[]>(words: W): Field<W[number]> {
  const checkIndex = (index: unknown): W[number] => {
    const found = typeof index === 'number' ? words[index] : undefined;
    if (found === undefined)
      throw new MalformedField(`must be a whole number from 0 to ${words.length - 1}`);
    return found;
  };
  return {
    schema: `word(${words.join('|')})`,
    json: { type: 'string', enum: words },
    optional: false,
    read: (reader) => checkIndex(reader.number()),
    write: (writer, value) => writer.uint(words.indexOf(value)),
    check: (value, layout) => {
      if (layout === 'positional') return checkIndex(value);
      if (typeof value === 'string' && words.includes(value)) return value;
      throw new MalformedField(`must be one of ${words.join(', ')}`);
    },
    plain: (value, layout) => (layout === 'named' ? value : words.indexOf(value)),
  };
}

/** A field that may be missing: null. */
export function optional<T>(field: Field<T>): Field<T | null> {
  return {
    schema: `${field.schema}?`,
    json: field.json,
    optional: true,
    read: (reader) => (reader.nil() ? null : field.read(reader)),
    write: (writer, value) => (value === null ? writer.nil() : field.write(writer, value)),
    check: (value, layout) =>
      value === null || value === undefined ? null : field.check(value, layout),
    plain: (value, layout) => (value === null ? null : field.plain(value, layout)),
  };
}

export function list<T>(field: Field<T>, max: number): Field<readonly T[]> {
  const tooMany = `must be a list of at most ${max}`;
  return {
    schema: `[${field.schema}](0..${max})`,
    json: { type: 'array', items: field.json, maxItems: max },
    optional: false,
    read(reader) {
      const count = reader.array();
      if (count > max) throw new MalformedField(tooMany);
      const values: T[] = [];
      for (let i = 0; i < count; i++) values.push(field.read(reader));
      return values;
    },
    write(writer, values) {
      writer.array(values.length);
      for (const value of values) field.write(writer, value);
    },
    check(value, layout) {
      if (!Array.isArray(value) || value.length > max) throw new MalformedField(tooMany);
      return value.map((item, i) => at(`${i}`, () => field.check(item, layout)));
    },
    plain: (values, layout) => values.map((value) => field.plain(value, layout)),
  };
}

export interface RecordField<T> extends Field<T> {
  readonly json: ObjectSchema;
}

/** Fields in a fixed order: an array in a frame, an object in JSON. */
export function record<const S extends Shape>(shape: S): RecordField<Values<S>> {
  const fields = new Fields(shape);
  return {
    schema: `{${fields.schema}}`,
    json: fields.json,
    optional: false,
    read: (reader) => fields.read(reader, reader.array()) as Values<S>,
    write(writer, value) {
      const values = value as Record<string, unknown>;
      const count = fields.present(values);
      writer.array(count);
      fields.write(writer, values, count);
    },
    check(value, layout) {
      if (layout === 'positional') {
        if (!Array.isArray(value)) throw new MalformedField('must be a list of fields');
        return fields.checkPositional(value, 0) as Values<S>;
      }
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new MalformedField('must be an object');
      }
      return fields.checkNamed(value as Record<string, unknown>, true) as Values<S>;
    },
    plain: (value, layout) =>
      layout === 'named'
        ? fields.toNamed(value as Record<string, unknown>)
        : fields.toPositional(value as Record<string, unknown>),
  };
}

/** The machinery that messages and nested records share: a table of fields in order. */
export class Fields {
  readonly count: number;
  readonly schema: string;
  readonly json: ObjectSchema;
  readonly #names: readonly string[];
  readonly #fields: readonly Field<unknown>[];
  readonly #required: number;
  /** All names present from the start: one hidden class a message, whatever its fields hold. */
  readonly #blank: Readonly<Record<string, unknown>>;

  constructor(shape: Shape) {
    this.#names = Object.keys(shape);
    this.#fields = Object.values(shape) as unknown as readonly Field<unknown>[];
    this.count = this.#names.length;
    this.schema = this.#names.map((name, i) => `${name}: ${this.#fields[i]?.schema}`).join(', ');
    this.json = objectOf(
      Object.fromEntries(this.#names.map((name, i) => [name, this.#fields[i]?.json ?? {}])),
      this.#names.filter((_, i) => this.#fields[i]?.optional === true),
    );
    this.#required = this.#fields.findLastIndex((field) => !field.optional) + 1;
    this.#blank = Object.fromEntries(this.#names.map((name) => [name, null]));
  }

  /** Reads `present` fields; more than we know are skipped, optional ones at the end may miss. */
  read(reader: MsgpackReader, present: number): Record<string, unknown> {
    if (present < this.#required) {
      throw new MalformedField(`has ${present} fields and needs at least ${this.#required}`);
    }
    const values = { ...this.#blank };
    const fields = this.#fields;
    const known = Math.min(present, fields.length);
    let i = 0;
    try {
      for (; i < known; i++) {
        values[this.#names[i] as string] = (fields[i] as Field<unknown>).read(reader);
      }
    } catch (error) {
      throw located(error, this.#names[i] as string);
    }
    for (; i < present; i++) reader.value(SKIP_DEPTH_MAX, SKIP_BYTES_MAX);
    return values;
  }

  /** How many fields a frame has to carry: optional ones without a value at the end are left out. */
  present(values: Readonly<Record<string, unknown>>): number {
    let count = this.count;
    while (count > this.#required && values[this.#names[count - 1] as string] === null) count -= 1;
    return count;
  }

  /** Writes the first `count` fields. */
  write(writer: MsgpackWriter, values: Readonly<Record<string, unknown>>, count: number): void {
    for (let i = 0; i < count; i++) {
      (this.#fields[i] as Field<unknown>).write(writer, values[this.#names[i] as string]);
    }
  }

  checkPositional(plain: readonly unknown[], from: number): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    this.#fields.forEach((field, i) => {
      const name = this.#names[i] as string;
      values[name] = at(name, () => field.check(plain[from + i], 'positional'));
    });
    return values;
  }

  /** `closed`: names that are not ours are an error, so that a typing mistake shows. */
  checkNamed(plain: Readonly<Record<string, unknown>>, closed: boolean): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    if (closed) {
      for (const name of Object.keys(plain)) {
        if (!this.#names.includes(name)) throw new MalformedField('is not a known field', name);
      }
    }
    this.#fields.forEach((field, i) => {
      const name = this.#names[i] as string;
      const value = Object.hasOwn(plain, name) ? plain[name] : undefined;
      if (value === undefined && !field.optional) throw new MalformedField('is missing', name);
      values[name] = at(name, () => field.check(value, 'named'));
    });
    return values;
  }

  toPositional(values: Readonly<Record<string, unknown>>): unknown[] {
    return this.#fields
      .slice(0, this.present(values))
      .map((field, i) => field.plain(values[this.#names[i] as string], 'positional'));
  }

  /** Optional fields without a value are left out. */
  toNamed(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const plain: Record<string, unknown> = {};
    this.#fields.forEach((field, i) => {
      const name = this.#names[i] as string;
      const value = values[name];
      if (!field.optional || value !== null) plain[name] = field.plain(value, 'named');
    });
    return plain;
  }
}

const SKIP_DEPTH_MAX = 3;
const SKIP_BYTES_MAX = 4096;

function at<T>(name: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw located(error, name);
  }
}

function located(error: unknown, name: string): unknown {
  if (error instanceof MalformedField) {
    return new MalformedField(error.message, error.path === '' ? name : `${name}.${error.path}`);
  }
  if (error instanceof MalformedMsgpack) return new MalformedField(error.message, name);
  return error;
}
