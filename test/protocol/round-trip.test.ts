/**
 * Every message keeps its value through every form: our writer and reader, msgpackr on either side,
 * JSON; unknown fields at the end are skipped, and optional ones that are missing are null.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { decodeAs, decodeFrame } from '../../src/protocol/frame.ts';
import { frameFromJson } from '../../src/protocol/json-codec.ts';
import type { Message } from '../../src/protocol/message.ts';
import { messageByName, messageByNumber } from '../../src/protocol/messages.ts';
import { anyMessage, valueOf } from './arbitraries.ts';
import { ALL_MESSAGES, messageFields } from './schema-kinds.ts';

const RUNS = 2_000;
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

function encode(message: Message<unknown>, value: unknown): Uint8Array {
  const writer = new MsgpackWriter(16);
  message.write(writer, value);
  return writer.copy();
}

const unpack = (bytes: Uint8Array): unknown[] => packr.unpack(bytes) as unknown[];

test('writer to reader: the value is the same', () => {
  fc.assert(
    fc.property(anyMessage(), ({ message, value }) => {
      const bytes = encode(message, value);
      const decoded = decodeFrame(bytes);
      assert.equal(decoded.message, message);
      assert.deepEqual(decoded.value, value);
      assert.deepEqual(encode(message, decoded.value), bytes);
    }),
    { numRuns: RUNS },
  );
});

test('writer to msgpackr: the plain values are those of toPositional', () => {
  fc.assert(
    fc.property(anyMessage(), ({ message, value }) => {
      const plain = unpack(encode(message, value));
      assert.deepEqual(plain, message.toPositional(value));
      assert.deepEqual(message.fromPositional(plain), value);
    }),
    { numRuns: RUNS },
  );
});

test('msgpackr to reader: the value is the same', () => {
  fc.assert(
    fc.property(anyMessage(), ({ message, value }) => {
      const bytes = new Uint8Array(packr.pack(message.toPositional(value)));
      assert.deepEqual(decodeFrame(bytes), { message, value });
    }),
    { numRuns: RUNS },
  );
});

test('JSON text and back: the value is the same', () => {
  fc.assert(
    fc.property(anyMessage(), ({ message, value }) => {
      const named = JSON.parse(JSON.stringify(message.toNamed(value))) as Record<string, unknown>;
      assert.equal(named['type'], message.name);
      assert.deepEqual(message.fromNamed(named, true), value);
    }),
    { numRuns: RUNS },
  );
});

test("a client's JSON text becomes the frame of the same message", () => {
  const ofClients = ALL_MESSAGES.filter(({ sender }) => sender === 'client');
  fc.assert(
    fc.property(anyMessage(ofClients), ({ message, value }) => {
      const writer = new MsgpackWriter(16);
      frameFromJson(JSON.stringify(message.toNamed(value)), 4, writer);
      assert.deepEqual(writer.copy(), encode(message, value));
    }),
    { numRuns: RUNS },
  );
});

test('fields of a later version at the end are skipped', () => {
  const scalars = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeNat(),
    fc.string({ maxLength: 40 }),
    fc.uint8Array({ maxLength: 20 }),
  );
  const later = fc.oneof(scalars, fc.array(scalars, { maxLength: 20 }));
  fc.assert(
    fc.property(anyMessage(), fc.array(later, { maxLength: 20 }), ({ message, value }, more) => {
      const known = messageFields(message).length;
      const plain = message.toPositional(value);
      const padded = [...plain, ...Array<null>(known + 1 - plain.length).fill(null), ...more];
      const bytes = new Uint8Array(packr.pack(padded));
      assert.deepEqual(decodeFrame(bytes), { message, value });
      assert.deepEqual(message.fromPositional(padded), value);
    }),
    { numRuns: RUNS },
  );
});

test('optional fields without a value are null, whether they are nil, left out or unnamed', () => {
  for (const message of ALL_MESSAGES) {
    const fields = messageFields(message);
    const optional = fields.filter(({ kind }) => kind.kind === 'optional');
    const [sample] = fc.sample(anyMessage([message]), { numRuns: 1, seed: 1 });
    assert.ok(sample !== undefined);
    const value = { ...sample.value };
    for (const { name } of optional) value[name] = null;

    const plain = message.toPositional(value);
    const lastNeeded = fields.findLastIndex(({ kind }) => kind.kind !== 'optional') + 1;
    assert.equal(plain.length, lastNeeded + 1, `${message.name} leaves out what it can`);
    const full = [...plain, ...Array<null>(fields.length - lastNeeded).fill(null)];
    for (const form of [plain, full]) {
      assert.deepEqual(decodeAs(message, new Uint8Array(packr.pack(form))), value);
      assert.deepEqual(message.fromPositional(form), value);
    }
    const named = message.toNamed(value);
    for (const { name } of optional) assert.ok(!Object.hasOwn(named, name));
    assert.deepEqual(message.fromNamed(named), value);
    const nulls = Object.fromEntries(optional.map(({ name }) => [name, null]));
    assert.deepEqual(message.fromNamed({ ...named, ...nulls }), value);
  }
});

test('names that are not known are ignored in an open JSON object', () => {
  fc.assert(
    fc.property(anyMessage(), valueOf({ kind: 'bool' }), ({ message, value }, more) => {
      const named = { ...message.toNamed(value), later: more };
      assert.deepEqual(message.fromNamed(named), value);
      assert.throws(() => message.fromNamed(named, true), { path: 'later' });
    }),
    { numRuns: 200 },
  );
});

test('numbers and names are unique, and lead to their message', () => {
  assert.equal(new Set(ALL_MESSAGES.map(({ number }) => number)).size, ALL_MESSAGES.length);
  for (const message of ALL_MESSAGES) {
    assert.equal(messageByNumber(message.number), message);
    assert.equal(messageByName(message.name), message);
    // One byte on the wire; what clients send and what the server sends are told apart by it.
    assert.ok(message.number < 128);
    assert.equal(message.number >= 64, message.sender === 'server', message.name);
  }
  assert.equal(messageByNumber(127), undefined);
  assert.equal(messageByName('constructor'), undefined);
});
