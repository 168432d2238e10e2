/**
 * A message: a number, a name and fields in a fixed order. One definition serves the frame
 * (`[number, field, field …]` in MessagePack), the JSON text (`{"type": name, …}`), the TypeScript
 * type, the schema hash and the table in docs/protocol.md.
 */
import type { MsgpackReader } from '../lib/msgpack-reader.ts';
import type { MsgpackWriter } from '../lib/msgpack-writer.ts';
import type { Field, Values } from './field.ts';
import { Fields } from './field.ts';
import type { ObjectSchema } from './json-schema.ts';

/**
 * Who sends it: `client` over a WebSocket, `server`, or `rest`: made by the gateway from an HTTP
 * request, and not taken from a WebSocket.
 */
export type Sender = 'client' | 'server' | 'rest';

export interface Message<T> {
  readonly number: number;
  readonly name: string;
  readonly sender: Sender;
  readonly schema: string;
  /** Its fields as JSON, without `type`. */
  readonly json: ObjectSchema;
  /** Reads the fields of a frame whose array header and number have been taken. */
  readFields(reader: MsgpackReader, present: number): T;
  /** Writes the whole frame. */
  write(writer: MsgpackWriter, value: T): void;
  /** The whole frame as plain values, for msgpackr. */
  toPositional(value: T): unknown[];
  fromPositional(plain: readonly unknown[]): T;
  /** The JSON object, with its `type`. */
  toNamed(value: T): Record<string, unknown>;
  /** `closed`: names that are not known are refused. */
  fromNamed(plain: Readonly<Record<string, unknown>>, closed?: boolean): T;
}

/**
 * The fields of a frame written by hand, for the messages that every bid causes: the table's own
 * way takes several times as long. A test holds the two equal.
 */
export type QuickWrite<T> = (writer: MsgpackWriter, value: T) => void;

/** The TypeScript type of a message's fields. */
export type MessageOf<M> = M extends Message<infer T> ? T : never;

export function message<const S extends Readonly<Record<string, Field<unknown>>>>(
  sender: Sender,
  number: number,
  name: string,
  shape: S,
  quickWrite?: QuickWrite<Values<S>>,
): Message<Values<S>> {
  const fields = new Fields(shape);
  type T = Values<S>;
  type Plain = Record<string, unknown>;
  return {
    number,
    name,
    sender,
    schema: `${number} ${name}(${fields.schema})`,
    json: fields.json,
    readFields: (reader, present) => fields.read(reader, present) as T,
    write(writer, value) {
      if (quickWrite !== undefined) return quickWrite(writer, value);
      const count = fields.present(value as Plain);
      writer.array(count + 1);
      writer.uint(number);
      fields.write(writer, value as Plain, count);
    },
    toPositional: (value) => [number, ...fields.toPositional(value as Plain)],
    fromPositional: (plain) => fields.checkPositional(plain, 1) as T,
    toNamed: (value) => ({ type: name, ...fields.toNamed(value as Plain) }),
    fromNamed(plain, closed = false) {
      const { type: _, ...named } = plain;
      return fields.checkNamed(named, closed) as T;
    },
  };
}
