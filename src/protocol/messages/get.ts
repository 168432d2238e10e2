/**
 * Asks for an auction with its texts. Answered by auction.
 */
import { auctionId, requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const GET = message('client', 7, 'get', {
  id: requestId,
  auctionId,
});
export type Get = MessageOf<typeof GET>;
