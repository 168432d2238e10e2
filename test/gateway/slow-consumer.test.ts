/** Clients that do not read: closed with a code that lets them resume, and memory stays bounded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deliveries } from '../../src/gateway/shard-port.ts';
import { CLOSE_CODES } from '../../src/protocol/close-codes.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { Client } from './client.ts';
import { deliver, encode } from './fake-shards.ts';
import { AUCTION_A, start } from './fixtures.ts';
import { answerOf, bidOf, subscriptionTo, updateFrame } from './messages.ts';
import { BINARY, CLOSE, RawWebSocket } from './raw-socket.ts';

/** More than any kernel buffers for one socket. */
const FLOOD_BYTES = 64 * 1024 * 1024;

/** Lets the event loop turn, so that sockets are written and timers run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One run of so many updates from `seq` on. */
function publish(deliveries: Deliveries, seq: number, count: number): void {
  deliver(deliveries, (to) => {
    for (let at = seq; at < seq + count; at++) to.update(6, at, at, false, updateFrame(6, at));
  });
}

test('a client that never reads its answers is closed with SLOW_CONSUMER', async (t) => {
  const limits = { slowConsumerBytes: 32 * 1024, backPressureBytesMax: 4 * 1024 * 1024 };
  const fixture = await start(t, { limits });
  const { deliveries, metrics } = fixture.gateway;
  const socket = new RawWebSocket(fixture.gateway.port);
  await socket.upgrade();
  const token = await fixture.token('ann');
  socket.sendFrame(BINARY, encode(HELLO, { id: 1, token, client: null, feed: null, after: null }));
  await socket.frame();
  socket.sendFrame(BINARY, encode(PLACE_BID, bidOf(2)));
  const { conn } = await fixture.shards.next();
  socket.socket.pause();
  const answer = encode(ANSWER, answerOf(2));
  let sent = 0;
  while (sent < FLOOD_BYTES && metrics.closes('SLOW_CONSUMER') === 0) {
    deliver(deliveries, (to) => {
      for (let i = 0; i < 200; i++) to.reply(conn, answer);
    });
    sent += answer.length * 200;
    await turn();
  }
  assert.equal(metrics.closes('SLOW_CONSUMER'), 1);
  // Whoever reads on later still learns why, after a whole stream up to there.
  socket.socket.resume();
  let last = '';
  let code = 0;
  for (;;) {
    const frame = await socket.frame();
    if (frame === undefined) break;
    if (frame.opcode === CLOSE) code = frame.payload.readUInt16BE(0);
    else last = decodeFrame(frame.payload).message.name;
  }
  assert.equal(last, 'goodbye');
  assert.equal(code, CLOSE_CODES.SLOW_CONSUMER.code);
});

test('a watcher that never reads is closed; the others miss nothing', async (t) => {
  const fixture = await start(t, { limits: { slowConsumerBytes: 32 * 1024, conflationMs: 0 } });
  const { deliveries, metrics } = fixture.gateway;
  const slow = new RawWebSocket(fixture.gateway.port);
  await slow.upgrade();
  const subscribe = { id: 7, auctionId: AUCTION_A, epoch: null, seq: null };
  slow.sendFrame(BINARY, encode(SUBSCRIBE, subscribe));
  const quick = await Client.connect(fixture.gateway.port);
  quick.send(SUBSCRIBE, subscribe);
  for (let i = 0; i < 2; i++) {
    const submitted = await fixture.shards.next();
    const { sub, bytes } = subscriptionTo(submitted, 6, 0);
    deliver(deliveries, (to) => to.subscribed(submitted.conn, sub, bytes));
  }
  await slow.frame();
  slow.socket.pause();
  await quick.next('snapshot');
  const closes = (): number => metrics.closes('SLOW_CONSUMER') + metrics.closes('cut');
  for (let run = 0; closes() === 0; run++) {
    const seq = (run + 1) * 500;
    publish(deliveries, seq - 499, 500);
    await turn();
    // Reads along, so that only the other one is slow.
    quick.send(PING, { id: 9, clientTimeMs: null });
    let message = await quick.next();
    let expected = seq - 499;
    while (message.type !== 'pong') {
      if (message.type === 'bid_update') assert.equal(message['seq'], expected++);
      message = await quick.next();
    }
    assert.equal(expected, seq + 1);
  }
  assert.equal(closes(), 1);
  slow.close();
});

test('a client above the hard limit between two looks is cut, and counted', async (t) => {
  const limits = {
    slowConsumerBytes: 16 * 1024,
    backPressureBytesMax: 16 * 1024,
    conflationMs: 0,
  };
  const fixture = await start(t, { limits });
  const socket = new RawWebSocket(fixture.gateway.port);
  await socket.upgrade();
  socket.sendFrame(
    BINARY,
    encode(SUBSCRIBE, { id: 7, auctionId: AUCTION_A, epoch: null, seq: null }),
  );
  const submitted = await fixture.shards.next();
  const { sub, bytes } = subscriptionTo(submitted, 6, 0);
  const { deliveries, metrics } = fixture.gateway;
  deliver(deliveries, (to) => to.subscribed(submitted.conn, sub, bytes));
  await socket.frame();
  socket.socket.pause();
  const closes = (): number => metrics.closes('SLOW_CONSUMER') + metrics.closes('cut');
  for (let run = 0; closes() === 0; run++) {
    publish(deliveries, run * 2_000 + 1, 2_000);
    await turn();
  }
  assert.equal(closes(), 1);
  assert.deepEqual(fixture.gateway.watchedHandles(), [6]);
  socket.close();
});
