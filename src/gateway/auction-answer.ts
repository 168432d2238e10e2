/** Between a REST request about an auction and its message to the shard, and back to the answer. */
import { MalformedField } from '../protocol/field.ts';
import type { Auction } from '../protocol/messages/auction.ts';
import { AUCTION } from '../protocol/messages/auction.ts';
import type { Exchange } from './exchange.ts';
import type { RestRequest } from './routes.ts';
import type { ShardReply } from './shard-call.ts';
import { REST_REQUEST_ID } from './shard-call.ts';
import { refusalOf, refuseWith, valueOf } from './shard-reply.ts';

/** A message's fields: what the body says, and what only we say. @throws MalformedField */
export function withId(
  request: RestRequest,
  body: Readonly<Record<string, unknown>>,
  ours: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const own = { id: REST_REQUEST_ID, auctionId: request.id, ...ours };
  for (const name of ['type', ...Object.keys(own)]) {
    if (Object.hasOwn(body, name)) throw new MalformedField('is not a known field', name);
  }
  return { ...body, ...own };
}

interface ShownWith {
  readonly headers?: Readonly<Record<string, string>>;
}

export function showAuction(
  exchange: Exchange,
  reply: ShardReply,
  status: number,
  { headers }: ShownWith = {},
): void {
  if (refusalOf(reply) !== undefined) return refuseWith(exchange, reply);
  exchange.json(status, shownAuction(valueOf<Auction>(reply, AUCTION)), headers);
}

/** The auction, its texts, and the bidders where the shard tells who they are. */
export function shownAuction(value: Auction): object {
  const { type: _, id: _id, auction, text, ...bidders } = AUCTION.toNamed(value);
  return { ...(auction as object), ...(text as object), ...bidders };
}
