/**
 * Messages to and from bytes, with msgpackr: the SDK runs in browsers, where the server's own
 * reader and writer (which want Node's Buffer) do not. What is not known is ignored, so that the
 * protocol can grow (docs/protocol.md, growth).
 */
import { Packr } from 'msgpackr';
import { MalformedField } from '../protocol/field.ts';
import type { Message } from '../protocol/message.ts';
import { messageByNumber } from '../protocol/messages.ts';
import { InvalidArgument, UnreadableMessage } from './errors.ts';

/** Times are above 32 bits; as numbers, not as BigInt. Plain arrays, no record extension. */
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

export type Frame = Uint8Array<ArrayBuffer>;

export interface Received {
  readonly number: number;
  readonly value: unknown;
}

/** @throws InvalidArgument where a value is not what its field takes. */
export function encode<T>(message: Message<T>, value: T): Frame {
  try {
    const checked = message.fromNamed(value as Readonly<Record<string, unknown>>);
    return packr.pack(message.toPositional(checked)) as Uint8Array as Frame;
  } catch (error) {
    if (!(error instanceof MalformedField)) throw error;
    throw new InvalidArgument(error.path, error.message);
  }
}

/** A frame as plain values: the message's number and its fields. */
export function plainOf(frame: Frame): readonly unknown[] {
  return packr.unpack(frame) as unknown[];
}

/**
 * Null: a message that this version does not know.
 * @throws UnreadableMessage
 */
export function decode(data: unknown): Received | null {
  if (!(data instanceof ArrayBuffer) && !(data instanceof Uint8Array)) {
    throw new UnreadableMessage('a text message came over a MessagePack connection');
  }
  try {
    const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
    const plain: unknown = packr.unpack(bytes);
    if (!Array.isArray(plain) || typeof plain[0] !== 'number') {
      throw new UnreadableMessage('a message is an array that starts with its number');
    }
    const message = messageByNumber(plain[0]);
    if (message === undefined || message.sender !== 'server') return null;
    return { number: plain[0], value: message.fromPositional(plain) };
  } catch (error) {
    if (error instanceof UnreadableMessage) throw error;
    throw new UnreadableMessage('a message could not be read', { cause: error });
  }
}
