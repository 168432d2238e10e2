/**
 * The connection is signed in.
 */
import { requestId, timeMs, userId } from '../common.ts';
import { uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const WELCOME = message('server', 64, 'welcome', {
  id: requestId,
  userId,
  /** Number of the protocol's version. */
  protocol: uint(255),
  serverTimeMs: timeMs,
  /** When the token ends; the connection is closed then. */
  expiresAtMs: timeMs,
  /** Milliseconds between ticks of the server. */
  tickMs: uint(600_000),
});
export type Welcome = MessageOf<typeof WELCOME>;
