/**
 * The messages of the private feed, and how they get their number: the shards make most of them, and
 * only the gateway knows what else a user was told.
 */
import { assert } from '../lib/assert.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { FEEDBACK_RECEIVED } from './messages/feedback-received.ts';
import { LEADING_AGAIN } from './messages/leading-again.ts';
import { OUTBID } from './messages/outbid.ts';
import { OWN_ANSWER } from './messages/own-answer.ts';
import { RESULT } from './messages/result.ts';
import { SEARCH_FOUND } from './messages/search-found.ts';

/** Places before `noticeSeq`, the last field of each: the message's number and its other fields. */
const PLACES_BEFORE: ReadonlyMap<number, number> = new Map([
  [OUTBID.number, 8],
  [LEADING_AGAIN.number, 8],
  [RESULT.number, 7],
  [OWN_ANSWER.number, 12],
  [SEARCH_FOUND.number, 5],
  [FEEDBACK_RECEIVED.number, 3],
]);
const SHORT_ARRAY = 0x90;
const NIL = 0xc0;
/** MessagePack's head of one byte for numbers up to 255. */
const UINT_8 = 0xcc;

const number = new MsgpackWriter(16);

/** A copy of a notice as a shard made it, with its number at the end. */
export function withNoticeSeq(notice: Uint8Array, seq: number): Uint8Array {
  // No number of these messages takes more than one byte behind its head.
  const kind = notice[1] === UINT_8 ? (notice[2] as number) : (notice[1] as number);
  const before = PLACES_BEFORE.get(kind);
  assert(before !== undefined, 'what a user is told is a notice');
  const present = (notice[0] as number) - SHORT_ARRAY;
  const absent = before - present;
  assert(absent >= 0, 'a shard gives a notice no number');
  number.clear();
  number.uint(seq);
  const last = number.view();
  const numbered = new Uint8Array(notice.length + absent + last.length);
  numbered.set(notice);
  numbered.fill(NIL, notice.length, notice.length + absent);
  numbered.set(last, notice.length + absent);
  numbered[0] = SHORT_ARRAY + before + 1;
  return numbered;
}
