/**
 * The line: connecting, coming back after a loss, staying away when told to, and knowing when the
 * other side is dead.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../../src/client/backoff.ts';
import { ConnectionClosed, InvalidArgument, UnreadableMessage } from '../../src/client/errors.ts';
import { SUB_PROTOCOL } from '../../src/client/line.ts';
import { httpUrl, webSocketUrl } from '../../src/client/options.ts';
import { MSGPACK_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import { CLOSE_CODES } from '../../src/protocol/close-codes.ts';
import { GOODBYE } from '../../src/protocol/messages/goodbye.ts';
import { HEARD } from '../../src/protocol/messages/heard.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { LEADING_AGAIN } from '../../src/protocol/messages/leading-again.ts';
import { OUTBID } from '../../src/protocol/messages/outbid.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RESULT } from '../../src/protocol/messages/result.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { TICK } from '../../src/protocol/messages/tick.ts';
import { TICK_MS } from './fake-server.ts';
import { seeded } from './fake-timers.ts';
import { AUCTION_ID, fixture, opened, outcome } from './fixture.ts';

test('connects with the sub-protocol of the gateway, says hello and is ready', async () => {
  assert.equal(SUB_PROTOCOL, MSGPACK_PROTOCOL);
  const { gavel, server, changes } = await opened({ feed: false, client: 'test/1' });
  assert.equal(server.socket.url, 'ws://gavel.test/v1/ws');
  assert.deepEqual(server.socket.protocols, [SUB_PROTOCOL]);
  assert.equal(server.socket.binaryType, 'arraybuffer');
  const [hello] = server.all(HELLO);
  const said = { token: 'token', client: 'test/1', feed: false, after: null };
  assert.deepEqual({ ...hello, id: 0 }, { id: 0, ...said });
  assert.equal(gavel.state, 'open');
  assert.equal(gavel.userId, 'ann');
  assert.deepEqual(
    changes.map(({ state }) => state),
    ['open'],
  );
});

test('addresses may be given as HTTP or WebSocket, with a path or without', () => {
  assert.equal(webSocketUrl('http://localhost:8080'), 'ws://localhost:8080/v1/ws');
  assert.equal(webSocketUrl('https://bids.example/'), 'wss://bids.example/v1/ws');
  assert.equal(webSocketUrl('wss://bids.example/gavel/v1/ws'), 'wss://bids.example/gavel/v1/ws');
  assert.equal(httpUrl('ws://localhost:8080/v1/ws'), 'http://localhost:8080');
  assert.equal(httpUrl('wss://bids.example/gavel/v1/ws'), 'https://bids.example/gavel');
  assert.equal(httpUrl('https://bids.example/gavel/'), 'https://bids.example/gavel');
  assert.throws(() => webSocketUrl('localhost:8080'), InvalidArgument);
  assert.throws(() => webSocketUrl('nothing'), InvalidArgument);
});

test('waits between attempts grow within their bounds and are spread over all of them', () => {
  const backoff = { baseMs: 500, maxMs: 20_000 };
  const random = seeded(7);
  for (const [failures, most] of [
    [0, 500],
    [1, 1000],
    [3, 4000],
    [6, 20_000],
    [1000, 20_000],
  ] as const) {
    const waits = Array.from({ length: 1000 }, () => backoffMs(failures, random, backoff));
    assert.ok(Math.max(...waits) <= most && Math.max(...waits) > most * 0.95, `up to ${most}`);
    assert.ok(Math.min(...waits) >= 0 && Math.min(...waits) < most * 0.05, 'from 0');
  }
});

test('comes back after a loss, with waits that grow while it fails and start low again', async () => {
  const { gavel, server, timers, changes } = await opened({ random: () => 0.5 });
  await timers.advance(10_000);
  server.refuses = true;
  server.socket.cut();
  await timers.advance(60_000);
  const waits = changes
    .filter(({ state }) => state === 'waiting')
    .map(({ retryInMs }) => retryInMs);
  assert.deepEqual(waits.slice(0, 8), [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  server.refuses = false;
  await timers.advance(30_000);
  assert.equal(gavel.state, 'open');
  changes.length = 0;
  await timers.advance(10_000);
  server.socket.cut();
  assert.equal(changes[0]?.retryInMs, 250);
});

test('a connection that breaks right after signing in does not start the waits anew', async () => {
  const { server, timers, changes } = await opened({ random: () => 0.5 });
  for (let i = 0; i < 4; i++) {
    server.socket.cut();
    await timers.advance(changes.at(-1)?.retryInMs ?? 0);
    await timers.advance(100);
  }
  const waits = changes
    .filter(({ state }) => state === 'waiting')
    .map(({ retryInMs }) => retryInMs);
  assert.deepEqual(waits, [250, 500, 1000, 2000]);
});

for (const { code, reconnect, reason } of Object.values(CLOSE_CODES)) {
  const what = reconnect ? 'connects again' : 'stays away';
  test(`${what} after close code ${code}`, async () => {
    const { gavel, server, timers, changes } = await opened();
    const bid = outcome(gavel.bid(AUCTION_ID, 100));
    await timers.advance(5);
    server.socket.hangUp(code, reason);
    await timers.advance(60_000);
    assert.equal(gavel.state, reconnect ? 'open' : 'closed');
    assert.equal(server.sockets.length > 1, reconnect);
    assert.equal(changes[1]?.closeCode, code);
    assert.match(changes[1]?.reason ?? '', new RegExp(`${code}`));
    if (reconnect) return;
    assert.equal(bid.error?.name, 'UnknownOutcome');
    await assert.rejects(
      gavel.bid(AUCTION_ID, 100),
      (error) => error instanceof ConnectionClosed && error.closeCode === code,
    );
    assert.throws(() => gavel.watch(AUCTION_ID), ConnectionClosed);
    assert.equal(timers.count, 0);
  });
}

test('the edges of the range that does not reconnect', async () => {
  for (const [code, comesBack] of [
    [3499, true],
    [3500, false],
    [3999, false],
    [4000, true],
  ] as const) {
    const { gavel, server, timers } = await opened();
    server.socket.hangUp(code);
    await timers.advance(10_000);
    assert.equal(gavel.state === 'open', comesBack, `${code}`);
  }
});

test('waits at least as long as the goodbye says, and tells it', async () => {
  const { gavel, server, timers, changes } = await opened();
  const goodbyes: unknown[] = [];
  gavel.on('goodbye', (goodbye) => goodbyes.push(goodbye));
  const goodbye = { code: 3001, reason: 'bye', reconnectAfterMs: 7000 };
  server.socket.say(GOODBYE, goodbye);
  server.socket.hangUp(3001);
  await timers.advance(6990);
  assert.deepEqual(goodbyes, [goodbye]);
  assert.equal(changes.at(-1)?.retryInMs, 7000);
  assert.equal(gavel.state, 'waiting');
  await timers.advance(100);
  assert.equal(gavel.state, 'open');
});

test('a goodbye without a time means not to come back', async () => {
  const { gavel, server, timers } = await opened();
  server.socket.say(GOODBYE, { code: 3001, reason: 'bye', reconnectAfterMs: null });
  server.socket.hangUp(3001);
  await timers.advance(100_000);
  assert.equal(gavel.state, 'closed');
  assert.equal(server.sockets.length, 1);
});

test('answers ticks with heard', async () => {
  const { server, timers } = await opened();
  server.socket.say(TICK, { serverTimeMs: 1_700_000_123_456 });
  await timers.advance(10);
  assert.deepEqual(server.all(HEARD), [{ serverTimeMs: 1_700_000_123_456 }]);
});

test('a dead line is noticed when a tick is ten seconds late', async () => {
  const { gavel, server, timers, changes } = await opened();
  const dead = server.socket;
  dead.isDead = true;
  await timers.advance(TICK_MS + 9_000);
  assert.equal(gavel.state, 'open');
  await timers.advance(1_100);
  assert.equal(
    changes.find(({ state }) => state === 'waiting')?.reason,
    'nothing was heard for too long',
  );
  assert.equal(dead.closedByClient, 1000);
  await timers.advance(5000);
  assert.equal(gavel.state, 'open');
});

test('with ticks a line with nothing else to say lives', async () => {
  const { gavel, server, timers } = await opened();
  server.tick();
  await timers.advance(600_000);
  assert.equal(server.sockets.length, 1);
  assert.equal(gavel.state, 'open');
});

test('a machine that slept finds the line dead when it wakes', async () => {
  const { gavel, server, timers } = await opened();
  server.socket.isDead = true;
  timers.skip(8 * 3_600_000);
  await timers.advance(5000);
  assert.equal(gavel.state, 'open');
  assert.equal(server.sockets.length, 2);
});

test('an attempt that hangs is given up', async () => {
  const { gavel, server, timers } = fixture({ connectTimeoutMs: 3000 }, (prepared) => {
    prepared.on(HELLO, () => {});
  });
  await timers.advance(2999);
  assert.equal(server.sockets.length, 1);
  await timers.advance(5000);
  assert.ok(server.sockets.length > 1);
  assert.notEqual(gavel.state, 'closed');
});

test('gives up when told to, with the reason', async () => {
  const { gavel, timers, server } = fixture({ giveUpAfterMs: 10_000 }, (prepared) => {
    prepared.refuses = true;
  });
  const ready = outcome(gavel.ready);
  await timers.advance(9_000);
  assert.notEqual(gavel.state, 'closed');
  await timers.advance(1_100);
  assert.equal(gavel.state, 'closed');
  assert.ok(ready.error instanceof ConnectionClosed);
  assert.match(ready.error.message, /^gave up: the connection could not be made: refused$/);
  const attempts = server.sockets.length;
  await timers.advance(60_000);
  assert.equal(server.sockets.length, attempts);
  assert.equal(timers.count, 0);
});

test('what belongs to an earlier connection is not listened to', async () => {
  const { gavel, server, timers } = await opened();
  const old = server.socket;
  old.hangUp(3001);
  await timers.advance(5000);
  assert.equal(gavel.state, 'open');
  old.isDead = false;
  old.hangUp(3500);
  await timers.advance(100);
  assert.equal(gavel.state, 'open');
});

test('close is final, also while connecting, and says goodbye to the socket', async () => {
  const { gavel, server, timers } = fixture();
  gavel.close();
  await timers.advance(100_000);
  assert.equal(gavel.state, 'closed');
  assert.ok(server.sockets.length <= 1);
  assert.equal(timers.count, 0);
  await assert.rejects(gavel.ready, ConnectionClosed);
});

test('the private feed arrives as events', async () => {
  const { gavel, server, timers } = await opened();
  const seen: unknown[] = [];
  const off = gavel.on('outbid', (outbid) => seen.push(outbid));
  gavel.on('leading_again', (again) => seen.push(again));
  gavel.on('result', (result) => seen.push(result));
  const position = { auctionId: AUCTION_ID, epoch: 1, seq: 9 };
  const outbid = {
    ...position,
    yourBidCents: 100,
    currentPriceCents: 150,
    minimumNextCents: 175,
    endsAtMs: 1_700_000_000_000,
    noticeSeq: null,
  };
  const again = {
    ...position,
    yourBidCents: 100,
    currentPriceCents: 100,
    reserveMet: true,
    endsAtMs: 1_700_000_000_000,
    noticeSeq: null,
  };
  const result = {
    ...position,
    outcome: 'sold',
    currentPriceCents: 150,
    winnerId: 'bob',
    noticeSeq: null,
  } as const;
  server.socket.say(OUTBID, outbid);
  server.socket.say(LEADING_AGAIN, again);
  server.socket.say(RESULT, result);
  await timers.advance(10);
  assert.deepEqual(seen, [outbid, again, result]);
  off();
  server.socket.say(OUTBID, outbid);
  await timers.advance(10);
  assert.equal(seen.length, 3);
});

test('what a later version says is ignored; what cannot be read is told', async () => {
  const { gavel, server, timers, faults } = await opened();
  // [200, "new"]: a message of a later version. [2, …]: one of clients.
  server.socket.sayBytes(Uint8Array.of(0x92, 0xcc, 0xc8, 0xa3, 0x6e, 0x65, 0x77));
  server.socket.sayBytes(Uint8Array.of(0x91, 0x02));
  await timers.advance(10);
  assert.equal(faults.length, 0);
  server.socket.sayBytes(Uint8Array.of(0xc1));
  server.socket.sayBytes(Uint8Array.of(0x91, 75));
  server.socket.sayBytes(Uint8Array.of(0x05));
  await timers.advance(10);
  assert.equal(faults.length, 3);
  assert.ok(faults.every((fault) => fault instanceof UnreadableMessage));
  assert.equal(gavel.state, 'open');
});

test('a socket that throws when sending loses nothing', async () => {
  const { gavel, server, timers } = await opened();
  const { socket } = server;
  socket.send = () => {
    throw new Error('closing');
  };
  const bid = outcome(gavel.bid(AUCTION_ID, 100, { timeoutMs: 60_000 }));
  assert.equal(server.all(PLACE_BID).length, 0);
  socket.cut();
  await timers.advance(2000);
  assert.equal(server.all(PLACE_BID).length, 1);
  assert.deepEqual(bid, {});
  assert.equal(server.all(SUBSCRIBE).length, 0);
});
