/**
 * The one answer to a command that was refused before or without an auction's state.
 */
import { refusalCode, requestId, retryAfterMs } from '../common.ts';
import { described, optional, str } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const REFUSED = message('server', 66, 'refused', {
  id: described(requestId, '0 where the message could not be read far enough.'),
  code: refusalCode,
  retryAfterMs: optional(retryAfterMs),
  field: described(optional(str(0, 128)), 'The place in the message, for instance `amountCents`.'),
  reason: described(optional(str(0, 256)), 'What is wrong with it.'),
});
export type Refused = MessageOf<typeof REFUSED>;
