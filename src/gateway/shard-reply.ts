/** What a REST route makes of a shard's reply: the message that it awaits, or a refusal. */
import type { Message } from '../protocol/message.ts';
import type { Refused } from '../protocol/messages/refused.ts';
import { REFUSED } from '../protocol/messages/refused.ts';
import { refusalName } from '../protocol/refusals.ts';
import type { Exchange } from './exchange.ts';
import type { ShardReply } from './shard-call.ts';

/** The refusal in a reply, as the shard's message or our own name. */
export function refusalOf(reply: ShardReply): Refused | string | undefined {
  if (typeof reply === 'string') return reply;
  return reply.message.number === REFUSED.number ? (reply.value as Refused) : undefined;
}

export function refuseWith(exchange: Exchange, reply: ShardReply): void {
  if (typeof reply === 'string') return exchange.refuse(reply);
  const { code, field, reason, retryAfterMs } = reply.value as Refused;
  exchange.refuse(refusalName(code) ?? 'INTERNAL', {
    field: field?.replace(/^(listing|changes)\./, '') ?? undefined,
    reason: reason ?? undefined,
    retryAfterMs: retryAfterMs ?? undefined,
  });
}

export function valueOf<T>(reply: ShardReply, message: Message<T>): T {
  if (typeof reply !== 'string' && reply.message.number === message.number) return reply.value as T;
  throw new Error(`a shard answered with something else than ${message.name}`);
}
