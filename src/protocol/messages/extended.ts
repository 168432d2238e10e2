/**
 * A late bid moved the end.
 */
import { auctionSeq, handle, timeMs } from '../common.ts';
import { described, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const EXTENDED = message('server', 70, 'extended', {
  handle,
  seq: auctionSeq,
  endsAtMs: timeMs,
  extension: described(uint(), '1 for the first extension.'),
});
export type Extended = MessageOf<typeof EXTENDED>;
