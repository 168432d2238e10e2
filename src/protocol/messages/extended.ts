/**
 * A late bid moved the end.
 */
import { auctionSeq, handle, timeMs } from '../common.ts';
import { uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const EXTENDED = message('server', 70, 'extended', {
  handle,
  seq: auctionSeq,
  endsAtMs: timeMs,
  /** 1 for the first extension. */
  extension: uint(),
});
export type Extended = MessageOf<typeof EXTENDED>;
