/**
 * A get of somebody who signed in as an admin: the answer also says who the bidders are. Made by
 * the gateway, because a shard does not know of roles, and nobody may give one to himself.
 */
import { auctionId, requestId } from '../common.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

export const GET_AS_ADMIN = message('rest', 27, 'get_as_admin', {
  id: requestId,
  auctionId,
});
export type GetAsAdmin = MessageOf<typeof GET_AS_ADMIN>;
