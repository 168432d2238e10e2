/**
 * Private feed: somebody else leads now.
 */
import { amount, auctionId, auctionSeq, epoch, timeMs } from '../common.ts';
import type { MsgpackWriter } from '../../lib/msgpack-writer.ts';
import type { Values } from '../field.ts';
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
};

function write(writer: MsgpackWriter, outbid: Values<typeof shape>): void {
  writer.array(1 + FIELDS);
  writer.uint(NUMBER);
  writer.str(outbid.auctionId);
  writer.uint(outbid.epoch);
  writer.uint(outbid.seq);
  writer.uint(outbid.yourBidCents);
  writer.uint(outbid.currentPriceCents);
  writer.uint(outbid.minimumNextCents);
  writer.uint(outbid.endsAtMs);
}

export const OUTBID = message('server', NUMBER, 'outbid', shape, write);
export type Outbid = MessageOf<typeof OUTBID>;
