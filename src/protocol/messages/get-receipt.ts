/**
 * Asks for the receipt of one's own bid command, any time after its answer. Answered by receipt.
 */
import { auctionId, requestId } from '../common.ts';
import { uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const GET_RECEIPT = message('client', 10, 'get_receipt', {
  id: requestId,
  auctionId,
  /** Number of the record, as the answer said. */
  record: uint(),
});
export type GetReceipt = MessageOf<typeof GET_RECEIPT>;
