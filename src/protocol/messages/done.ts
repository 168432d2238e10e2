/**
 * The answer to a command that has nothing else to say.
 */
import { requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const DONE = message('server', 78, 'done', {
  id: requestId,
});
export type Done = MessageOf<typeof DONE>;
