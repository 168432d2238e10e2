/**
 * The same messages as JSON text, for clients without MessagePack: one object a message, with its
 * `type`. Three things differ from the frames, because a person or a small script reads them:
 *
 *   handle            → auctionId (the JSON client never sees handles)
 *   alias 7, alias 0  → "b7", null
 *   answer, refused,
 *   own_answer        → name, message and retryable beside the code that refuses;
 *                       bid_update, extended, outbid and leading_again carry timeRemainingMs
 */
import type { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { MalformedField } from './field.ts';
import { decodeFrame, UnknownMessage } from './frame.ts';
import { messageByName } from './messages.ts';
import { ANSWER } from './messages/answer.ts';
import { BID_UPDATE } from './messages/bid-update.ts';
import { EXTENDED } from './messages/extended.ts';
import { LEADING_AGAIN } from './messages/leading-again.ts';
import { OUTBID } from './messages/outbid.ts';
import { OWN_ANSWER } from './messages/own-answer.ts';
import { REFUSED } from './messages/refused.ts';
import { ACCEPTED, refusalName, REFUSALS } from './refusals.ts';

/** What the sender knows and a frame does not say. */
export interface JsonContext {
  /** The auction behind a handle. */
  auctionIdOf(handle: number): string | undefined;
  /** Its end as last told to watchers. */
  endsAtMsOf(handle: number): number | undefined;
  nowMs(): number;
}

type Named = Record<string, unknown>;

/** A server's frame as JSON text. */
export function jsonFromFrame(frame: Uint8Array, context: JsonContext): string {
  const { message, value } = decodeFrame(frame);
  return JSON.stringify(dress(message.number, message.toNamed(value), context));
}

/** A refusal as JSON shows it, in messages and in REST bodies. */
export function refusalFields(code: number): Named {
  const name = refusalName(code);
  if (name === undefined) return { code };
  const { message, retryable } = REFUSALS[name];
  return { code, name, message, retryable };
}

/** Aliases as JSON shows them, in the whole of a named value. */
export function withAliases(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withAliases);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      ALIASES.has(name) ? aliasText(field) : withAliases(field),
    ]),
  );
}

const ALIASES: ReadonlySet<string> = new Set(['leadingBidder', 'winner', 'bidder']);

function aliasText(alias: unknown): string | null {
  return typeof alias === 'number' && alias > 0 ? `b${alias}` : null;
}

/** An alias that JSON brought back. @throws MalformedField */
export function aliasOf(text: unknown, field: string): number {
  const digits = typeof text === 'string' ? /^b(\d{1,9})$/.exec(text)?.[1] : undefined;
  if (digits === undefined) throw new MalformedField('must be an alias such as b2', field);
  return Number(digits);
}

function dress(number: number, named: Named, context: JsonContext): Named {
  const { type, handle, ...rest } = withAliases(named) as Named;
  switch (number) {
    case OWN_ANSWER.number:
    case ANSWER.number: {
      const code = rest['code'] as number;
      if (code === ACCEPTED) return { type, ...rest };
      return { type, ...rest, ...refusalFields(code) };
    }
    case REFUSED.number:
      return { type, ...rest, ...refusalFields(rest['code'] as number) };
    default:
      break;
  }
  const shown: Named =
    typeof handle === 'number'
      ? { type, auctionId: context.auctionIdOf(handle), ...rest }
      : { type, ...rest };
  if (!TIMED.has(number)) return shown;
  const known = typeof handle === 'number' ? context.endsAtMsOf(handle) : undefined;
  const endsAtMs = (rest['endsAtMs'] as number | undefined) ?? known;
  if (endsAtMs === undefined) return shown;
  return { ...shown, timeRemainingMs: Math.max(0, endsAtMs - context.nowMs()) };
}

/** Messages after which a person wants to know how long the auction still runs. */
const TIMED_MESSAGES = [BID_UPDATE, EXTENDED, OUTBID, LEADING_AGAIN];
export const TIMED_NAMES: ReadonlySet<string> = new Set(TIMED_MESSAGES.map(({ name }) => name));
const TIMED: ReadonlySet<number> = new Set(TIMED_MESSAGES.map(({ number }) => number));

/**
 * Writes a client's JSON text as the frame that it stands for.
 * @throws MalformedField, UnknownMessage
 */
export function frameFromJson(text: string, depthMax: number, writer: MsgpackWriter): void {
  const named = parseObject(text, depthMax);
  const type = named['type'];
  if (typeof type !== 'string') throw new MalformedField('must be a text', 'type');
  const message = messageByName(type);
  if (message === undefined || message.sender !== 'client') {
    throw new UnknownMessage(`${type.slice(0, 32)} is not a message of clients`);
  }
  message.write(writer, message.fromNamed(named, true));
}

/** The object that a text holds. @throws MalformedField */
export function parseObject(text: string, depthMax: number): Named {
  if (deeperThan(text, depthMax)) throw new MalformedField(`must not nest deeper than ${depthMax}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedField('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedField('must be an object');
  }
  return value as Named;
}

/** Whether brackets nest deeper than this; looks before anything is built. */
function deeperThan(text: string, depthMax: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) {
      i = endOfString(text, i);
    } else if (unit === BRACE || unit === BRACKET) {
      depth += 1;
      if (depth > depthMax) return true;
    } else if (unit === BRACE_END || unit === BRACKET_END) {
      depth -= 1;
    }
  }
  return false;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== QUOTE) {
    i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  }
  return i;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
