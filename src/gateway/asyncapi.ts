/**
 * The document at /asyncapi.json (AsyncAPI 3.0): the messages of the WebSocket as JSON, from the
 * same definitions that read and write them. How they look as MessagePack is in docs/protocol.md.
 */
import { AUCTION_ID_MEANS } from '../protocol/common.ts';
import { TIMED_NAMES as TIMED } from '../protocol/json-codec.ts';
import type { JsonSchema, ObjectSchema } from '../protocol/json-schema.ts';
import type { Message } from '../protocol/message.ts';
import { AUCTIONS } from '../protocol/messages/auctions.ts';
import { BIDS } from '../protocol/messages/bids.ts';

type Json = Readonly<Record<string, unknown>>;
type Described = Pick<Message<unknown>, 'name' | 'number' | 'sender' | 'json'>;

const CHANNEL = '#/channels/session';
/** Answers to messages that only the REST routes send. */
const INNER: ReadonlySet<string> = new Set([AUCTIONS.name, BIDS.name]);

/** @param version of the program */
export function asyncApi(messages: readonly Described[], version: string): Json {
  const spoken = messages.filter(({ sender, name }) => sender !== 'rest' && !INNER.has(name));
  const refs = (sender: Described['sender']): readonly Json[] =>
    spoken
      .filter((message) => message.sender === sender)
      .map(({ name }) => ({ $ref: `${CHANNEL}/messages/${name}` }));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Gavel',
      version,
      license: { name: 'Apache-2.0' },
      description:
        'One connection carries everything; the first message is `hello`. The sub-protocol ' +
        '`gavel.v1.json` speaks what is described here, `gavel.v1.msgpack` the same as positional ' +
        'arrays, which begin with the number (`x-number`).',
    },
    defaultContentType: 'application/json',
    channels: {
      session: {
        address: '/v1/ws',
        bindings: { ws: { method: 'GET' } },
        messages: Object.fromEntries(
          spoken.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
      },
    },
    operations: {
      fromClient: { action: 'receive', channel: { $ref: CHANNEL }, messages: refs('client') },
      fromServer: { action: 'send', channel: { $ref: CHANNEL }, messages: refs('server') },
    },
    components: {
      messages: Object.fromEntries(spoken.map((message) => [message.name, described(message)])),
    },
  };
}

function described({ name, number, json }: Described): Json {
  return { name, 'x-number': number, payload: asText(name, json) };
}

/** As JSON text has it (json-codec.ts): the auction's id for its handle, and words for refusals. */
function asText(name: string, { properties, required }: ObjectSchema): ObjectSchema {
  const { handle, ...others } = properties;
  const type: JsonSchema = { const: name };
  const text = { type: 'string' };
  return {
    type: 'object',
    properties: {
      type,
      ...(handle === undefined ? {} : { auctionId: AUCTION_ID }),
      ...others,
      ...('code' in others ? { name: text, message: text, retryable: { type: 'boolean' } } : {}),
      ...(TIMED.has(name) ? { timeRemainingMs: { type: 'integer', minimum: 0 } } : {}),
    },
    required: [
      ...new Set(['type', ...required.map((field) => (field === 'handle' ? 'auctionId' : field))]),
    ],
  };
}

const AUCTION_ID: JsonSchema = { type: 'string', description: AUCTION_ID_MEANS };
