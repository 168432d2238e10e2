/** A whole frame and its message: read strictly, nothing may be left over. */
import { MalformedMsgpack, MsgpackReader } from '../lib/msgpack-reader.ts';
import { MalformedField } from './field.ts';
import type { Message } from './message.ts';
import { messageByNumber } from './messages.ts';

/** A message number that this version does not know. */
export class UnknownMessage extends Error {
  override name = 'UnknownMessage';
}

export interface DecodedFrame {
  readonly message: Message<unknown>;
  readonly value: unknown;
}

const reader = new MsgpackReader();

/** @throws MalformedField, UnknownMessage */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  const [number, present] = readHead(bytes);
  const message = messageByNumber(number);
  if (message === undefined) throw new UnknownMessage(`message ${number} is not known`);
  return { message, value: readRest(message, present) };
}

/** Reads a frame that has to be this message. @throws MalformedField */
export function decodeAs<T>(message: Message<T>, bytes: Uint8Array): T {
  const [number, present] = readHead(bytes);
  if (number !== message.number) throw new MalformedField(`is not ${message.name}`);
  return readRest(message, present);
}

function readHead(bytes: Uint8Array): [number: number, present: number] {
  try {
    const count = reader.open(bytes).array();
    return [reader.uint(), count - 1];
  } catch (error) {
    throw asMalformedField(error);
  }
}

function readRest<T>(message: Message<T>, present: number): T {
  try {
    const value = message.readFields(reader, present);
    if (!reader.atEnd) throw new MalformedField('has bytes left over');
    return value;
  } catch (error) {
    throw asMalformedField(error);
  }
}

function asMalformedField(error: unknown): unknown {
  return error instanceof MalformedMsgpack ? new MalformedField(error.message) : error;
}
