/** The hand-written reader of plain bids reads what the table reads, and nothing else. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { MsgpackReader } from '../../src/lib/msgpack-reader.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { message } from '../../src/protocol/message.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { amount, auctionId, currency, nonce, requestId } from '../../src/protocol/common.ts';
import { bool, MalformedField, optional } from '../../src/protocol/field.ts';

/** The same message by the table alone. */
const TABLE = message('client', 2, 'place_bid', {
  id: requestId,
  auctionId,
  nonce,
  amountCents: amount,
  currency: optional(currency),
  confirm: optional(bool),
  dryRun: optional(bool),
});

function read(by: typeof TABLE, frame: Uint8Array): unknown {
  const reader = new MsgpackReader().open(frame);
  const present = reader.array() - 1;
  reader.uint();
  try {
    return by.readFields(reader, present);
  } catch (error) {
    if (error instanceof MalformedField) return `${error.path}: ${error.message}`;
    throw error;
  }
}

const bids = fc.record({
  id: fc.integer({ min: 0, max: 0xffff_ffff }),
  auctionId: fc.stringMatching(/^[0-9A-Za-z]{22}$/),
  nonce: fc.stringMatching(/^[\x21-\x7e]{8,64}$/),
  amountCents: fc.integer({ min: 0, max: 10_000_000_000_000 }),
  currency: fc.constantFrom(null, null, 'USD'),
  confirm: fc.constantFrom(null, null, true),
  dryRun: fc.constantFrom(null, null, false),
});

it('reads bids as the table does, whole or with any byte changed or cut', () => {
  const change = fc.record({ at: fc.nat(200), to: fc.nat(255), cut: fc.nat(20) });
  fc.assert(
    fc.property(bids, fc.option(change), (bid, changed) => {
      const writer = new MsgpackWriter();
      TABLE.write(writer, bid);
      let frame = writer.copy();
      if (changed !== null) {
        // The array's header and the message's number stay: they are read before.
        const at = 2 + (changed.at % (frame.length - 2));
        frame[at] = changed.to;
        if (changed.cut < 5) frame = frame.subarray(0, frame.length - changed.cut);
      }
      assert.deepEqual(read(PLACE_BID, frame), read(TABLE, frame));
    }),
    { numRuns: 20_000 },
  );
});
