/** Field kinds that several messages share: ids, amounts, times, words. */
import { MONEY, WIRE } from '../config/limits.ts';
import { str, uint, word } from './field.ts';

/** Chosen by the client, echoed by the answer; 1 and up, may start again at 1. */
export const requestId = uint(0xffff_ffff, 'id');
const AUCTION_ID_PATTERN = /^[0-9A-Za-z]+$/;
export const AUCTION_ID_MEANS = `${WIRE.auctionIdChars} letters and digits`;
export const auctionId = str(
  WIRE.auctionIdChars,
  WIRE.auctionIdChars,
  AUCTION_ID_PATTERN,
  AUCTION_ID_MEANS,
);
export const userId = str(1, WIRE.userIdCharsMax);
/** Made by the client, unique for its user and auction; 96 random bits or more are advised. */
const NONCE_PATTERN = /^[\x21-\x7e]+$/;
export const nonce = str(
  WIRE.nonceCharsMin,
  WIRE.nonceCharsMax,
  NONCE_PATTERN,
  `${WIRE.nonceCharsMin} to ${WIRE.nonceCharsMax} visible ASCII characters without spaces`,
);
export const currency = str(3, 3, /^[A-Z]{3}$/, 'exactly 3 capital letters, such as EUR');
/** Minor units of the currency. */
export const amount = uint(MONEY.centsMax, 'cents');
/** Milliseconds since 1970, server clock. */
export const timeMs = uint(Number.MAX_SAFE_INTEGER, 'ms');
export const epoch = uint(0xffff_ffff, 'epoch');
/** The auction's update number. */
export const auctionSeq = uint(Number.MAX_SAFE_INTEGER, 'seq');
/** The short number of an auction in updates; a snapshot says which is whose. */
export const handle = uint(Number.MAX_SAFE_INTEGER, 'handle');
/** A bidder as the others see it: 1 for the first bidder of this auction, 0 for nobody. */
export const alias = uint(0xffff_ffff, 'alias');
export const refusalCode = uint(9999, 'code');
export const retryAfterMs = uint(0xffff_ffff, 'waitMs');
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
export const endReason = word(['time', 'bought', 'early', 'cancelled']);

/** The characters of a pattern as a table by code, for the quick forms. */
function charactersOf(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) =>
    code < 0x80 && pattern.test(String.fromCharCode(code)) ? 1 : 0,
  );
}

export const NONCE_CHARS = charactersOf(NONCE_PATTERN);
