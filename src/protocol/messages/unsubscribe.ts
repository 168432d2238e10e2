/**
 * Stops watching. Answered by done.
 */
import { auctionId, requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const UNSUBSCRIBE = message('client', 6, 'unsubscribe', {
  id: requestId,
  auctionId,
});
export type Unsubscribe = MessageOf<typeof UNSUBSCRIBE>;
