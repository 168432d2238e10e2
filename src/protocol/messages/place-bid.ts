/**
 * A bid: the maximum of the bidder (proxy), or the price (direct).
 * The same nonce with the same content gets the same answer, however often it is sent.
 */
import { MONEY, WIRE } from '../../config/limits.ts';
import type { MsgpackReader } from '../../lib/msgpack-reader.ts';
import {
  amount,
  AUCTION_ID_CHARS,
  auctionId,
  currency,
  nonce,
  NONCE_CHARS,
  requestId,
} from '../common.ts';
import type { Values } from '../field.ts';
import { bool, optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

const shape = {
  id: requestId,
  auctionId,
  nonce,
  amountCents: amount,
  /** Refused when the auction is in another one. */
  currency: optional(currency),
  /** Set after CONFIRMATION_NEEDED (with a new nonce). */
  confirm: optional(bool),
  /** Answers what would happen; nothing happens and nothing is recorded. */
  dryRun: optional(bool),
};

/** The four fields that a plain bid consists of. */
const PLAIN_FIELDS = 4;

function readPlain(reader: MsgpackReader, present: number): Values<typeof shape> | undefined {
  if (present !== PLAIN_FIELDS) return undefined;
  const id = reader.tryUint(0xffff_ffff);
  const auction = reader.tryAscii(WIRE.auctionIdChars, WIRE.auctionIdChars, AUCTION_ID_CHARS);
  const ownNonce = reader.tryAscii(WIRE.nonceCharsMin, WIRE.nonceCharsMax, NONCE_CHARS);
  const amountCents = reader.tryUint(MONEY.centsMax);
  if (id < 0 || auction === '' || ownNonce === '' || amountCents < 0) return undefined;
  return {
    id,
    auctionId: auction,
    nonce: ownNonce,
    amountCents,
    currency: null,
    confirm: null,
    dryRun: null,
  };
}

export const PLACE_BID = message('client', 2, 'place_bid', shape, readPlain);
export type PlaceBid = MessageOf<typeof PLACE_BID>;
