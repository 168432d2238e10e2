/**
 * Who may join a shard's queue, by its age: tried on the gate alone with ages as numbers, and
 * against a queue that is worked off at a fixed pace while ten times as much is offered.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OVERLOAD } from '../../src/config/limits.ts';
import { Admission } from '../../src/gateway/admission.ts';
import type { ShardPort } from '../../src/gateway/shard-port.ts';
import { FakeShards } from './fake-shards.ts';

const TARGET_MS = 20;
const TARGET_US = TARGET_MS * 1000;
const HOT = 7;
const LIMITS = { targetAgeMs: TARGET_MS, priorityTiers: ['gold', 'silver'] };

interface Gate {
  readonly shards: FakeShards;
  nowUs: number;
  /** Milliseconds to wait; 0: admitted. */
  ask(hash?: number, tier?: string): number;
}

function gate(): Gate {
  const shards = new FakeShards(1);
  const admission = new Admission(1, LIMITS);
  const made: Gate = {
    shards,
    nowUs: 1_700_000_000_000_000,
    ask: (hash = 1, tier) => admission.ask(0, shards.port(0), hash, made.nowUs, tier ?? null),
  };
  return made;
}

/** One window in which `HOT` asks for nine times as much as nine others together. */
function hotWindow(on: Gate): void {
  on.nowUs += OVERLOAD.windowUs;
  for (let i = 0; i < 900; i++) on.ask(HOT);
  for (let i = 0; i < 100; i++) on.ask(100 + (i % 9));
  on.nowUs += OVERLOAD.windowUs;
}

describe('admission', () => {
  it('refuses above the target age, and only stops below half of it', () => {
    const on = gate();
    for (const [share, admitted] of [
      [0.9, true],
      [1.1, false],
      [0.9, false],
      [0.6, false],
      [0.4, true],
      [0.9, true],
    ] as const) {
      on.shards.waitUs = TARGET_US * share;
      assert.equal(on.ask() === 0, admitted, `at ${share} of the target`);
    }
  });

  it('tells clients to wait as long as the backlog takes, times how much too much is asked', () => {
    const on = gate();
    on.shards.waitUs = TARGET_US * 3;
    assert.equal(on.ask(), 60);
    on.nowUs += OVERLOAD.windowUs;
    on.shards.waitUs = 0;
    assert.equal(on.ask(), 0);
    on.shards.waitUs = TARGET_US * 3;
    for (let i = 0; i < 9; i++) on.ask();
    on.nowUs += OVERLOAD.windowUs;
    assert.equal(on.ask(), 600, 'ten were offered for each one that was taken');
    on.shards.waitUs = 1e12;
    assert.equal(on.ask(), OVERLOAD.retryMsMax);
  });

  it('refuses an auction that takes more than its share long before the others', () => {
    const on = gate();
    hotWindow(on);
    on.shards.waitUs = TARGET_US * 0.3;
    assert.ok(on.ask(HOT) > 0);
    assert.equal(on.ask(100), 0);
    on.shards.waitUs = TARGET_US * 1.5;
    assert.ok(on.ask(100) > 0);
  });

  it('leaves all of a shard to an auction that is alone on it', () => {
    const on = gate();
    on.nowUs += OVERLOAD.windowUs;
    for (let i = 0; i < 1000; i++) on.ask(HOT);
    on.nowUs += OVERLOAD.windowUs;
    on.shards.waitUs = TARGET_US * 0.9;
    assert.equal(on.ask(HOT), 0);
  });

  it('forgets who took too much when nothing came for a while', () => {
    const on = gate();
    hotWindow(on);
    on.nowUs += 3 * OVERLOAD.windowUs;
    on.shards.waitUs = TARGET_US * 0.5;
    assert.equal(on.ask(HOT), 0);
  });

  it('refuses auctions that end within a minute last, and not those that have ended', () => {
    const on = gate();
    const nowMs = on.nowUs / 1000;
    on.shards.endsAtMsByHash.set(1, nowMs + 59_000).set(2, nowMs - 1);
    on.shards.endsAtMsByHash.set(3, nowMs + 2 * OVERLOAD.closingMs);
    on.shards.waitUs = TARGET_US * 1.5;
    assert.deepEqual(
      [1, 2, 3, 4].map((hash) => on.ask(hash) === 0),
      [true, false, false, false],
    );
    on.shards.waitUs = TARGET_US * 2.1;
    assert.ok(on.ask(1) > 0);
  });

  it('refuses users of the configured tiers last, and not those of others', () => {
    const on = gate();
    on.shards.waitUs = TARGET_US * 1.5;
    const tiers = ['gold', 'silver', 'bronze', undefined];
    assert.deepEqual(
      tiers.map((tier) => on.ask(4, tier) === 0),
      [true, true, false, false],
    );
    on.shards.waitUs = TARGET_US * 2.1;
    assert.ok(on.ask(4, 'gold') > 0);
  });

  it('refuses above the share of an auction whoever asks', () => {
    const on = gate();
    hotWindow(on);
    on.shards.waitUs = TARGET_US * 0.3;
    assert.ok(on.ask(HOT, 'gold') > 0);
  });

  it('keeps the queue busy and short at ten times the load, whatever the pace', () => {
    const paces = fc.record({ usPerFrame: fc.integer({ min: 2, max: 50 }), seed: fc.nat() });
    fc.assert(
      fc.property(paces, ({ usPerFrame, seed }) => {
        const { busyShare, longestWaitUs, afterUs } = simulated(usPerFrame, seed);
        assert.ok(busyShare >= 0.9, `the shard worked ${busyShare} of the time`);
        assert.ok(longestWaitUs <= 1.1 * TARGET_US, `${longestWaitUs} µs in the queue`);
        assert.ok(afterUs <= 2 * TARGET_US, `${afterUs} µs until nobody was refused`);
      }),
      { numRuns: 50 },
    );
  });
});

/** A queue that is worked off at a fixed pace: ten times too much for half a second, then half. */
function simulated(usPerFrame: number, seed: number) {
  const admission = new Admission(1, LIMITS);
  const stampsUs: number[] = [];
  let front = 0;
  let workedUs = 0;
  const port: ShardPort = {
    ...new FakeShards(1).port(0),
    waitUs: (nowUs) => {
      const queued = stampsUs.length - front;
      if (queued === 0) return 0;
      return Math.max(nowUs - (stampsUs[front] as number), queued * usPerFrame);
    },
  };
  const startUs = 1_700_000_000_000_000;
  const endUs = startUs + 500_000;
  let longestWaitUs = 0;
  let afterUs = 0;
  let freeAtUs = startUs;
  let random = seed;
  const offer = (nowUs: number): void => {
    while (front < stampsUs.length && freeAtUs + usPerFrame <= nowUs) {
      freeAtUs = Math.max(freeAtUs, stampsUs[front] as number) + usPerFrame;
      if (freeAtUs <= endUs) workedUs += usPerFrame;
      longestWaitUs = Math.max(longestWaitUs, freeAtUs - (stampsUs[front] as number));
      front += 1;
    }
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    if (admission.ask(0, port, random >>> 20, nowUs, null) === 0) stampsUs.push(nowUs);
    else if (nowUs > endUs) afterUs = nowUs - endUs;
  };
  let nowUs = startUs;
  for (; nowUs < endUs; nowUs += usPerFrame / 10) offer(nowUs);
  for (; nowUs < endUs + 200_000; nowUs += usPerFrame * 2) offer(nowUs);
  return { busyShare: workedUs / 500_000, longestWaitUs, afterUs };
}
