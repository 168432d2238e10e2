/**
 * Asks for the server clock; answered by pong at once, also before hello.
 */
import { requestId, timeMs } from '../common.ts';
import { described, optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const PING = message('client', 8, 'ping', {
  id: requestId,
  clientTimeMs: described(optional(timeMs), 'Echoed, so that the client can tell the round trip.'),
});
export type Ping = MessageOf<typeof PING>;
