/** Every close code that the gateway uses, each with the goodbye that comes before it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSON_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import type { CloseName } from '../../src/protocol/close-codes.ts';
import { CLOSE_CODES } from '../../src/protocol/close-codes.ts';
import { HEARD } from '../../src/protocol/messages/heard.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { Client } from './client.ts';
import { deliver, encode } from './fake-shards.ts';
import { start } from './fixtures.ts';
import { answerOf, bidOf } from './messages.ts';
import { CLOSE, RawWebSocket } from './raw-socket.ts';

/** The codes that were seen here; the last test wants all of them. */
const seen = new Set<CloseName>();

/** Reads to the close; the last message has to be a goodbye with the same code. */
async function assertClosed(client: Client, name: CloseName): Promise<void> {
  seen.add(name);
  const { code, reason } = await client.closed;
  const expected = CLOSE_CODES[name];
  assert.deepEqual({ code, reason }, { code: expected.code, reason: expected.reason });
  const goodbye = client.received.at(-1);
  assert.equal(goodbye?.type, 'goodbye');
  assert.equal(goodbye['code'], expected.code);
  assert.equal(typeof goodbye['reconnectAfterMs'] === 'number', expected.reconnect);
}

test('codes below 3500 ask to connect again, those above do not, and no two are alike', () => {
  const codes = Object.values(CLOSE_CODES);
  assert.equal(new Set(codes.map(({ code }) => code)).size, codes.length);
  for (const { code, reconnect, reason } of codes) {
    assert.ok(code >= 3000 && code < 4000);
    assert.equal(reconnect, code < 3500);
    assert.ok(Buffer.byteLength(reason) <= 123);
  }
});

test('NO_HELLO: nothing valid within five seconds', async (t) => {
  const { gateway, clock } = await start(t);
  const silent = await Client.connect(gateway.port);
  const watcher = await Client.connect(gateway.port);
  watcher.send(PING, { id: 1, clientTimeMs: null });
  await watcher.next('pong');
  clock.forward(5_001);
  await assertClosed(silent, 'NO_HELLO');
  watcher.send(PING, { id: 2, clientTimeMs: null });
  await watcher.next('pong');
});

test('NO_HELLO: where watching is not open, only a hello counts', async (t) => {
  const { gateway, clock } = await start(t, { allowAnonymous: false });
  const client = await Client.connect(gateway.port);
  client.send(PING, { id: 1, clientTimeMs: null });
  await client.next('pong');
  clock.forward(5_001);
  await assertClosed(client, 'NO_HELLO');
});

test('TOKEN_INVALID after a refusal with the id of hello', async (t) => {
  const { gateway } = await start(t);
  const client = await Client.connect(gateway.port);
  client.send(HELLO, { id: 3, token: 'not.a.token', client: null, feed: null, after: null });
  const refused = await client.next('refused');
  assert.deepEqual([refused['id'], refused['code']], [3, 4001]);
  await assertClosed(client, 'TOKEN_INVALID');
});

test('TOKEN_EXPIRED in hello, and when the token of a session ends', async (t) => {
  const fixture = await start(t);
  const token = await fixture.token('ann', ['bidder'], 60_000);
  const session = await Client.signedIn(fixture, 'ann', { token });
  for (let passed = 0; passed < 70_000; passed += 10_000) {
    fixture.clock.forward(10_000);
    if (passed < 40_000) session.send(HEARD, { serverTimeMs: 1 });
    if (passed >= 40_000) break;
    session.send(PING, { id: 5, clientTimeMs: null });
    while ((await session.next()).type !== 'pong');
  }
  fixture.clock.forward(16_000);
  await assertClosed(session, 'TOKEN_EXPIRED');
  const client = await Client.connect(fixture.gateway.port);
  client.send(HELLO, { id: 3, token, client: null, feed: null, after: null });
  assert.equal((await client.next('refused'))['code'], 4002);
  await assertClosed(client, 'TOKEN_EXPIRED');
});

test('TOO_MANY_CONNECTIONS of one user', async (t) => {
  const fixture = await start(t, { limits: { connectionsPerUserMax: 1 } });
  const first = await Client.signedIn(fixture, 'ann');
  const client = await Client.connect(fixture.gateway.port);
  const token = await fixture.token('ann');
  client.send(HELLO, { id: 3, token, client: null, feed: null, after: null });
  assert.equal((await client.next('refused'))['code'], 2004);
  await assertClosed(client, 'TOO_MANY_CONNECTIONS');
  first.socket.close();
  await first.closed;
  await Client.signedIn(fixture, 'ann');
});

test('SILENT: nothing heard for 35 seconds; a tick comes before, and any traffic counts', async (t) => {
  const fixture = await start(t);
  const { gateway, clock } = fixture;
  // A raw socket, because it does not answer pings by itself.
  const silent = new RawWebSocket(gateway.port);
  await silent.upgrade();
  silent.sendFrame(2, Buffer.from([0x92, PING.number, 1]));
  assert.equal(decodeFrame((await silent.frame())?.payload as Buffer).message.name, 'pong');
  const alive = await Client.signedIn(fixture);
  clock.forward(25_001);
  assert.equal(decodeFrame((await silent.frame())?.payload as Buffer).message.name, 'tick');
  const tick = await alive.next('tick');
  alive.send(HEARD, { serverTimeMs: tick['serverTimeMs'] as number });
  alive.send(PING, { id: 2, clientTimeMs: null });
  await alive.next('pong');
  clock.forward(10_000);
  assert.equal(await silent.closeCode(), CLOSE_CODES.SILENT.code);
  seen.add('SILENT');
  alive.send(PING, { id: 3, clientTimeMs: null });
  await alive.next('pong');
});

test('a client that only answers pings of WebSocket stays connected', async (t) => {
  const { gateway, clock } = await start(t);
  const client = await Client.connect(gateway.port);
  client.send(PING, { id: 1, clientTimeMs: null });
  await client.next('pong');
  for (let i = 0; i < 3; i++) {
    clock.forward(25_001);
    await client.next('tick');
    // The pong to the server's ping has been sent before this ping.
    client.send(PING, { id: 2, clientTimeMs: null });
    await client.next('pong');
  }
});

test('WRONG_KIND: text on a MessagePack connection, bytes on a JSON connection', async (t) => {
  const { gateway } = await start(t);
  const binary = await Client.connect(gateway.port);
  binary.socket.send('{"type":"ping","id":1}');
  await assertClosed(binary, 'WRONG_KIND');
  const json = await Client.connect(gateway.port, JSON_PROTOCOL);
  json.socket.send(new Uint8Array([0x92, PING.number, 1]));
  await assertClosed(json, 'WRONG_KIND');
});

test('BAD_REQUEST: more unreadable frames than are forgiven', async (t) => {
  const { gateway } = await start(t, { limits: { malformedFramesMax: 2 } });
  const client = await Client.connect(gateway.port);
  for (let i = 0; i < 3; i++) client.socket.send(new Uint8Array([0xc1]));
  await assertClosed(client, 'BAD_REQUEST');
  const codes = client.received.slice(0, -1).map((message) => message['code']);
  assert.deepEqual(codes, [1000, 1000, 1000]);
});

test('TOO_MANY_REQUESTS: a flood that goes on after it was refused', async (t) => {
  const limits = { framesPerSecond: 1, burstSeconds: 1, rateRefusalsInARowMax: 5 };
  const { gateway } = await start(t, { limits });
  const client = await Client.connect(gateway.port);
  for (let id = 1; id <= 20; id++) client.send(PING, { id, clientTimeMs: null });
  await assertClosed(client, 'TOO_MANY_REQUESTS');
});

test('SERVER_ERROR to all when the node fails, with what is unanswered left unknown', async (t) => {
  const fixture = await start(t);
  const client = await Client.signedIn(fixture);
  client.send(PLACE_BID, bidOf(2));
  await fixture.shards.next();
  fixture.gateway.failAll('UNKNOWN_OUTCOME');
  await assertClosed(client, 'SERVER_ERROR');
});

test('SHUTDOWN: drain closes idle clients first and waits for answers', async (t) => {
  const fixture = await start(t);
  const { gateway } = fixture;
  const idle = await Client.signedIn(fixture, 'ann');
  const busy = await Client.signedIn(fixture, 'bob');
  busy.send(PLACE_BID, bidOf(2));
  await fixture.shards.next();
  const drained = gateway.drain(2_000);
  await assertClosed(idle, 'SHUTDOWN');
  assert.equal(busy.socket.readyState, WebSocket.OPEN);
  await drained;
  await assertClosed(busy, 'SHUTDOWN');
});

test('SLOW_CONSUMER: more unread bytes than are kept for a connection', async (t) => {
  const limits = { slowConsumerBytes: 1, backPressureBytesMax: 64 * 1024 * 1024 };
  const fixture = await start(t, { limits });
  const { gateway, shards } = fixture;
  const client = await Client.signedIn(fixture);
  client.send(PLACE_BID, bidOf(2));
  const { conn } = await shards.next();
  const answer = encode(ANSWER, answerOf(2));
  // One run holds more than the kernel takes at once; the client has no chance to read any of it.
  deliver(gateway.deliveries, (to) => {
    for (let i = 0; i < 100_000; i++) to.reply(conn, answer);
  });
  await assertClosed(client, 'SLOW_CONSUMER');
});

test('an internal error is answered with INTERNAL, logged, and closes nothing', async (t) => {
  const fixture = await start(t);
  const client = await Client.signedIn(fixture);
  fixture.shards.ownerOf = () => {
    throw new Error('planted');
  };
  client.send(PLACE_BID, bidOf(2));
  assert.equal((await client.next('refused'))['code'], 9001);
  assert.equal(fixture.logged.filter(({ level }) => level === 'error').length, 1);
  client.send(PING, { id: 3, clientTimeMs: null });
  await client.next('pong');
});

test('bad UTF-8 in text, reserved bits and a frame beyond reading cut the connection', async (t) => {
  const { gateway } = await start(t);
  const cases: ((socket: RawWebSocket) => void)[] = [
    (socket) => socket.sendFrame(1, Buffer.from([0xc3, 0x28])),
    (socket) => socket.write(Buffer.from([0xf2, 0x80, 0, 0, 0, 0])),
    (socket) => socket.sendFrame(2, Buffer.alloc(20_000)),
    (socket) => socket.sendFrame(3, Buffer.from('?')),
  ];
  for (const [i, send] of cases.entries()) {
    const socket = new RawWebSocket(gateway.port);
    await socket.upgrade({ 'sec-websocket-protocol': JSON_PROTOCOL });
    send(socket);
    for (;;) {
      const frame = await socket.frame();
      assert.ok(frame === undefined || frame.opcode === CLOSE, `case ${i} was answered`);
      if (frame === undefined) break;
    }
  }
  const client = await Client.connect(gateway.port);
  client.send(PING, { id: 1, clientTimeMs: null });
  await client.next('pong');
});

test('a frame in fragments is one frame', async (t) => {
  const { gateway } = await start(t);
  const socket = new RawWebSocket(gateway.port);
  await socket.upgrade();
  socket.sendFrame(2, Buffer.from([0x92]), false).sendFrame(0, Buffer.from([PING.number, 1]));
  const frame = await socket.frame();
  assert.equal(decodeFrame(frame?.payload as Buffer).message.name, 'pong');
  socket.close();
});

test('every close code of docs/protocol.md was seen above', () => {
  assert.deepEqual([...seen].toSorted(), Object.keys(CLOSE_CODES).toSorted());
});
