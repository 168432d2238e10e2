/**
 * The connection is signed in.
 */
import { requestId, timeMs, userId } from '../common.ts';
import { described, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const WELCOME = message('server', 64, 'welcome', {
  id: requestId,
  userId,
  protocol: described(uint(255), 'Number of the protocol’s version.'),
  serverTimeMs: timeMs,
  expiresAtMs: described(timeMs, 'When the token ends; the connection is closed then.'),
  tickMs: described(uint(600_000), 'Milliseconds between ticks of the server.'),
});
export type Welcome = MessageOf<typeof WELCOME>;
