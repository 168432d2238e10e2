/**
 * The answer to the server's tick; any other message does as well.
 */
import { timeMs } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const HEARD = message('client', 9, 'heard', {
  serverTimeMs: timeMs,
});
export type Heard = MessageOf<typeof HEARD>;
