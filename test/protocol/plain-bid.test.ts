/** Plain bids are read in place as the table reads them; anything else is left to the table. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { MsgpackReader } from '../../src/lib/msgpack-reader.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { MalformedField } from '../../src/protocol/field.ts';
import { PLACE_BID, PlainBid } from '../../src/protocol/messages/place-bid.ts';

interface Plain {
  readonly id: number;
  readonly auctionId: string;
  readonly nonce: string;
  readonly amountCents: number;
}

/** What the table reads, if it is a plain bid; undefined where it refuses or reads anything else. */
function byTable(frame: Uint8Array): Plain | undefined {
  const reader = new MsgpackReader().open(frame);
  const present = reader.array() - 1;
  reader.uint();
  try {
    const { id, auctionId, nonce, amountCents } = PLACE_BID.readFields(reader, present);
    return present === 4 ? { id, auctionId, nonce, amountCents } : undefined;
  } catch (error) {
    if (error instanceof MalformedField) return undefined;
    throw error;
  }
}

/** What is read in place; an auction id that could not be one finds no auction. */
function inPlace(frame: Uint8Array): Plain | undefined {
  const reader = new MsgpackReader().open(frame);
  const present = reader.array() - 1;
  reader.uint();
  const bid = new PlainBid();
  if (!bid.read(reader, present)) return undefined;
  const { id, auctionIdAt, nonce, amountCents } = bid;
  const auctionId = Buffer.from(frame).toString('latin1', auctionIdAt, auctionIdAt + 22);
  return /^[0-9A-Za-z]{22}$/.test(auctionId) ? { id, auctionId, nonce, amountCents } : undefined;
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
      PLACE_BID.write(writer, bid);
      let frame = writer.copy();
      if (changed !== null) {
        // The array's header and the message's number stay: they are read before.
        const at = 2 + (changed.at % (frame.length - 2));
        frame[at] = changed.to;
        if (changed.cut < 5) frame = frame.subarray(0, frame.length - changed.cut);
      }
      const plain = inPlace(frame);
      // Numbers of more than 32 bits are rare enough to be left to the table.
      const isUsual = changed === null && bid.amountCents <= 0xffff_ffff;
      if (plain !== undefined || isUsual) assert.deepEqual(plain, byTable(frame));
    }),
    { numRuns: 20_000 },
  );
});
