/**
 * The one answer to place_bid, buy_now and retract. Code 0: accepted. A refused bid is told the
 * state of the auction as well, so that the next one can be right.
 */
import {
  amount,
  auctionSeq,
  bidStatus,
  epoch,
  refusalCode,
  requestId,
  retryAfterMs,
  timeMs,
} from '../common.ts';
import { list, optional, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const ANSWER = message('server', 65, 'answer', {
  id: requestId,
  code: refusalCode,
  epoch,
  /** The auction's update number after this command. */
  seq: auctionSeq,
  /** Number of the record in the log, for receipts and disputes; 0 for a dry run. */
  record: uint(),
  currentPriceCents: amount,
  status: bidStatus,
  minimumNextCents: amount,
  /** Three amounts to offer: the minimum and two steps more. */
  suggestedCents: list(amount, 3),
  endsAtMs: timeMs,
  /** When the server read the command. */
  serverTimeMs: timeMs,
  retryAfterMs: optional(retryAfterMs),
});
export type Answer = MessageOf<typeof ANSWER>;
