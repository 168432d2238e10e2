/** A thread that sends back what it gets, for byte-ring.test.ts. */
import { workerData } from 'node:worker_threads';
import type { RingMemory } from '../../src/node/byte-ring.ts';
import { RingConsumer, RingProducer } from '../../src/node/byte-ring.ts';
import { FRAME, InboundCursor, pushInbound } from '../../src/node/inbound.ts';

const { there, back, count } = workerData as { there: RingMemory; back: RingMemory; count: number };
const consumer = new RingConsumer(there);
const producer = new RingProducer(back);
const cursor = new InboundCursor(there.data.byteLength);
for (let seen = 0; seen < count;) {
  while (consumer.available === 0) consumer.wait(1_000);
  const bytes = consumer.copyTo(cursor.bytes);
  cursor.open(bytes);
  while (cursor.next()) {
    pushInbound(producer, FRAME, cursor.conn, 0, 0, new Uint8Array(8));
    seen += 1;
  }
  consumer.finish(bytes);
}
