/** Field kinds that several messages share: ids, amounts, times, words. */
import { MONEY, WIRE } from '../config/limits.ts';
import { described, record, str, uint, word } from './field.ts';
import type { Field } from './field.ts';

export const requestId = described(
  uint(0xffff_ffff, 'id'),
  'Chosen by the client, echoed by the answer; 1 and up, may start again at 1.',
);
const AUCTION_ID_PATTERN = /^[0-9A-Za-z]+$/;
export const AUCTION_ID_MEANS = `${WIRE.auctionIdChars} letters and digits`;
export const auctionId = str(
  WIRE.auctionIdChars,
  WIRE.auctionIdChars,
  AUCTION_ID_PATTERN,
  AUCTION_ID_MEANS,
);
export const userId = str(1, WIRE.userIdCharsMax);
const NONCE_PATTERN = /^[\x21-\x7e]+$/;
export const nonce = described(
  str(
    WIRE.nonceCharsMin,
    WIRE.nonceCharsMax,
    NONCE_PATTERN,
    `${WIRE.nonceCharsMin} to ${WIRE.nonceCharsMax} visible ASCII characters without spaces`,
  ),
  'Made by the client, new for every command of a user on an auction; at least 96 random bits.',
);
export const currency = described(
  str(3, 3, /^[A-Z]{3}$/, 'exactly 3 capital letters, such as EUR'),
  'ISO 4217.',
);
export const amount = described(uint(MONEY.centsMax, 'cents'), 'Minor units of the currency.');
export const timeMs = described(
  uint(Number.MAX_SAFE_INTEGER, 'ms'),
  'Milliseconds since 1970, clock of the server.',
);
export const epoch = described(
  uint(0xffff_ffff, 'epoch'),
  'With `seq` a position in the life of an auction.',
);
export const auctionSeq = described(
  uint(Number.MAX_SAFE_INTEGER, 'seq'),
  'Number of the auction’s last update.',
);
/** Number of a notice on its user's private feed. */
export const noticeSeq = uint(Number.MAX_SAFE_INTEGER, 'seq');
/** How far somebody has got on the private feed. */
export const noticePosition = record({ epoch, seq: noticeSeq });
/** The short number of an auction in updates; a snapshot says which is whose. */
export const handle = uint(Number.MAX_SAFE_INTEGER, 'handle');
/** A bidder as the others see it: 1 for the first bidder of this auction, 0 for nobody. */
export const alias: Field<number> = {
  ...uint(0xffff_ffff, 'alias'),
  json: {
    type: ['string', 'null'],
    pattern: '^b[1-9][0-9]*$',
    description: 'A bidder as the others see it, `b1` for the first of this auction; null: nobody.',
  },
};
export const refusalCode = described(
  uint(9999, 'code'),
  '0: accepted; else the number of the refusal.',
);
export const retryAfterMs = described(
  uint(0xffff_ffff, 'waitMs'),
  'How long to wait, milliseconds.',
);
/** In a frame a status is its place in this list. */
export const BID_STATUSES = [
  'none',
  'leading',
  'outbid',
  'reserve_not_met',
  'won',
  'lost',
] as const;
export const bidStatus = word(BID_STATUSES);
export const auctionStatus = word(['scheduled', 'active', 'sold', 'unsold', 'cancelled']);
export const auctionFormat = word(['proxy', 'direct']);
/** eBay's list, without its grades of used and refurbished. */
export const CONDITIONS = ['new', 'open_box', 'refurbished', 'used', 'for_parts'] as const;
export const condition = word(CONDITIONS);
export const country = described(
  str(2, 2, /^[A-Z]{2}$/, 'exactly 2 capital letters, such as DE'),
  'ISO 3166-1.',
);
export const endReason = word(['time', 'bought', 'early', 'cancelled']);

/** The characters of a pattern as a table by code, for the quick forms. */
function charactersOf(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) =>
    code < 0x80 && pattern.test(String.fromCharCode(code)) ? 1 : 0,
  );
}

export const NONCE_CHARS = charactersOf(NONCE_PATTERN);
