/** Ids of new auctions: random, or made of the seller and their key, so that a repeat finds the first. */
import { createHash } from 'node:crypto';
import { customAlphabet } from 'nanoid';
import { AUCTION_ID_LENGTH } from '../auction/ids.ts';
import { MalformedField } from '../protocol/field.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export const newAuctionId = customAlphabet(ALPHABET, AUCTION_ID_LENGTH);

/** @param use what else it is made of, where one key makes several. @throws MalformedField */
export function keyedAuctionId(userId: string, key: string, use?: string): string {
  if (!/^[\x21-\x7e]{8,64}$/.test(key)) {
    throw new MalformedField('must be 8 to 64 printable ASCII characters', 'idempotency-key');
  }
  // As JSON, no two users and keys read the same.
  const hash = createHash('sha256')
    .update(JSON.stringify(use === undefined ? [userId, key] : [userId, key, use]))
    .digest('hex');
  let rest = BigInt(`0x${hash}`);
  let id = '';
  for (; id.length < AUCTION_ID_LENGTH; rest /= 62n) id += ALPHABET.charAt(Number(rest % 62n));
  return id;
}
