/** The table from the bytes of an id to its auction, against a Map. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { AuctionId, AuctionRef } from '../../src/auction/ids.ts';
import { AuctionIndex } from '../../src/shard/auction-index.ts';

/** Often equal but for their last characters. */
const ids = fc.oneof(
  fc.stringMatching(/^[0-9A-Za-z]{22}$/),
  fc.nat(5_000).map((number) => String(number).padStart(22, '0')),
);

it('finds every auction by the bytes of its id, wherever they stand, and no other', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(ids, { maxLength: 1_500 }),
      fc.array(ids, { maxLength: 50 }),
      fc.nat(9),
      (listed, others, from) => {
        const index = new AuctionIndex();
        const refs = new Map<string, AuctionRef>();
        for (const id of listed) {
          const ref = (refs.size + 1) as AuctionRef;
          index.add(id as AuctionId, ref);
          refs.set(id, ref);
        }
        for (const id of [...listed, ...others]) {
          const frame = Buffer.from(`${'x'.repeat(from)}${id}yyy`);
          assert.equal(index.find(frame, from), refs.get(id) ?? 0);
          assert.equal(index.findId(id as AuctionId), refs.get(id) ?? 0);
        }
      },
    ),
    { numRuns: 50 },
  );
});

it('goes on over the end of a page of ids', () => {
  const index = new AuctionIndex();
  const idOf = (ref: number): AuctionId => String(ref).padStart(22, 'A') as AuctionId;
  for (let ref = 1; ref <= 10_000; ref++) index.add(idOf(ref), ref as AuctionRef);
  for (let ref = 1; ref <= 10_000; ref++) assert.equal(index.findId(idOf(ref)), ref);
  assert.equal(index.findId(idOf(10_001)), 0);
});

it('says no to a text that is no id', () => {
  const index = new AuctionIndex();
  for (const text of ['', 'short', 'x'.repeat(23), `${'x'.repeat(21)}\u20ac`]) {
    assert.equal(index.findId(text as AuctionId), 0);
  }
});
