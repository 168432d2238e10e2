/** What the main thread sees of a shard's queue and work without asking it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OVERLOAD } from '../../src/config/limits.ts';
import { makeRing, RingConsumer, RingProducer } from '../../src/node/byte-ring.ts';
import { CLOSING_TABLE_BYTES, ClosingTable } from '../../src/node/closing-table.ts';
import { FRAME, InboundCursor, pushInbound, STAMP_AT } from '../../src/node/inbound.ts';
import { ShardBacklog } from '../../src/node/shard-backlog.ts';
import { SHARD_STATUS_BYTES, ShardStatus } from '../../src/node/shard-status.ts';

describe('signs of overload', () => {
  it('shows the stamp of the oldest unfinished frame, around the end of the ring', () => {
    const memory = makeRing(4096);
    const producer = new RingProducer(memory);
    const consumer = new RingConsumer(memory);
    const cursor = new InboundCursor(4096);
    const oldest = (): number => producer.oldestDouble(STAMP_AT);
    assert.equal(oldest(), -1);
    for (let stamp = 1; stamp < 500; stamp += 2) {
      for (const stampUs of [stamp, stamp + 1]) {
        assert.ok(pushInbound(producer, FRAME, 1, 1, stampUs, new Uint8Array(stamp % 90)));
      }
      cursor.open(consumer.copyTo(cursor.bytes));
      assert.equal(oldest(), stamp, 'copied out is not finished');
      cursor.next();
      consumer.finish(cursor.passed);
      assert.equal(oldest(), stamp + 1);
      const first = cursor.passed;
      cursor.next();
      consumer.finish(cursor.passed - first);
      assert.equal(oldest(), -1);
    }
  });

  it('counts batches and commits in buckets, and follows the pace of the newest', () => {
    const status = new ShardStatus(new SharedArrayBuffer(SHARD_STATUS_BYTES));
    status.batch(1, 100, 50, 300);
    status.batch(2048, 200_000, 8000, 2_000_000);
    status.batch(5000, 200_000, 8000, 100);
    const { bounds, counts, sum } = status.batchFrames;
    assert.deepEqual([...counts], [1, 0, 0, 0, 0, 0, 1, 1]);
    assert.equal(counts.length, bounds.length + 1);
    assert.equal(sum, 7049);
    assert.equal(status.commitSeconds.counts.at(-1), 1);
    assert.equal(status.commitSeconds.sum.toFixed(4), '2.0004');
    for (let i = 0; i < 100; i++) status.batch(2048, 200_000, 8000, 400);
    assert.ok(Math.abs(status.decideUsPerByte - 0.04) < 0.001, `${status.decideUsPerByte}`);
    assert.ok(Math.abs(status.commitUs - 400) < 20, `${status.commitUs}`);
  });

  it('expects a wait by what is queued and by what has waited, whichever is longer', () => {
    const ring = new RingProducer(makeRing(1 << 20));
    const status = new ShardStatus(new SharedArrayBuffer(SHARD_STATUS_BYTES));
    const backlog = new ShardBacklog(ring, status);
    for (let i = 0; i < 100; i++) status.batch(1000, 100_000, 4000, 500);
    const push = (frames: number): void => {
      for (let i = 0; i < frames; i++) pushInbound(ring, FRAME, 1, 1, 5000, new Uint8Array(88));
    };
    push(50);
    assert.equal(backlog.waitUs(9e9), 0, 'so little queued says nothing');
    push(2000);
    const byPace = backlog.waitUs(5000);
    assert.ok(byPace > 9_000 && byPace < 11_000, `${byPace}`);
    assert.equal(backlog.waitUs(105_000), 100_000);
    const { ageUs, bytes, frames } = backlog.report(105_000);
    assert.deepEqual([ageUs, bytes, frames], [100_000, 2050 * 112, 2050]);
  });

  it('tells the end of an auction by the hash of its id, to the second', () => {
    const table = new ClosingTable(new SharedArrayBuffer(CLOSING_TABLE_BYTES));
    const endsAtMs = 1_800_000_000_500;
    assert.equal(table.endsAtMs(0xdead_beef), 0);
    table.mark(0xdead_beef, endsAtMs);
    assert.equal(table.endsAtMs(0xdead_beef), 1_800_000_001_000);
    assert.equal(table.endsAtMs(0xdead_beef + OVERLOAD.buckets), 1_800_000_001_000);
    assert.equal(table.endsAtMs(0xdead_bee0), 0);
  });
});
