/**
 * Frames that nobody would send: random bytes, and valid frames with bytes changed, cut out or put
 * in. Nothing may crash, and every frame is answered, goes to a shard, or closes the connection.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Listener } from '../../src/gateway/listener.ts';
import { makeParts } from '../../src/gateway/gateway-parts.ts';
import { FramePeek } from '../../src/gateway/frame-peek.ts';
import { Session } from '../../src/gateway/session.ts';
import type { Socket } from '../../src/gateway/socket.ts';
import { AddressEntry } from '../../src/gateway/address-table.ts';
import { JSON_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import { GET } from '../../src/protocol/messages/get.ts';
import { HEARD } from '../../src/protocol/messages/heard.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { UNSUBSCRIBE } from '../../src/protocol/messages/unsubscribe.ts';
import { TEST_OFFICE } from '../receipt/office.ts';
import { encode, FakeShards } from './fake-shards.ts';
import { AUCTION_A, AUCTION_B, start, TestClock } from './fixtures.ts';
import { bidOf } from './messages.ts';
import { CLOSE, RawWebSocket } from './raw-socket.ts';

const SEED = Number(process.env['GAVEL_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const FRAMES = Number(process.env['GAVEL_FRAMES'] ?? 100_000);
const FRAMES_OVER_SOCKETS = 4_000;

/** mulberry32 */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const VALID: readonly Uint8Array[] = [
  encode(PLACE_BID, bidOf(2)),
  encode(PLACE_BID, bidOf(70_000, { currency: 'USD', confirm: true, dryRun: false })),
  encode(BUY_NOW, { id: 3, auctionId: AUCTION_A, nonce: 'nonce-000001' }),
  encode(GET, { id: 300, auctionId: AUCTION_B }),
  encode(SUBSCRIBE, { id: 5, auctionId: AUCTION_A, epoch: 1, seq: 2 }),
  encode(UNSUBSCRIBE, { id: 6, auctionId: AUCTION_A }),
  encode(PING, { id: 7, clientTimeMs: 1_700_000_000_000 }),
  encode(HELLO, { id: 8, token: 'x.y.z', client: 'fuzz', feed: true, after: null }),
];
/** Heads with meaning, so that mutations reach deep. */
const TELLING = [
  0x90, 0x9f, 0xc0, 0xc1, 0xc4, 0xc7, 0xca, 0xcb, 0xcf, 0xd3, 0xd4, 0xd9, 0xdb, 0xdc, 0xdd, 0xdf,
  0xff,
];
const TEXTS: readonly string[] = [
  JSON.stringify({ type: 'ping', id: 1, clientTimeMs: 5 }),
  JSON.stringify({ type: 'place_bid', ...bidOf(2) }),
  JSON.stringify({ type: 'subscribe', id: 4, auctionId: AUCTION_A }),
];

function mutate(frame: Uint8Array, below: (n: number) => number): Uint8Array {
  const bytes = [...frame];
  for (let left = 1 + below(4); left > 0; left--) {
    const at = below(bytes.length + 1);
    switch (below(6)) {
      case 0:
        bytes[at] = below(256);
        break;
      case 1:
        bytes[at] = TELLING[below(TELLING.length)] as number;
        break;
      case 2:
        bytes.splice(at, 1 + below(8));
        break;
      case 3:
        bytes.splice(at, 0, ...Array.from({ length: 1 + below(8) }, () => below(256)));
        break;
      case 4:
        bytes.length = Math.min(bytes.length, at);
        break;
      default:
        bytes[at] = ((bytes[at] ?? 0) ^ (1 << below(8))) & 0xff;
    }
  }
  return Uint8Array.from(bytes, (byte) => byte ?? 0);
}

function anyBytes(below: (n: number) => number): Uint8Array {
  if (below(4) === 0) return Uint8Array.from({ length: below(64) }, () => below(256));
  return mutate(VALID[below(VALID.length)] as Uint8Array, below);
}

/** A socket that counts what is sent to it. */
class CountingSocket implements Socket {
  sent = 0;
  closedWith = 0;
  send(message: Uint8Array | string): number {
    if (typeof message !== 'string') decodeFrame(message);
    else JSON.parse(message);
    this.sent += 1;
    return 1;
  }
  getBufferedAmount(): number {
    return 0;
  }
  subscribe(): boolean {
    return true;
  }
  unsubscribe(): boolean {
    return true;
  }
  cork(sends: () => void): void {
    sends();
  }
  ping(): number {
    return 1;
  }
  end(code: number): void {
    this.closedWith = code;
  }
}

test(`${FRAMES} malformed frames in this process: none crashes, each has a consequence`, async (t) => {
  t.diagnostic(`run again with GAVEL_SEED=${SEED}`);
  const below = random(SEED);
  const shards = new FakeShards(2);
  const clock = new TestClock();
  const logged: unknown[] = [];
  const log = {
    info: () => {},
    warn: () => {},
    error: (fields: object) => void logged.push(fields),
  };
  const parts = makeParts(
    {
      host: '',
      port: 0,
      internalHost: '',
      internalPort: 0,
      shards,
      clock,
      log,
      receipts: TEST_OFFICE,
      verifier: { known: () => undefined, verify: () => Promise.resolve('TOKEN_INVALID') },
      limits: {
        framesPerSecond: 1e9,
        bytesPerSecond: 1e12,
        malformedFramesMax: 1e9,
        signInsPerSecondAndAddress: 1e9,
        signInsAtOnceMax: 1e9,
        inFlightPerConnectionMax: 1e9,
      },
    },
    { publish: () => {}, httpSockets: () => 0 } satisfies Pick<Listener, 'publish' | 'httpSockets'>,
  );
  t.after(() => parts.metrics.stop());
  const open = (json: boolean): [Session, CountingSocket] => {
    const session = new Session(json, new AddressEntry('fuzz'), clock.nowUs(), 1e9);
    const socket = new CountingSocket();
    parts.door.open(session, socket);
    return [session, socket];
  };
  const peek = new FramePeek();
  let [session, socket] = open(false);
  for (let i = 0; i < FRAMES; i++) {
    const bytes = anyBytes(below);
    const before = socket.sent + shards.submitted.length + socket.closedWith;
    const { signingIn } = session;
    const awaiting = session.awaited.size > 0;
    parts.door.message(session, bytes.slice().buffer, true);
    const after = socket.sent + shards.submitted.length + socket.closedWith;
    peek.open(bytes);
    // hello is answered later, an unsubscribe behind its subscribe as well, heard never.
    const quiet =
      (!signingIn && session.signingIn) ||
      (peek.number === UNSUBSCRIBE.number && awaiting) ||
      peek.number === HEARD.number;
    assert.ok(after > before || quiet, `frame ${i} of seed ${SEED}: nothing happened`);
    if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (socket.closedWith !== 0) {
      parts.door.close(session, socket.closedWith);
      [session, socket] = open(false);
    }
    if (shards.submitted.length > 10_000) shards.submitted.length = 0;
  }
  const [json, jsonSocket] = open(true);
  for (let i = 0; i < FRAMES / 10; i++) {
    const text = TEXTS[below(TEXTS.length)] as string;
    const bytes = mutate(Buffer.from(text), below);
    const before = jsonSocket.sent + shards.submitted.length;
    parts.door.message(json, bytes.slice().buffer, false);
    assert.ok(jsonSocket.sent + shards.submitted.length > before, `text ${i} of seed ${SEED}`);
  }
  assert.deepEqual(logged, [], 'nothing was an internal error');
});

test(`${FRAMES_OVER_SOCKETS} malformed frames over sockets: answered or closed with a code`, async (t) => {
  t.diagnostic(`run again with GAVEL_SEED=${SEED}`);
  const below = random(SEED ^ 0x5eed);
  const limits = {
    framesPerSecond: 1e6,
    bytesPerSecond: 1e9,
    requestsPerSecondAndAddress: 1e6,
    signInsPerSecondAndAddress: 1e6,
  };
  const fixture = await start(t, { limits });
  const closes = new Map<number, number>();
  let sent = 0;
  while (sent < FRAMES_OVER_SOCKETS) {
    const json = below(4) === 0;
    const socket = new RawWebSocket(fixture.gateway.port);
    await socket.upgrade(json ? { 'sec-websocket-protocol': JSON_PROTOCOL } : {});
    const count = 1 + below(40);
    for (let i = 0; i < count; i++, sent++) {
      if (json && below(8) !== 0) {
        const text = TEXTS[below(TEXTS.length)] as string;
        socket.sendFrame(1, mutate(Buffer.from(text), below), below(50) !== 0);
      } else {
        socket.sendFrame(below(60) === 0 ? below(16) : 2, anyBytes(below), below(50) !== 0);
      }
    }
    // A close of ours behind it all, so that the connection ends in any case.
    socket.sendFrame(CLOSE, Buffer.from([0x03, 0xe8]));
    const code = await socket.closeCode();
    closes.set(code, (closes.get(code) ?? 0) + 1);
    socket.close();
  }
  t.diagnostic(`closes: ${[...closes].map(([code, count]) => `${code}×${count}`).join(' ')}`);
  assert.deepEqual(fixture.logged, [], 'nothing was an internal error');
  const socket = new RawWebSocket(fixture.gateway.port);
  await socket.upgrade();
  socket.sendFrame(2, encode(PING, { id: 1, clientTimeMs: null }));
  assert.equal(decodeFrame((await socket.frame())?.payload as Buffer).message.name, 'pong');
  socket.close();
});
