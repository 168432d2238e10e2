/** The reader of the load generator: frames cut anywhere give the same answers as whole ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Inbound } from '../../bench/load/inbound.ts';

type Told = readonly unknown[];

function read(chunks: readonly Uint8Array[]): Told[] {
  const told: Told[] = [];
  const inbound = new Inbound({
    answer: (id, code, seq) => told.push(['answer', id, code, seq]),
    push: (number, bytes, from, to) => told.push(['push', number, hex(bytes, from, to)]),
    ping: (bytes, from, to) => told.push(['ping', hex(bytes, from, to)]),
    closed: (code, reason) => told.push(['closed', code, reason]),
  });
  for (const chunk of chunks) {
    // Read buffers are shared and written again: whatever is kept has to be a copy.
    const shared = Uint8Array.from(chunk);
    inbound.take(shared, 0, shared.length);
    shared.fill(0xff);
  }
  return told;
}

function hex(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString('hex');
}

function frame(first: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  if (length < 0x10000) {
    return Buffer.concat([Buffer.from([first, 126, length >>> 8, length & 0xff]), payload]);
  }
  const header = Buffer.alloc(10);
  header.set([first, 127]);
  header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

const STREAM = Buffer.concat([
  frame(0x82, Buffer.from([0x9c, 65, 7, 0, 1, 9])),
  frame(0x82, Buffer.from([0x9c, 65, 0xce, 1, 2, 3, 4, 0xcd, 0x0b, 0xc3, 1, 0xcd, 1, 0])),
  frame(0x89, Buffer.from('are you there')),
  frame(0x89, Buffer.alloc(0)),
  frame(0x82, Buffer.concat([Buffer.from([0x92, 69]), Buffer.alloc(300, 1)])),
  frame(0x82, Buffer.from([0x93, 66, 0xcc, 200, 0xcd, 0x07, 0xd3])),
  frame(0x82, Buffer.concat([Buffer.from([0x92, 67]), Buffer.alloc(70_000, 2)])),
  frame(0x88, Buffer.concat([Buffer.from([0x0b, 0xb9]), Buffer.from('bye')])),
]);

test('answers, pushes, pings and the close are told in order', () => {
  const told = read([STREAM]);
  assert.deepEqual(
    told.map(([kind]) => kind),
    ['answer', 'answer', 'ping', 'ping', 'push', 'answer', 'push', 'closed'],
  );
  assert.deepEqual(told[0], ['answer', 7, 0, 9]);
  assert.deepEqual(told[1], ['answer', 0x01020304, 3011, 256]);
  assert.deepEqual(told[5], ['answer', 200, 2003, 0]);
  assert.deepEqual(told[7], ['closed', 3001, 'bye']);
});

test('it does not matter where the stream is cut', () => {
  const whole = read([STREAM]);
  fc.assert(
    fc.property(fc.array(fc.nat({ max: STREAM.length }), { maxLength: 20 }), (places) => {
      const cuts = [0, ...places.toSorted((a, b) => a - b), STREAM.length];
      const chunks = cuts.slice(1).map((to, i) => STREAM.subarray(cuts[i], to));
      assert.deepEqual(read(chunks), whole);
    }),
  );
  const head = STREAM.subarray(0, 400);
  assert.deepEqual(read([...head].map((byte) => Uint8Array.of(byte))), read([head]));
});
