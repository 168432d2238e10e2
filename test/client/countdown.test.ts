/** The countdown: a bid that leaves in the time it names is read before the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countdown } from '../../src/client/countdown.ts';
import { ServerClock } from '../../src/client/server-clock.ts';
import { fixture, opened } from './fixture.ts';

test('nothing is known before something was heard, and no bid time before a ping', () => {
  const clock = new ServerClock(() => 1000);
  assert.deepEqual(countdown(clock, 5000), { leftMs: Number.NaN, bidWithinMs: Number.NaN });
  clock.heard(3000);
  assert.deepEqual(countdown(clock, 5000), { leftMs: 2000, bidWithinMs: Number.NaN });
});

test('half a round trip, the jitter and a millisecond before the end', () => {
  let nowMs = 0;
  const clock = new ServerClock(() => nowMs);
  for (const roundTripMs of [100, 40, 70]) {
    const sentAtMs = nowMs;
    nowMs += roundTripMs;
    clock.pong(sentAtMs, sentAtMs + roundTripMs / 2);
  }
  // Ends two seconds from now; a quick bid takes 20 ms, one as slow as the slowest 60 more.
  assert.deepEqual(countdown(clock, nowMs + 2000), { leftMs: 2000, bidWithinMs: 1919 });
});

test('a bid that leaves in time is read before the end, however unequal both ways are', () => {
  const delay = fc.integer({ min: 0, max: 3000 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(delay, delay), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: -100_000, max: 100_000 }),
      fc.nat({ max: 60_000 }),
      fc.nat(),
      (delays, aheadMs, runsMs, which) => {
        let nowMs = 5000.5;
        const clock = new ServerClock(() => nowMs);
        for (const [there, back] of delays) {
          const sentAtMs = nowMs;
          nowMs += there;
          const serverTimeMs = Math.floor(nowMs + aheadMs);
          nowMs += back;
          clock.pong(sentAtMs, serverTimeMs);
        }
        const endsAtMs = Math.floor(nowMs + aheadMs + runsMs);
        const { bidWithinMs } = countdown(clock, endsAtMs);
        // Leaves at the last moment, and goes as one of the pings went.
        const [there] = delays[which % delays.length] as [number, number];
        const readAtMs = nowMs + bidWithinMs + there + aheadMs;
        const quickest = Math.min(...delays.map(([to, from]) => to + from));
        const [ownThere] = delays.findLast(([to, from]) => to + from === quickest) as [
          number,
          number,
        ];
        // Jitter is known as that of the round trip: it covers what a way took longer, unless the
        // other way was quicker by more than that at the same time.
        if (there - ownThere <= clock.jitterMs)
          assert.ok(readAtMs <= endsAtMs, `${readAtMs - endsAtMs}`);
      },
    ),
  );
});

test('the SDK counts down with the clock that it has measured', async () => {
  const { gavel, timers, server } = await opened({}, (made) => {
    made.latencyMs = 7;
  });
  await timers.advance(1000);
  const endsAtMs = Math.floor(server.nowMs()) + 2000;
  const before = gavel.countdown(endsAtMs);
  assert.ok(Math.abs(before.leftMs - 2000) <= 1);
  assert.ok(Math.abs(before.bidWithinMs - (2000 - 7 - 1)) <= 1, `${before.bidWithinMs}`);
  await timers.advance(500);
  assert.ok(Math.abs(gavel.countdown(endsAtMs).leftMs - 1500) <= 1);
});

test('while there is no connection yet, there is no countdown', () => {
  const { gavel } = fixture();
  assert.ok(Number.isNaN(gavel.countdown(1).leftMs));
  gavel.close();
});
