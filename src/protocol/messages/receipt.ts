/**
 * The server's signed word on a bid command (docs/receipts.md). A shard writes the statement as
 * plain text; the gateway signs it before it leaves.
 */
import { WIRE } from '../../config/limits.ts';
import { requestId } from '../common.ts';
import { str } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const RECEIPT = message('server', 82, 'receipt', {
  id: requestId,
  receipt: str(1, WIRE.receiptCharsMax),
});
export type Receipt = MessageOf<typeof RECEIPT>;
