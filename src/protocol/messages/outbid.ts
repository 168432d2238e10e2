/**
 * Private feed: somebody else leads now.
 */
import { amount, auctionId, auctionSeq, epoch, noticeSeq, timeMs } from '../common.ts';
import type { MsgpackWriter } from '../../lib/msgpack-writer.ts';
import type { Values } from '../field.ts';
import { described, optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

const NUMBER = 69;
const FIELDS = 7;

const shape = {
  auctionId,
  epoch,
  seq: auctionSeq,
  yourBidCents: amount,
  currentPriceCents: amount,
  minimumNextCents: amount,
  endsAtMs: timeMs,
  noticeSeq: described(optional(noticeSeq), 'Its number on the private feed.'),
};

function write(writer: MsgpackWriter, outbid: Values<typeof shape>): void {
  writer.array(1 + FIELDS + (outbid.noticeSeq === null ? 0 : 1));
  writer.uint(NUMBER);
  writer.str(outbid.auctionId);
  writer.uint(outbid.epoch);
  writer.uint(outbid.seq);
  writer.uint(outbid.yourBidCents);
  writer.uint(outbid.currentPriceCents);
  writer.uint(outbid.minimumNextCents);
  writer.uint(outbid.endsAtMs);
  if (outbid.noticeSeq !== null) writer.uint(outbid.noticeSeq);
}

export const OUTBID = message('server', NUMBER, 'outbid', shape, write);
export type Outbid = MessageOf<typeof OUTBID>;
