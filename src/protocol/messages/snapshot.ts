/**
 * The first message of a subscription: the auction as it stands, and its position. `recovered`
 * is false where a position was given but not all that was missed could be found.
 */
import { auctionView } from '../views.ts';
import { handle, requestId } from '../common.ts';
import { bool, optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const SNAPSHOT = message('server', 67, 'snapshot', {
  id: requestId,
  handle,
  recovered: optional(bool),
  auction: auctionView,
});
export type Snapshot = MessageOf<typeof SNAPSHOT>;
