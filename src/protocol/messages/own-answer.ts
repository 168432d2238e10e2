/**
 * Private feed: what became of a command that the user gave, for those of the user's connections that
 * did not ask. Whoever asked has the answer itself.
 */
import {
  amount,
  auctionId,
  auctionSeq,
  BID_STATUSES,
  bidStatus,
  epoch,
  nonce,
  noticeSeq,
  refusalCode,
  retryAfterMs,
  timeMs,
} from '../common.ts';
import type { MsgpackWriter } from '../../lib/msgpack-writer.ts';
import type { Values } from '../field.ts';
import { described, list, optional, record, str, uint, word } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

const NUMBER = 84;
const STANDING_FIELDS = 7;

/** In a frame a command is its place in this list. */
const COMMANDS = [
  'place_bid',
  'buy_now',
  'retract',
  'create_auction',
  'change_auction',
  'cancel_auction',
  'add_to_description',
  'relist_auction',
] as const;
export type OwnCommand = (typeof COMMANDS)[number];

const standingFields = {
  epoch,
  seq: auctionSeq,
  currentPriceCents: amount,
  status: bidStatus,
  minimumNextCents: amount,
  suggestedCents: list(amount, 3),
  endsAtMs: timeMs,
};
/** Where auction and bidder stood after a command. */
export const bidStanding = record(standingFields);
export type BidStanding = Values<typeof standingFields>;

const shape = {
  auctionId,
  command: word(COMMANDS),
  nonce: described(optional(nonce), 'Of the command; listings have none.'),
  amountCents: described(optional(amount), 'What was bid, or the price of a purchase.'),
  code: refusalCode,
  record: described(uint(), 'Number of the record in the log; 0: it left none.'),
  serverTimeMs: described(timeMs, 'When the server read the command.'),
  standing: described(optional(bidStanding), 'Not there for listings and unknown auctions.'),
  retryAfterMs: optional(retryAfterMs),
  field: described(optional(str(0, 128)), 'The place in the command that was refused.'),
  reason: described(optional(str(0, 256)), 'What is wrong with it.'),
  noticeSeq: described(optional(noticeSeq), 'Its number on the private feed.'),
};

type Fields = Values<typeof shape>;

/** So many fields have to be written: those behind the last that has a value are left out. */
function present({
  standing,
  retryAfterMs: waitMs,
  field,
  reason,
  noticeSeq: seq,
}: Fields): number {
  if (seq !== null) return 12;
  if (reason !== null) return 11;
  if (field !== null) return 10;
  if (waitMs !== null) return 9;
  return standing === null ? 7 : 8;
}

function write(writer: MsgpackWriter, said: Fields): void {
  const count = present(said);
  writer.array(1 + count);
  writer.uint(NUMBER);
  writer.str(said.auctionId);
  writer.uint(COMMANDS.indexOf(said.command));
  if (said.nonce === null) writer.nil();
  else writer.str(said.nonce);
  uintOrNil(writer, said.amountCents);
  writer.uint(said.code);
  writer.uint(said.record);
  writer.uint(said.serverTimeMs);
  if (count > 7) writeStanding(writer, said.standing);
  if (count > 8) uintOrNil(writer, said.retryAfterMs);
  if (count > 9) strOrNil(writer, said.field);
  if (count > 10) strOrNil(writer, said.reason);
  if (count > 11) uintOrNil(writer, said.noticeSeq);
}

function writeStanding(writer: MsgpackWriter, standing: Fields['standing']): void {
  if (standing === null) return writer.nil();
  const { suggestedCents } = standing;
  writer.array(STANDING_FIELDS);
  writer.uint(standing.epoch);
  writer.uint(standing.seq);
  writer.uint(standing.currentPriceCents);
  writer.uint(BID_STATUSES.indexOf(standing.status));
  writer.uint(standing.minimumNextCents);
  writer.array(suggestedCents.length);
  for (let i = 0; i < suggestedCents.length; i++) writer.uint(suggestedCents[i] as number);
  writer.uint(standing.endsAtMs);
}

function uintOrNil(writer: MsgpackWriter, value: number | null): void {
  if (value === null) writer.nil();
  else writer.uint(value);
}

function strOrNil(writer: MsgpackWriter, value: string | null): void {
  if (value === null) writer.nil();
  else writer.str(value);
}

export const OWN_ANSWER = message('server', NUMBER, 'own_answer', shape, write);
export type OwnAnswer = MessageOf<typeof OWN_ANSWER>;
