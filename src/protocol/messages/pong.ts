/**
 * The server clock.
 */
import { requestId, timeMs } from '../common.ts';
import { optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const PONG = message('server', 74, 'pong', {
  id: requestId,
  clientTimeMs: optional(timeMs),
  serverTimeMs: timeMs,
});
export type Pong = MessageOf<typeof PONG>;
