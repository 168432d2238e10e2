/**
 * The MessagePack reader and writer: msgpackr as the oracle for what is well-formed, and by hand
 * what a stranger might send.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import type { MsgpackValue } from '../../src/lib/msgpack-reader.ts';
import { MalformedMsgpack, MsgpackReader } from '../../src/lib/msgpack-reader.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';

const RUNS = 2_000;
const DEPTH_MAX = 8;
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

const uints = fc.oneof(
  fc.constantFrom(0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000),
  fc.constant(Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);
const ints = fc.oneof(uints, fc.constantFrom(-1, -32, -33, -128, -129), fc.integer());
const floats = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .filter((value) => !Number.isInteger(value));
// A byte order mark at the start is dropped by some decoders; ours keeps every character.
const texts = fc
  .oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('', 'x'.repeat(31), 'x'.repeat(32), 'é'.repeat(16), 'x'.repeat(255)),
    fc.constantFrom('x'.repeat(256), '€'.repeat(100), '😀'.repeat(70), 'y'.repeat(0x1_0000)),
  )
  .filter((text) => !text.startsWith('\ufeff'));
const blobs = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom(new Uint8Array(255), new Uint8Array(256), new Uint8Array(0x1_0000)),
);

const { value: values } = fc.letrec<{ value: MsgpackValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(fc.constant(null), fc.boolean(), ints, floats, texts, blobs),
    fc.array(tie('value'), { maxLength: 20 }),
  ),
}));

function write(writer: MsgpackWriter, value: MsgpackValue): void {
  if (value === null) writer.nil();
  else if (typeof value === 'boolean') writer.bool(value);
  else if (typeof value === 'string') writer.str(value);
  else if (typeof value === 'number') {
    if (Number.isInteger(value)) writer.int(value);
    else writer.float(value);
  } else if (value instanceof Uint8Array) writer.bytes(value);
  else {
    writer.array(value.length);
    for (const item of value) write(writer, item);
  }
}

function written(value: MsgpackValue, capacity = 16): Uint8Array {
  const writer = new MsgpackWriter(capacity);
  write(writer, value);
  return writer.copy();
}

function read(bytes: Uint8Array): MsgpackValue {
  const reader = new MsgpackReader().open(bytes);
  const value = reader.value(DEPTH_MAX, 0x10_0000);
  assert.ok(reader.atEnd, 'nothing is left over');
  return value;
}

/** msgpackr gives Buffers; the test compares plain bytes. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  return Array.isArray(value) ? value.map(plain) : value;
}

const refuses = (bytes: readonly number[] | Uint8Array, message?: RegExp): void => {
  const from = Uint8Array.from(bytes);
  assert.throws(
    () => read(from),
    (error: unknown) => {
      assert.ok(error instanceof MalformedMsgpack, `${String(error)} for ${hex(from)}`);
      if (message !== undefined) assert.match(error.message, message, hex(from));
      return true;
    },
    `taken: ${hex(from)}`,
  );
};

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

test('what the writer wrote, msgpackr reads as the same', () => {
  fc.assert(
    fc.property(values, (value) => {
      assert.deepEqual(plain(packr.unpack(written(value))), value);
    }),
    { numRuns: RUNS },
  );
});

test('what msgpackr wrote, the reader reads as the same', () => {
  fc.assert(
    fc.property(values, (value) => {
      assert.deepEqual(read(new Uint8Array(packr.pack(value))), value);
    }),
    { numRuns: RUNS },
  );
});

test('what the writer wrote, the reader reads as the same, at any place in a buffer', () => {
  fc.assert(
    fc.property(values, fc.nat({ max: 9 }), (value, shift) => {
      const bytes = written(value);
      const padded = new Uint8Array(bytes.length + shift + 3).fill(0xc1);
      padded.set(bytes, shift);
      const reader = new MsgpackReader().open(padded, shift, shift + bytes.length);
      assert.deepEqual(reader.value(DEPTH_MAX, 0x10_0000), value);
      assert.ok(reader.atEnd);
      // A view into a larger buffer, as frames of a ring are.
      assert.deepEqual(read(padded.subarray(shift, shift + bytes.length)), value);
    }),
    { numRuns: RUNS },
  );
});

test('whole numbers take the shortest form', () => {
  const sizes: readonly (readonly [number, number])[] = [
    [0x7f, 1],
    [0x80, 2],
    [0xff, 2],
    [0x100, 3],
    [0xffff, 3],
    [0x1_0000, 5],
    [0xffff_ffff, 5],
    [0x1_0000_0000, 9],
    [Number.MAX_SAFE_INTEGER, 9],
    [-32, 1],
  ];
  for (const [value, size] of sizes) assert.equal(written(value).length, size, `${value}`);
});

test('every form of a whole number is taken, also the longer ones', () => {
  const forms = ['05', 'cc05', 'cd0005', 'ce00000005', 'cf0000000000000005'];
  const signed = ['d005', 'd10005', 'd200000005', 'd30000000000000005'];
  const floating = ['ca40a00000', 'cb4014000000000000'];
  for (const form of [...forms, ...signed, ...floating]) {
    assert.equal(new MsgpackReader().open(Buffer.from(form, 'hex')).uint(), 5, form);
  }
});

test('a writer that grows, clears, truncates and copies raw bytes writes the same', () => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 6 }), values, (many, last) => {
      const writer = new MsgpackWriter(1);
      write(writer, last);
      writer.clear();
      for (const value of many) write(writer, value);
      const length = writer.length;
      write(writer, last);
      assert.deepEqual(writer.view(length), written(last));
      writer.truncate(length);
      writer.raw(written(last));
      const whole = [...many, last].map((value) => Buffer.from(written(value)));
      assert.deepEqual(Buffer.from(writer.copy()), Buffer.concat(whole));
    }),
    { numRuns: 300 },
  );
});

test('the writer refuses numbers that are none of its own', () => {
  const writer = new MsgpackWriter();
  for (const value of [-1, 2 ** 53, Infinity]) assert.throws(() => writer.uint(value), `${value}`);
  for (const value of [-0x8000_0001, -1.5]) assert.throws(() => writer.int(value), `${value}`);
});

test('every cut of a message is refused', () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (v, cut) => {
      const bytes = written(v);
      refuses(bytes.subarray(0, Math.floor(bytes.length * cut)));
    }),
    { numRuns: RUNS },
  );
});

test('random bytes are read or refused, and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const reader = new MsgpackReader().open(bytes);
      try {
        reader.value(DEPTH_MAX, 64);
      } catch (error) {
        assert.ok(error instanceof MalformedMsgpack, String(error));
      }
      assert.ok(reader.position <= bytes.length);
    }),
    { numRuns: 20_000 },
  );
});

test('lengths past the end are refused before anything is made of them', () => {
  refuses([0xd9, 0xff, 0x41], /cut off/);
  refuses([0xda, 0xff, 0xff], /cut off/);
  refuses([0xdb, 0x00, 0x0f, 0xff, 0xff], /cut off/);
  refuses([0xdb, 0xff, 0xff, 0xff, 0xff], /too long/);
  refuses([0xc4, 0x02, 0x00], /cut off/);
  refuses([0xc6, 0xff, 0xff, 0xff, 0xff], /cut off/);
  refuses([0xdc, 0xff, 0xff, 0x00], /cut off/);
  refuses([0x9f, 0x00], /cut off/);
  refuses([], /cut off/);
});

test('a length may not reach beyond the part that was opened', () => {
  const bytes = Buffer.from('a3616263', 'hex');
  assert.throws(() => new MsgpackReader().open(bytes, 0, 3).str(9), MalformedMsgpack);
  assert.throws(() => new MsgpackReader().open(bytes, 4, 4).nil() || failRead(), /expected/);
  function failRead(): never {
    throw new MalformedMsgpack('expected something');
  }
});

test('maps, extension types, 32-bit arrays and the unused byte are refused', () => {
  refuses([0x80]);
  refuses([0x81, 0xa1, 0x61, 0x01]);
  refuses([0xde, 0x00, 0x00]);
  refuses([0xdf, 0x00, 0x00, 0x00, 0x00]);
  for (const head of [0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]) {
    refuses([head, ...Array<number>(24).fill(0)], /must not be of the MessagePack type/);
  }
  refuses([0xdd, 0x00, 0x00, 0x00, 0x00], /must not be of the MessagePack type/);
  refuses([0xc1], /must not be of the MessagePack type/);
  // What msgpackr makes of things that are no plain values.
  for (const value of [{ a: 1 }, new Date(0), new Map([[1, 2]]), undefined]) {
    refuses(new Uint8Array(packr.pack(value)));
  }
});

test('NaN, infinities and −0 are refused in both widths', () => {
  for (const value of [NaN, Infinity, -Infinity, -0]) {
    const wide = Buffer.alloc(9, 0xcb);
    wide.writeDoubleBE(value, 1);
    refuses(wide, /must be a finite number/);
    const narrow = Buffer.alloc(5, 0xca);
    narrow.writeFloatBE(value, 1);
    refuses(narrow, /must be a finite number/);
  }
});

test('numbers beyond 2^53 − 1 are refused', () => {
  refuses([0xcf, 0x00, 0x20, 0, 0, 0, 0, 0, 0], /too large/);
  refuses([0xcf, ...Array<number>(8).fill(0xff)], /too large/);
  refuses([0xd3, 0x80, ...Array<number>(7).fill(0)], /too large/);
  refuses([0xd3, 0x7f, ...Array<number>(7).fill(0xff)], /too large/);
  const largest = Buffer.from('cf001fffffffffffff', 'hex');
  assert.equal(new MsgpackReader().open(largest).uint(), Number.MAX_SAFE_INTEGER);
});

test('a whole number is asked for: fractions, negatives and huge floats are refused', () => {
  const reader = new MsgpackReader();
  const reads = (form: string) => () => reader.open(Buffer.from(form, 'hex')).uint();
  for (const form of ['cb3ff8000000000000', 'ff', 'd0ff', 'cb7fe0000000000000']) {
    assert.throws(reads(form), MalformedMsgpack, form);
  }
  assert.equal(reader.open(Buffer.from('ff', 'hex')).int(), -1);
});

test('bytes that are not UTF-8 are refused: overlong, surrogates, cut, beyond Unicode', () => {
  const wrong = [
    [0xff],
    [0x80],
    [0xc0, 0x80],
    [0xe0, 0x80, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x82],
  ];
  for (const bytes of wrong) refuses([0xa0 | bytes.length, ...bytes], /not UTF-8/);
});

test('a byte order mark is a character like any other', () => {
  const text = '\ufeffbid';
  assert.equal(read(written(text)), text);
  assert.equal(read(written(`${text}${'x'.repeat(100)}`)), `${text}${'x'.repeat(100)}`);
});

test('nesting stops at the depth given, however deep the bytes go on', () => {
  const nested = (depth: number): number[] => [...Array<number>(depth).fill(0x91), 0x00];
  assert.doesNotThrow(() => read(Uint8Array.from(nested(DEPTH_MAX))));
  refuses(nested(DEPTH_MAX + 1), /too deep/);
  refuses(nested(100_000), /too deep/);
});

test('strings and bytes longer than asked for are refused', () => {
  const reader = new MsgpackReader();
  assert.equal(reader.open(written('four')).str(4), 'four');
  assert.throws(() => reader.open(written('fives')).str(4), /too long/);
  // In bytes, not in characters.
  assert.throws(() => reader.open(written('é')).str(1), /too long/);
  assert.throws(() => reader.open(written(new Uint8Array(5))).bytes(4), /too many/);
});

test('a value of another type than asked for is refused', () => {
  const reader = new MsgpackReader();
  const samples: readonly MsgpackValue[] = [null, true, 7, 'seven', new Uint8Array(2), [1]];
  const readers: readonly [string, (from: MsgpackReader) => unknown][] = [
    ['boolean', (from) => from.bool()],
    ['number', (from) => from.uint()],
    ['string', (from) => from.str(100)],
  ];
  for (const [type, readOne] of readers) {
    for (const sample of samples.filter((value) => typeof value !== type)) {
      assert.throws(() => readOne(reader.open(written(sample))), MalformedMsgpack);
    }
  }
  for (const sample of samples.slice(0, 5)) {
    assert.throws(() => reader.open(written(sample)).array(), MalformedMsgpack);
  }
  for (const sample of [...samples.slice(0, 4), samples[5] as MsgpackValue]) {
    assert.throws(() => reader.open(written(sample)).bytes(), MalformedMsgpack);
  }
});

test('a reader that failed reads the next message', () => {
  const reader = new MsgpackReader();
  assert.throws(() => reader.open(Uint8Array.of(0xc1)).number(), MalformedMsgpack);
  assert.equal(reader.open(written('next')).str(10), 'next');
});
