/**
 * The first message of a connection: who speaks. Nothing else is taken before it but ping.
 * The token is a JWT (see docs/protocol.md, signing in).
 */
import { noticePosition, requestId } from '../common.ts';
import { bool, described, optional, str } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const HELLO = message('client', 1, 'hello', {
  id: requestId,
  token: str(1, 2048),
  client: described(optional(str(0, 64)), 'Name and version of the client, for the logs.'),
  feed: described(optional(bool), 'Whether this connection wants the private feed. Default: true.'),
  after: described(
    optional(noticePosition),
    'Where this client stands on the private feed; what came later follows the welcome.',
  ),
});
export type Hello = MessageOf<typeof HELLO>;
