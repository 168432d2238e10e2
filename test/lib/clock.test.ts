/** The process's clock against wall clocks that step, leap, stop and drift (RELIABILITY.md, row 11). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MonotonicClock, STEP_MS } from '../../src/lib/clock.ts';

const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
/** Half a millisecond a second. */
const SLEW = 500 / 1e6;
/** Whole microseconds, and quarters of one in the sums. */
const ROUNDED_MS = 0.02;
const PASS_MAX_MS = 5_000;
/**
 * What one check takes in at most: one comes at the first look a second and more after the one
 * before, and shows at a later look: at the first at which the clock need not stand still for it.
 */
const ONE_CHECK_MS = (PASS_MAX_MS + 1_000) * SLEW + ROUNDED_MS;

/** Two clocks of a machine, moved by hand. */
class Machine {
  monotonicMs = 1_000;
  wallMs = START_MS;
  readonly clock: MonotonicClock;

  constructor(notBeforeUs = 0) {
    const sources = { monotonicMs: () => this.monotonicMs, wallMs: () => this.wallMs };
    this.clock = new MonotonicClock(sources, notBeforeUs);
  }

  /** Time goes by on both. */
  pass(ms: number): void {
    this.monotonicMs += ms;
    this.wallMs += ms;
  }

  get nowMs(): number {
    return this.clock.nowUs() / 1000;
  }
}

describe('the clock', () => {
  it('goes on evenly whatever the wall clock does, and never back', () => {
    const step = fc.record({
      passMs: fc.integer({ min: 0, max: PASS_MAX_MS }),
      wallMs: fc.oneof(
        fc.constant(0),
        // A leap second, repeated or left out; drift; an hour; a machine that slept.
        fc.constantFrom(-1_000, 1_000),
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: -HOUR_MS, max: HOUR_MS }),
      ),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const machine = new Machine();
        let before = machine.nowMs;
        const startMs = before;
        let passedMs = 0;
        for (const { passMs, wallMs } of steps) {
          machine.wallMs += wallMs;
          machine.pass(passMs);
          const now = machine.nowMs;
          const passed = now - before;
          assert.ok(passed >= 0, 'never back');
          assert.ok(Math.abs(passed - passMs) <= ONE_CHECK_MS, `${passed} ms for ${passMs} ms`);
          passedMs += passMs;
          const strayed = Math.abs(now - startMs - passedMs);
          assert.ok(strayed <= passedMs * SLEW + ROUNDED_MS, `${strayed} ms after ${passedMs}`);
          before = now;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('works off what is drift, and keeps away from what is a step', () => {
    for (const [aheadMs, isDrift] of [
      [1_000, true],
      [-1_000, true],
      [STEP_MS - 1, true],
      [STEP_MS + 1, false],
      [HOUR_MS, false],
      [-HOUR_MS, false],
    ] as const) {
      const machine = new Machine();
      machine.wallMs += aheadMs;
      for (let second = 0; second < 12_000; second++) {
        machine.pass(1_000);
        machine.clock.nowUs();
      }
      const left = Math.abs(machine.clock.aheadMs());
      if (isDrift) assert.ok(left < 1, `${left} ms are left of ${aheadMs}`);
      else assert.ok(Math.abs(left - Math.abs(aheadMs)) < 1, `${aheadMs} was followed: ${left}`);
    }
  });

  it('takes no time for passed in which the machine slept', () => {
    const machine = new Machine();
    const before = machine.nowMs;
    // A suspended machine: its monotonic clock stands still.
    machine.wallMs += 8 * HOUR_MS;
    machine.pass(10);
    assert.equal(Math.round(machine.nowMs - before), 10);
    assert.equal(Math.round(machine.clock.aheadMs()), 8 * HOUR_MS);
  });

  it('starts above everything logged, also on a machine that is behind', () => {
    const loggedUs = (START_MS + HOUR_MS) * 1000;
    const machine = new Machine(loggedUs);
    assert.ok(machine.clock.nowUs() > loggedUs);
    machine.pass(1);
    assert.ok(machine.clock.nowUs() >= loggedUs + 1_000);
  });
});
