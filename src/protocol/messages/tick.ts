/**
 * Sent on every connection at the interval that welcome names: the clock, and a sign of life.
 */
import { timeMs } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const TICK = message('server', 75, 'tick', {
  serverTimeMs: timeMs,
});
export type Tick = MessageOf<typeof TICK>;
