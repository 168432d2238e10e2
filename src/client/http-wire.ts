/**
 * Between the frames of a WebSocket and the JSON of HTTP: what the SDK sends is read back from its
 * frame, and what the server says as JSON becomes the frame that a WebSocket would have brought.
 */
import { messageByName } from '../protocol/messages.ts';
import { AUCTION_FIELD_NAMES } from '../protocol/views.ts';
import type { Frame } from './wire.ts';
import { encode } from './wire.ts';

export type Json = Readonly<Record<string, unknown>>;

/** JSON has texts such as b7 where frames have numbers. */
const ALIASES: readonly string[] = ['leadingBidder', 'winner', 'bidder'];

/**
 * The frame of a message of the server. `more` is what JSON does not say, as the handle.
 * @throws InvalidArgument where the message is not what it should be.
 */
export function frameOf(name: string, json: Json, more: Json = {}): Frame | null {
  const message = messageByName(name);
  if (message === undefined || message.sender !== 'server') return null;
  const said: Record<string, unknown> = { ...withNumbers(json), ...more };
  if (said['auction'] !== undefined) said['auction'] = viewOf(said['auction'] as Json);
  return encode(message, said);
}

/** The fields that this version knows; where nobody won, no winner. */
function viewOf(auction: Json): Json {
  const known = Object.entries(withNumbers(auction)).filter(
    ([name, value]) => AUCTION_FIELD_NAMES.includes(name) && !(name === 'winner' && value === 0),
  );
  return Object.fromEntries(known);
}

function withNumbers(json: Json): Json {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      ALIASES.includes(name) ? aliasOf(value) : value,
    ]),
  );
}

function aliasOf(value: unknown): unknown {
  if (typeof value === 'string') return Number(value.slice(1));
  return value ?? 0;
}
