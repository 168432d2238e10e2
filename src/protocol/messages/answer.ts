/**
 * The one answer to place_bid, buy_now and retract. Code 0: accepted. A refused bid is told the
 * state of the auction as well, so that the next one can be right.
 */
import {
  amount,
  auctionSeq,
  BID_STATUSES,
  bidStatus,
  epoch,
  refusalCode,
  requestId,
  retryAfterMs,
  timeMs,
} from '../common.ts';
import type { MsgpackWriter } from '../../lib/msgpack-writer.ts';
import type { Values } from '../field.ts';
import { list, described, optional, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

const NUMBER = 65;
const FIELDS = 12;

const shape = {
  id: requestId,
  code: refusalCode,
  epoch,
  seq: described(auctionSeq, 'The auction’s update number after this command.'),
  record: described(
    uint(),
    'Number of the record in the log, for receipts and disputes; 0 for a dry run.',
  ),
  currentPriceCents: amount,
  status: bidStatus,
  minimumNextCents: amount,
  suggestedCents: described(
    list(amount, 3),
    'Three amounts to offer: the minimum and two steps more.',
  ),
  endsAtMs: timeMs,
  serverTimeMs: described(timeMs, 'When the server read the command.'),
  retryAfterMs: optional(retryAfterMs),
};

function write(writer: MsgpackWriter, answer: Values<typeof shape>): void {
  const { suggestedCents, retryAfterMs: waitMs } = answer;
  writer.array(1 + (waitMs === null ? FIELDS - 1 : FIELDS));
  writer.uint(NUMBER);
  writer.uint(answer.id);
  writer.uint(answer.code);
  writer.uint(answer.epoch);
  writer.uint(answer.seq);
  writer.uint(answer.record);
  writer.uint(answer.currentPriceCents);
  writer.uint(BID_STATUSES.indexOf(answer.status));
  writer.uint(answer.minimumNextCents);
  writer.array(suggestedCents.length);
  for (let i = 0; i < suggestedCents.length; i++) writer.uint(suggestedCents[i] as number);
  writer.uint(answer.endsAtMs);
  writer.uint(answer.serverTimeMs);
  if (waitMs !== null) writer.uint(waitMs);
}

export const ANSWER = message('server', NUMBER, 'answer', shape, write);
export type Answer = MessageOf<typeof ANSWER>;
