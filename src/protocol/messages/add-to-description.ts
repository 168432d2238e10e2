/**
 * Adds to the description of a listing, under what stands there; the same words again are the same
 * addition.
 */
import { additionText } from '../listing.ts';
import { auctionId, requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const ADD_TO_DESCRIPTION = message('rest', 28, 'add_to_description', {
  id: requestId,
  auctionId,
  text: additionText,
});
export type AddToDescription = MessageOf<typeof ADD_TO_DESCRIPTION>;
