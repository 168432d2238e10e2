/**
 * A bid: the maximum of the bidder (proxy), or the price (direct).
 * The same nonce with the same content gets the same answer, however often it is sent.
 */
import { MONEY, WIRE } from '../../config/limits.ts';
import type { MsgpackReader } from '../../lib/msgpack-reader.ts';
import { amount, auctionId, currency, nonce, NONCE_CHARS, requestId } from '../common.ts';
import { bool, described, optional } from '../field.ts';
import type { MessageOf } from '../message.ts';
import { message } from '../message.ts';

const shape = {
  id: requestId,
  auctionId,
  nonce,
  amountCents: amount,
  currency: described(optional(currency), 'Refused when the auction is in another one.'),
  confirm: described(optional(bool), 'Set after CONFIRMATION_NEEDED (with a new nonce).'),
  dryRun: described(
    optional(bool),
    'Answers whether it would be accepted, with the auction as it is; nothing is recorded.',
  ),
};

export const PLACE_BID = message('client', 2, 'place_bid', shape);
export type PlaceBid = MessageOf<typeof PLACE_BID>;

/** The fields that a plain bid consists of: the first four. */
const PLAIN_FIELDS = 4;

/**
 * A bid as nearly all of them are: no currency, not confirmed, not a dry run. Read in place, into
 * the same object again and again, and the auction's id is not even a text. A test holds it equal
 * to PLACE_BID.
 */
export class PlainBid {
  id = 0;
  /** Where the auction's id stands in the frame. Its characters have not been checked. */
  auctionIdAt = 0;
  nonce = '';
  amountCents = 0;

  /**
   * Whether the fields that come next are such a bid; if not, PLACE_BID has to read them, or to
   * say what is wrong with them. The position is then anywhere.
   */
  read(reader: MsgpackReader, present: number): boolean {
    if (present !== PLAIN_FIELDS) return false;
    this.id = reader.tryUint(0xffff_ffff);
    this.auctionIdAt = reader.tryStr(WIRE.auctionIdChars);
    this.nonce = reader.tryAscii(WIRE.nonceCharsMin, WIRE.nonceCharsMax, NONCE_CHARS);
    this.amountCents = reader.tryUint(MONEY.centsMax);
    return this.id >= 0 && this.auctionIdAt >= 0 && this.nonce !== '' && this.amountCents >= 0;
  }
}
