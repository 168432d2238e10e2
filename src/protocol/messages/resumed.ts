/**
 * A subscription goes on without a gap: the `missed` updates after the given position follow.
 */
import { auctionId, auctionSeq, epoch, handle, requestId } from '../common.ts';
import { uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const RESUMED = message('server', 73, 'resumed', {
  id: requestId,
  auctionId,
  handle,
  epoch,
  seq: auctionSeq,
  missed: uint(),
});
export type Resumed = MessageOf<typeof RESUMED>;
