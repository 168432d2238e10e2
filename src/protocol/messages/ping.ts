/**
 * Asks for the server clock; answered by pong at once, also before hello.
 */
import { requestId, timeMs } from '../common.ts';
import { optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const PING = message('client', 8, 'ping', {
  id: requestId,
  /** Echoed, so that the client can tell the round trip. */
  clientTimeMs: optional(timeMs),
});
export type Ping = MessageOf<typeof PING>;
