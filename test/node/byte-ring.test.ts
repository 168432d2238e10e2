/** The queue between threads: nothing lost, nothing early, bounded, and it wakes who sleeps. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { aligned, makeRing, RingConsumer, RingProducer } from '../../src/node/byte-ring.ts';
import { FRAME, INBOUND_HEADER_BYTES, InboundCursor, pushInbound } from '../../src/node/inbound.ts';

const RING_BYTES = 4096;

describe('byte ring', () => {
  it('carries records of any size in order, around its end, and refuses when full', () => {
    const sizes = fc.array(fc.tuple(fc.nat(900), fc.boolean()), { maxLength: 200 });
    fc.assert(
      fc.property(sizes, (steps) => {
        const memory = makeRing(RING_BYTES);
        const producer = new RingProducer(memory);
        const consumer = new RingConsumer(memory);
        const cursor = new InboundCursor(RING_BYTES);
        const expected: number[] = [];
        const drain = (): void => {
          const count = consumer.copyTo(cursor.bytes);
          cursor.open(count);
          while (cursor.next()) {
            const size = expected.shift() as number;
            assert.equal(cursor.payloadTo - cursor.payloadFrom, size);
            assert.equal(cursor.conn, size);
            assert.equal(cursor.stampUs, size * 1e9 + 0.5);
            for (let i = cursor.payloadFrom; i < cursor.payloadTo; i++) {
              assert.equal(cursor.bytes[i], size & 0xff);
            }
          }
          consumer.finish(count);
        };
        for (const [size, drainNow] of steps) {
          const payload = new Uint8Array(size).fill(size & 0xff);
          const fits = producer.free >= INBOUND_HEADER_BYTES + aligned(size);
          assert.equal(pushInbound(producer, FRAME, size, 1, size * 1e9 + 0.5, payload), fits);
          if (fits) expected.push(size);
          if (drainNow) drain();
        }
        drain();
        assert.deepEqual(expected, []);
        assert.equal(producer.used, 0);
      }),
    );
  });

  it('gives what was not finished to the next consumer', () => {
    const memory = makeRing(RING_BYTES);
    const producer = new RingProducer(memory);
    pushInbound(producer, FRAME, 1, 1, 1, new Uint8Array(10));
    pushInbound(producer, FRAME, 2, 1, 2, new Uint8Array(10));
    const cursor = new InboundCursor(RING_BYTES);
    const first = new RingConsumer(memory);
    cursor.open(first.copyTo(cursor.bytes));
    cursor.next();
    first.finish(cursor.passed);
    const second = new RingConsumer(memory);
    cursor.open(second.copyTo(cursor.bytes));
    assert.ok(cursor.next());
    assert.equal(cursor.conn, 2);
    assert.equal(cursor.next(), false);
  });

  it('wakes a sleeping thread, and the main thread', async () => {
    const there = makeRing(RING_BYTES);
    const back = makeRing(RING_BYTES);
    const url = new URL('./echo-worker.ts', import.meta.url);
    const worker = new Worker(url, { workerData: { there, back, count: 200 } });
    const producer = new RingProducer(there);
    const consumer = new RingConsumer(back);
    const cursor = new InboundCursor(RING_BYTES);
    for (let i = 1; i <= 200; i++) {
      assert.ok(pushInbound(producer, FRAME, i, 0, 0, new Uint8Array(8)));
      while (consumer.available === 0) await consumer.waitAsync();
      const count = consumer.copyTo(cursor.bytes);
      cursor.open(count);
      cursor.next();
      assert.equal(cursor.conn, i);
      consumer.finish(count);
    }
    await worker.terminate();
  });
});
