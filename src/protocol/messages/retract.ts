/**
 * Takes back own bids: all of them with more than 12 hours left, else the newest within an hour
 * of placing it (RULES.md section 2).
 */
import { auctionId, nonce, requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const RETRACT = message('client', 4, 'retract', {
  id: requestId,
  auctionId,
  nonce,
});
export type Retract = MessageOf<typeof RETRACT>;
