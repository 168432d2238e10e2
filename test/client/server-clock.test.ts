/** The server's clock as told from the client: within half a round trip, whatever the delays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServerClock } from '../../src/client/server-clock.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { PONG } from '../../src/protocol/messages/pong.ts';
import { TICK } from '../../src/protocol/messages/tick.ts';
import { SERVER_AHEAD_MS } from './fake-server.ts';
import { fixture, opened } from './fixture.ts';

test('nothing is known before something was heard', () => {
  const { gavel } = fixture();
  assert.ok(Number.isNaN(gavel.serverNow()));
  assert.equal(gavel.roundTripMs, Infinity);
  gavel.close();
});

test('the clock is right after connecting, with equal delays both ways', async () => {
  const { gavel, timers } = await opened({}, (server) => {
    server.latencyMs = 7;
  });
  await timers.advance(1000);
  assert.equal(gavel.roundTripMs, 14);
  assert.ok(Math.abs(gavel.serverNow() - (timers.now() + SERVER_AHEAD_MS)) <= 1);
});

test('is never wrong by more than half of the quickest round trip (and the millisecond)', () => {
  const delay = fc.integer({ min: 0, max: 2000 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(delay, delay), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: -100_000, max: 100_000 }),
      (delays, aheadMs) => {
        let nowMs = 5000;
        const clock = new ServerClock(() => nowMs);
        for (const [there, back] of delays) {
          const sentAtMs = nowMs;
          nowMs += there;
          const serverTimeMs = Math.floor(nowMs + aheadMs);
          nowMs += back;
          clock.pong(sentAtMs, serverTimeMs);
        }
        const quickest = Math.min(...delays.map(([there, back]) => there + back));
        assert.equal(clock.roundTripMs, quickest);
        assert.ok(Math.abs(clock.now() - (nowMs + aheadMs)) <= quickest / 2 + 1);
      },
    ),
  );
});

test('a tick that proves the server to be further ahead corrects the clock at once', async () => {
  const { gavel, server, timers } = await opened();
  const before = gavel.serverNow() - timers.now();
  server.on(PING, () => {});
  server.socket.say(TICK, { serverTimeMs: server.nowMs() + 500 });
  await timers.advance(10);
  const correctedBy = gavel.serverNow() - timers.now() - before;
  assert.ok(correctedBy > 490 && correctedBy <= 500, `${correctedBy}`);
});

test('a tick that came late changes nothing', async () => {
  const { gavel, server, timers } = await opened();
  const before = gavel.serverNow() - timers.now();
  server.on(PING, () => {});
  server.socket.say(TICK, { serverTimeMs: server.nowMs() - 4000 });
  await timers.advance(10);
  assert.equal(gavel.serverNow() - timers.now(), before);
});

test('each tick measures again, so that a clock that drifts is followed', async () => {
  const { gavel, server, timers } = await opened();
  let driftMs = 0;
  server.on(PING, (socket, { id, clientTimeMs }) => {
    socket.say(PONG, { id, clientTimeMs, serverTimeMs: server.nowMs() - driftMs });
  });
  for (let i = 1; i <= 20; i++) {
    driftMs = i * 3;
    server.socket.say(TICK, { serverTimeMs: server.nowMs() - driftMs });
    await timers.advance(25_000);
  }
  const wrongBy = gavel.serverNow() - (timers.now() + SERVER_AHEAD_MS - driftMs);
  assert.ok(Math.abs(wrongBy) <= 8 * 3 + 2, `${wrongBy}`);
});

test('a pong that may answer any of several pings is not measured with', async () => {
  const { gavel, server, timers } = await opened({ attemptTimeoutMs: 1000 });
  const before = gavel.serverNow() - timers.now();
  const ids: number[] = [];
  server.on(PING, (_, { id }) => void ids.push(id));
  const asked = gavel.time();
  await timers.advance(1000);
  // The answer to the first one, a moment after the second one left.
  const pong = { id: ids[0] ?? 0, clientTimeMs: null, serverTimeMs: server.nowMs() - 1000 };
  server.socket.say(PONG, pong);
  await timers.advance(10);
  await asked;
  assert.equal(ids.length, 2);
  assert.equal(gavel.serverNow() - timers.now(), before);
});

test('after a reconnect what was measured before does not count', async () => {
  const { gavel, server, timers } = await opened();
  assert.equal(gavel.roundTripMs, 2);
  server.socket.cut();
  server.latencyMs = 20;
  await timers.advance(3000);
  assert.equal(gavel.roundTripMs, 40);
});
