/**
 * All messages, by number and by name; and the hash over their shapes, which a test holds against
 * the protocol's version: a changed shape without a new version fails.
 */
import type { Message } from './message.ts';
import { HELLO } from './messages/hello.ts';
import { PLACE_BID } from './messages/place-bid.ts';
import { BUY_NOW } from './messages/buy-now.ts';
import { RETRACT } from './messages/retract.ts';
import { SUBSCRIBE } from './messages/subscribe.ts';
import { UNSUBSCRIBE } from './messages/unsubscribe.ts';
import { GET } from './messages/get.ts';
import { PING } from './messages/ping.ts';
import { GET_RECEIPT } from './messages/get-receipt.ts';
import { HEARD } from './messages/heard.ts';
import { CREATE_AUCTION } from './messages/create-auction.ts';
import { CHANGE_AUCTION } from './messages/change-auction.ts';
import { CANCEL_AUCTION } from './messages/cancel-auction.ts';
import { LIST_BIDS } from './messages/list-bids.ts';
import { SET_BID_LIMIT } from './messages/set-bid-limit.ts';
import { BLOCK_BIDDER } from './messages/block-bidder.ts';
import { LIST_AUCTIONS } from './messages/list-auctions.ts';
import { GET_AS_ADMIN } from './messages/get-as-admin.ts';
import { ADD_TO_DESCRIPTION } from './messages/add-to-description.ts';
import { RELIST_AUCTION } from './messages/relist-auction.ts';
import { WELCOME } from './messages/welcome.ts';
import { ANSWER } from './messages/answer.ts';
import { REFUSED } from './messages/refused.ts';
import { SEARCH_FOUND } from './messages/search-found.ts';
import { SNAPSHOT } from './messages/snapshot.ts';
import { BID_UPDATE } from './messages/bid-update.ts';
import { OUTBID } from './messages/outbid.ts';
import { EXTENDED } from './messages/extended.ts';
import { ENDED } from './messages/ended.ts';
import { AUCTION_CHANGED } from './messages/auction-changed.ts';
import { RESUMED } from './messages/resumed.ts';
import { PONG } from './messages/pong.ts';
import { TICK } from './messages/tick.ts';
import { RESULT } from './messages/result.ts';
import { GOODBYE } from './messages/goodbye.ts';
import { DONE } from './messages/done.ts';
import { AUCTION } from './messages/auction.ts';
import { BIDS } from './messages/bids.ts';
import { AUCTIONS } from './messages/auctions.ts';
import { RECEIPT } from './messages/receipt.ts';
import { FEEDBACK_RECEIVED } from './messages/feedback-received.ts';
import { LEADING_AGAIN } from './messages/leading-again.ts';
import { OWN_ANSWER } from './messages/own-answer.ts';
import { MODE } from './messages/mode.ts';

/** Raised with every change that an old client would notice. */
export const PROTOCOL_VERSION = 1;

export const MESSAGES = [
  HELLO,
  PLACE_BID,
  BUY_NOW,
  RETRACT,
  SUBSCRIBE,
  UNSUBSCRIBE,
  GET,
  PING,
  HEARD,
  GET_RECEIPT,
  CREATE_AUCTION,
  CHANGE_AUCTION,
  CANCEL_AUCTION,
  LIST_BIDS,
  SET_BID_LIMIT,
  BLOCK_BIDDER,
  LIST_AUCTIONS,
  GET_AS_ADMIN,
  ADD_TO_DESCRIPTION,
  RELIST_AUCTION,
  WELCOME,
  ANSWER,
  REFUSED,
  SNAPSHOT,
  BID_UPDATE,
  OUTBID,
  EXTENDED,
  ENDED,
  AUCTION_CHANGED,
  RESUMED,
  PONG,
  TICK,
  RESULT,
  GOODBYE,
  DONE,
  AUCTION,
  BIDS,
  AUCTIONS,
  RECEIPT,
  LEADING_AGAIN,
  OWN_ANSWER,
  SEARCH_FOUND,
  FEEDBACK_RECEIVED,
  MODE,
] as const;

const all = MESSAGES as unknown as readonly Message<unknown>[];
const byNumber: (Message<unknown> | undefined)[] = [];
for (const one of all) byNumber[one.number] = one;
const byName: ReadonlyMap<string, Message<unknown>> = new Map(all.map((one) => [one.name, one]));

export function messageByNumber(number: number): Message<unknown> | undefined {
  return byNumber[number];
}

export function messageByName(name: string): Message<unknown> | undefined {
  return byName.get(name);
}

/** One line a message, in the order of their numbers: what the schema hash is made of. */
export function schemaText(): string {
  return all.map((one) => one.schema).join('\n');
}
