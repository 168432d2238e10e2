/** When a shard's thread is started again: deaths of one frame, of many, and of the clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESTARTS } from '../../src/config/limits.ts';
import { RestartPolicy } from '../../src/node/restart-policy.ts';

test('a death now and then is answered at once', () => {
  const policy = new RestartPolicy();
  for (let i = 0; i < 100; i++) {
    const verdict = policy.died(i * RESTARTS.windowMs, i);
    assert.deepEqual(verdict, { dropFront: false, giveUp: null, waitMs: 0 });
  }
});

test('the frame in front is dropped once nothing was finished between three deaths', () => {
  const policy = new RestartPolicy();
  assert.equal(policy.died(0, 5).dropFront, false);
  assert.equal(policy.died(1, 5).dropFront, false);
  assert.equal(policy.died(2, 5).dropFront, true);
  assert.equal(policy.died(3, 5).dropFront, true);
  assert.equal(policy.died(4, 6).dropFront, false);
});

test('deaths in a row end it, and so do many in a short time', () => {
  const inARow = new RestartPolicy();
  for (let i = 0; i < RESTARTS.deathsInARowMax; i++) assert.equal(inARow.died(i, 0).giveUp, null);
  assert.match(inARow.died(9, 0).giveUp ?? '', /9 times in a row/);
  const often = new RestartPolicy();
  const spanMs = RESTARTS.windowMs / (RESTARTS.deathsInWindowMax + 1);
  for (let i = 0; i < RESTARTS.deathsInWindowMax; i++) {
    assert.equal(often.died(i * spanMs, i).giveUp, null);
  }
  assert.match(often.died(RESTARTS.windowMs - 1, -1).giveUp ?? '', /31 times in 10 minutes/);
});

test('deaths that a dropped frame explains do not add up', () => {
  const policy = new RestartPolicy();
  for (let frame = 0; frame < 100; frame++) {
    for (let i = 0; i <= RESTARTS.deathsBeforeDrop; i++) {
      const { giveUp, dropFront, waitMs } = policy.died(frame * 1_000 + i, frame);
      assert.equal(giveUp, null);
      assert.equal(dropFront, i === RESTARTS.deathsBeforeDrop);
      assert.ok(waitMs <= 100, 'each is the first of its kind');
    }
  }
});

test('each death of a window waits longer, up to a bound', () => {
  const policy = new RestartPolicy();
  const waits = Array.from({ length: 12 }, (_, i) => policy.died(i, i).waitMs);
  assert.deepEqual(waits.slice(0, 5), [0, 50, 100, 200, 400]);
  assert.equal(waits.at(-1), RESTARTS.waitMsMax);
});
