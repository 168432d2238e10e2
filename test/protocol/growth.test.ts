/**
 * How the protocol may grow: a changed shape needs a new version, and an update stays as small as
 * it was promised to be.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import { PROTOCOL_VERSION, schemaText } from '../../src/protocol/messages.ts';

/** The shapes of all messages in this version. */
const PINNED = {
  version: 1,
  schemaHash: '44cf66e7c5bce30724e8f3cba777bf9f67bcaa3376aecde083fde8a31b0233c3',
};

test('the shapes of all messages are those of the version that says so', () => {
  const schemaHash = createHash('sha256').update(schemaText()).digest('hex');
  assert.deepEqual(
    { version: PROTOCOL_VERSION, schemaHash },
    PINNED,
    'The shape of a message has changed. If a client of the pinned version would notice, raise ' +
      'PROTOCOL_VERSION in src/protocol/messages.ts; then write the new version and the hash ' +
      `${schemaHash} into this test, and the change into docs/protocol.md.`,
  );
});

/** With the header of a WebSocket frame from a server. */
function onTheWire(payloadBytes: number): number {
  return payloadBytes + (payloadBytes < 126 ? 2 : 4);
}

test('a bid_update takes at least 60 % fewer bytes than the same update as plain JSON', (context) => {
  let ours = 0;
  let plain = 0;
  // From the first auction and cent to busy ones: the average of what a watcher sees.
  for (let i = 0; i < 1000; i++) {
    const update = {
      handle: i * 40,
      seq: 1 + i,
      currentPriceCents: 100 + i * 250,
      minimumNextCents: 200 + i * 250,
      bidCount: 1 + i,
      leadingBidder: 1 + (i % 300),
      reserveMet: i % 4 > 0,
      fromSeq: i % 10 === 0 ? Math.max(1, i - 3) : null,
    };
    const writer = new MsgpackWriter();
    BID_UPDATE.write(writer, update);
    ours += onTheWire(writer.length);
    // The shape that is usual: names, the auction's id, and two times in each.
    const usual = {
      type: 'bid_update',
      auctionId: '7hK2mQ9xT4bW8cR5vN1zLp',
      currentPrice: update.currentPriceCents / 100,
      bidCount: update.bidCount,
      leadingBidder: `u${update.leadingBidder}`,
      timeRemaining: 25_000 + i,
      timestamp: 1_800_000_000_000 + i,
    };
    plain += onTheWire(JSON.stringify(usual).length);
  }
  const saved = 100 - (ours * 100) / plain;
  const each = (total: number): string => (total / 1000).toFixed(1);
  context.diagnostic(
    `bid_update: ${each(ours)} bytes, as JSON ${each(plain)}: ${saved.toFixed(1)} % fewer`,
  );
  assert.ok(saved >= 60, `${saved.toFixed(1)} % fewer`);
});
