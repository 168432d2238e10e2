/** What the load generator counts: refusals for overload apart from what reached an auction. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally } from '../../bench/load/tally.ts';
import { Histogram } from '../../bench/load/histogram.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';

test('refusals for overload have a latency of their own, and the last one is remembered', () => {
  const tally = new Tally(1000, 3000);
  tally.clock(1000);
  tally.answer(999, REFUSALS.OVERLOADED.code, 1);
  assert.equal(tally.result().lastShedMs, -1, 'the warm-up does not count');
  tally.answer(1500, 0, 10);
  tally.answer(1600, REFUSALS.OVERLOADED.code, 2);
  tally.answer(1700, REFUSALS.BID_TOO_LOW.code, 20);
  tally.stop(3000);
  const { answers, decidedUs, shedUs, lastShedMs } = tally.result();
  assert.equal(answers, 3);
  assert.equal(Histogram.from(decidedUs).count, 2);
  assert.equal(Histogram.from(decidedUs).max, 20_000);
  assert.equal(Histogram.from(shedUs).max, 2000);
  assert.equal(lastShedMs, 600);
});
