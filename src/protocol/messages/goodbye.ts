/**
 * The last message before the server closes: the close code, and when to come back.
 */
import { retryAfterMs } from '../common.ts';
import { described, optional, str, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const GOODBYE = message('server', 77, 'goodbye', {
  code: uint(4999),
  reason: str(0, 123),
  reconnectAfterMs: described(optional(retryAfterMs), 'Null: do not reconnect.'),
});
export type Goodbye = MessageOf<typeof GOODBYE>;
