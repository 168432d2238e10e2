/**
 * The one answer to a command that was refused before or without an auction's state.
 */
import { refusalCode, requestId, retryAfterMs } from '../common.ts';
import { optional, str } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const REFUSED = message('server', 66, 'refused', {
  /** 0 where the message could not be read far enough. */
  id: requestId,
  code: refusalCode,
  retryAfterMs: optional(retryAfterMs),
  /** The place in the message, for instance `amountCents`. */
  field: optional(str(0, 128)),
  /** What is wrong with it. */
  reason: optional(str(0, 256)),
});
export type Refused = MessageOf<typeof REFUSED>;
