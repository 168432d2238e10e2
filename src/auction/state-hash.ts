/**
 * One number for everything that the rules know: two states are equal exactly if their hashes are.
 * It is how a replay, a recovered shard and a twin show that they have come to the same result.
 */
import { createHash } from 'node:crypto';
import { assert } from '../lib/assert.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import type { Auction } from './auction.ts';
import { writeAuction } from './state-codec.ts';

const ATTEMPTS_AT_ONCE = 4096;

/** SHA-256, in hex, over the auctions in the order of their refs, attempts included. */
export function stateHash(auctions: Iterable<Auction>): string {
  const hash = createHash('sha256');
  const writer = new MsgpackWriter();
  let refBefore = 0;
  for (const auction of auctions) {
    const { ref, attempts } = auction;
    assert(ref > refBefore, 'auctions come in the order of their refs');
    refBefore = ref;
    writer.clear();
    writeAuction(writer, auction);
    writer.uint(attempts.count);
    hash.update(writer.view());
    for (let from = 0; from < attempts.count; from += ATTEMPTS_AT_ONCE) {
      const to = Math.min(attempts.count, from + ATTEMPTS_AT_ONCE);
      // Doubles as the machine holds them: little-endian wherever Node runs.
      hash.update(new Uint8Array(attempts.slice(from, to).buffer));
    }
  }
  return hash.digest('hex');
}
