/**
 * Asks for the receipt of one's own bid command, any time after its answer. Answered by receipt.
 */
import { auctionId, requestId } from '../common.ts';
import { described, uint } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const GET_RECEIPT = message('client', 10, 'get_receipt', {
  id: requestId,
  auctionId,
  record: described(uint(), 'Number of the record, as the answer said.'),
});
export type GetReceipt = MessageOf<typeof GET_RECEIPT>;
