/**
 * The first message of a connection: who speaks. Nothing else is taken before it but ping.
 * The token is a JWT (see docs/protocol.md, signing in).
 */
import { requestId } from '../common.ts';
import { bool, optional, str } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const HELLO = message('client', 1, 'hello', {
  id: requestId,
  token: str(1, 2048),
  /** Name and version of the client, for the logs. */
  client: optional(str(0, 64)),
  /** Whether this connection wants the private feed. Default: true. */
  feed: optional(bool),
});
export type Hello = MessageOf<typeof HELLO>;
