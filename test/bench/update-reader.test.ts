/** The bench's reader of updates says what the product's own says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UpdateReader } from '../../bench/watch/update-reader.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';

test('position, range and price are read wherever the update stands, whatever its numbers', () => {
  const number = fc.oneof(fc.nat({ max: 300 }), fc.nat(), fc.maxSafeNat());
  const cents = fc.nat({ max: 10_000_000_000_000 });
  const update = fc.record({
    handle: number,
    seq: number,
    currentPriceCents: cents,
    minimumNextCents: cents,
    bidCount: number,
    leadingBidder: fc.nat(),
    reserveMet: fc.boolean(),
    fromSeq: fc.option(number),
  });
  const reader = new UpdateReader();
  fc.assert(
    fc.property(update, fc.nat({ max: 9 }), (value, before) => {
      const writer = new MsgpackWriter();
      writer.raw(new Uint8Array(before));
      BID_UPDATE.write(writer, value);
      const { seq, fromSeq, currentPriceCents } = reader.read(writer.view(), before);
      assert.deepEqual(
        [seq, fromSeq, currentPriceCents],
        [value.seq, value.fromSeq ?? value.seq, value.currentPriceCents],
      );
    }),
  );
});
