/** The heap of deadlines against a sorted list. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { AuctionRef } from '../../src/auction/ids.ts';
import { Deadlines } from '../../src/shard/deadlines.ts';

it('takes what is due in order of time, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 3_000 }), (times) => {
      const deadlines = new Deadlines();
      times.forEach((time, i) => deadlines.add(time, (i + 1) as AuctionRef));
      const until = deadlines.until(500, Infinity).map((ref) => times[ref - 1] as number);
      assert.deepEqual(
        until.toSorted((a, b) => a - b),
        times.filter((time) => time <= 500).toSorted((a, b) => a - b),
      );
      assert.equal(deadlines.until(500, 3).length, Math.min(3, until.length));
      const due = times.filter((time) => time <= 500).length;
      let last = 0;
      for (let taken = 0; taken < due; taken++) {
        const ref = deadlines.takeDue(500);
        assert.notEqual(ref, 0);
        const time = times[ref - 1] as number;
        assert.ok(time >= last);
        last = time;
      }
      assert.equal(deadlines.takeDue(500), 0);
      assert.equal(deadlines.count, times.length - due);
      assert.equal(deadlines.nextMs, Math.min(Infinity, ...times.filter((time) => time > 500)));
    }),
  );
});
