/**
 * The number under which an attempt log finds a bidder's nonce. Bidders choose their nonces, and
 * every attempt that shares a key costs each look-up of that key a read of the log. So equal keys
 * must be hard to make on purpose, and not at all before the auction is listed: the hash is that of
 * HalfSipHash (1 round a word, 3 at the end), keyed with the auction's ref and listing time.
 */
import type { Auction } from './auction.ts';
import type { UserRef } from './ids.ts';

/** The state of the hash; filled and used up within one call. */
const v = new Int32Array(4);

/**
 * The newest key. A bid needs its key twice: to look whether the nonce is new, and to record it.
 * Nothing but speed depends on it.
 */
let newest = { ref: 0, listedAtUs: 0, bidder: 0, nonce: '', key: 0 };

/**
 * 53 bits. Equal keys are only a hint that the nonces are equal: the record decides, so a collision
 * costs one look and nothing else.
 */
export function attemptKey(
  { ref, listedAtUs }: Pick<Auction, 'ref' | 'listedAtUs'>,
  bidder: UserRef,
  nonce: string,
): number {
  const isNewest =
    newest.bidder === bidder &&
    newest.nonce === nonce &&
    newest.ref === ref &&
    newest.listedAtUs === listedAtUs;
  if (isNewest) return newest.key;
  const key = hash(ref, listedAtUs, bidder, nonce);
  newest = { ref, listedAtUs, bidder, nonce, key };
  return key;
}

function hash(ref: number, listedAtUs: number, bidder: number, nonce: string): number {
  v[0] = ref;
  v[1] = listedAtUs;
  v[2] = ref ^ 0x6c796765;
  v[3] = listedAtUs ^ 0x74656462;
  absorb(bidder);
  absorb(nonce.length);
  // Nonces are ASCII, four units to a word; others would only collide more often.
  const whole = nonce.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const low = nonce.charCodeAt(at) ^ (nonce.charCodeAt(at + 1) << 8);
    absorb(low ^ (nonce.charCodeAt(at + 2) << 16) ^ (nonce.charCodeAt(at + 3) << 24));
  }
  let rest = 0;
  for (let at = whole; at < nonce.length; at++) rest = (rest << 8) ^ nonce.charCodeAt(at);
  absorb(rest);
  v[2] = (v[2] as number) ^ 0xff;
  mix();
  mix();
  mix();
  const high = (v[0] as number) ^ (v[2] as number);
  const low = (v[1] as number) ^ (v[3] as number);
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}

function absorb(word: number): void {
  v[3] = (v[3] as number) ^ word;
  mix();
  v[0] = (v[0] as number) ^ word;
}

/** One round: additions, rotations, exclusive ors. */
function mix(): void {
  let v0 = v[0] as number;
  let v1 = v[1] as number;
  let v2 = v[2] as number;
  let v3 = v[3] as number;
  v0 = (v0 + v1) | 0;
  v1 = rotated(v1, 5) ^ v0;
  v0 = rotated(v0, 16);
  v2 = (v2 + v3) | 0;
  v3 = rotated(v3, 8) ^ v2;
  v0 = (v0 + v3) | 0;
  v3 = rotated(v3, 7) ^ v0;
  v2 = (v2 + v1) | 0;
  v1 = rotated(v1, 13) ^ v2;
  v2 = rotated(v2, 16);
  v[0] = v0;
  v[1] = v1;
  v[2] = v2;
  v[3] = v3;
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
