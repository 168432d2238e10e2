/**
 * What is not a value of its field is refused with the path to it, in frames, as plain values and
 * in JSON alike; and nothing else than a refusal comes of bytes or text from a stranger.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { MsgpackReader } from '../../src/lib/msgpack-reader.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { MalformedField, str, word } from '../../src/protocol/field.ts';
import { decodeAs, decodeFrame, UnknownMessage } from '../../src/protocol/frame.ts';
import { frameFromJson, parseObject } from '../../src/protocol/json-codec.ts';
import type { Message } from '../../src/protocol/message.ts';
import { messageByNumber } from '../../src/protocol/messages.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { CREATE_AUCTION } from '../../src/protocol/messages/create-auction.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { anyMessage } from './arbitraries.ts';
import type { Kind, NamedKind } from './schema-kinds.ts';
import { ALL_MESSAGES, messageFields } from './schema-kinds.ts';

const packr = new Packr({ useRecords: false, int64AsType: 'number' });
const pack = (plain: unknown): Uint8Array => new Uint8Array(packr.pack(plain));

/** Values that a field of this kind must not take, as MessagePack would carry them. */
function wrongFor(kind: Kind): readonly unknown[] {
  switch (kind.kind) {
    case 'bool':
      return [null, 0, 1, 'true', []];
    case 'uint':
      return [null, true, '1', -1, 1.5, ...beyond(kind.max), [1]];
    case 'float':
      return [null, true, '1', -0.5, kind.max + 1, []];
    case 'str':
      return [
        null,
        7,
        ['x'],
        'x'.repeat(kind.max + 1),
        ...(kind.min > 0 ? ['', 'x'.repeat(kind.min - 1)] : []),
        ...(kind.pattern === null ? [] : [' '.repeat(kind.max), 'é'.repeat(kind.max)]),
      ];
    case 'word':
      return [null, kind.words.length, -1, 0.5, true, 'no such word'];
    case 'optional':
      return wrongFor(kind.of).filter((value) => value !== null);
    case 'list':
      return [null, 7, 'x', Array<number>(kind.max + 1).fill(1)];
    case 'record':
      return [null, 7, 'x', ...(kind.fields.every(isOptional) ? [] : [[]])];
  }
}

function isOptional({ kind }: NamedKind): boolean {
  return kind.kind === 'optional';
}

function beyond(max: number): readonly number[] {
  return Number.isSafeInteger(max + 1) ? [max + 1] : [2 ** 53];
}

/** Whether the refusal is about this field, or one inside of it. */
function isAbout(name: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof MalformedField, `${String(error)} about ${name}`);
    assert.ok(error.path === name || error.path.startsWith(`${name}.`), `${error.path} is ${name}`);
    return true;
  };
}

test('a wrong value in any field of any message is refused with the path to it', () => {
  for (const message of ALL_MESSAGES) {
    const [sample] = fc.sample(anyMessage([message]), { numRuns: 1, seed: 7 });
    assert.ok(sample !== undefined);
    const fields = messageFields(message);
    for (const [i, { name, kind }] of fields.entries()) {
      for (const wrong of wrongFor(kind)) {
        const plain = message.toPositional(sample.value);
        while (plain.length <= fields.length) plain.push(null);
        plain[i + 1] = wrong;
        const told = `${message.name}.${name} = ${JSON.stringify(wrong)}`;
        assert.throws(() => message.fromPositional(plain), isAbout(name), `plain ${told}`);
        assert.throws(() => decodeFrame(pack(plain)), isAbout(name), `frame ${told}`);
        const named = { ...message.toNamed(sample.value), [name]: wrong };
        assert.throws(() => message.fromNamed(named), isAbout(name), `named ${told}`);
      }
    }
  }
});

test('the path leads through records and lists', () => {
  const listing = {
    title: 'A lamp',
    currency: 'EUR',
    startPriceCents: 100,
    endsAtMs: 4_000_000_000_000,
  };
  const pathOf = (more: object): string => {
    try {
      CREATE_AUCTION.fromNamed({
        id: 1,
        auctionId: 'a'.repeat(22),
        listing: { ...listing, ...more },
      });
    } catch (error) {
      return (error as MalformedField).path;
    }
    return 'taken';
  };
  assert.equal(pathOf({}), 'taken');
  assert.equal(pathOf({ title: '' }), 'listing.title');
  assert.equal(pathOf({ category: ['Home', 7] }), 'listing.category.1');
  const increments = [{ belowCents: 100, incrementCents: 5 }, { incrementCents: 'x' }];
  assert.equal(pathOf({ increments }), 'listing.increments.1.incrementCents');
  assert.equal(pathOf({ softClose: { windowMs: 1 } }), 'listing.softClose.extensionMs');
  // Records are closed, so that a typing mistake shows.
  assert.equal(pathOf({ reservePrice: 5 }), 'listing.reservePrice');
});

test('text with lone surrogates is refused', () => {
  const named = { id: 1, token: 'x\ud800y' };
  assert.throws(
    () => frameFromJson(JSON.stringify({ type: 'hello', ...named }), 4, new MsgpackWriter()),
    { path: 'token', message: /Unicode/ },
  );
});

test('a frame that is no frame is refused without a path', () => {
  const none: readonly (readonly [string, RegExp])[] = [
    ['', /cut off/],
    ['90', /cut off/],
    ['c0', /must be an array/],
    ['81a474797065a470696e67', /must be an array/],
    ['91ff', /whole number/],
    ['91a470696e67', /type 0xa4/],
    ['9108', /has 0 fields and needs at least 1/],
    ['92080100', /left over/],
  ];
  for (const [hex, reason] of none) {
    assert.throws(
      () => decodeFrame(Buffer.from(hex, 'hex')),
      (error: unknown) => {
        assert.ok(error instanceof MalformedField, hex);
        assert.match(error.message, reason, hex);
        assert.deepEqual(error.told, { reason: `the message ${error.message}` });
        return error.path === '';
      },
    );
  }
  assert.throws(() => decodeFrame(Buffer.from('91cc7f', 'hex')), UnknownMessage);
  assert.throws(() => decodeFrame(Buffer.from('91cdffff', 'hex')), UnknownMessage);
  assert.throws(() => decodeAs(PLACE_BID, Buffer.from('920801', 'hex')), /is not place_bid/);
  assert.deepEqual(decodeAs(PING, Buffer.from('920801', 'hex')), { id: 1, clientTimeMs: null });
});

test('what stands behind the known fields is skipped only as far as it is harmless', () => {
  const ping = (...more: unknown[]): Uint8Array => pack([8, 1, null, ...more]);
  const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);
  for (const more of [deep(3), 'x'.repeat(4096), new Uint8Array(9), null]) {
    assert.deepEqual(decodeFrame(ping(more)).value, { id: 1, clientTimeMs: null });
  }
  for (const more of [deep(4), 'x'.repeat(4097), { a: 1 }, NaN, new Date(0)]) {
    assert.throws(() => decodeFrame(ping(more)), MalformedField);
  }
});

const mangling = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });

/** The same frame by way of plain values, where no form written by hand has a part. */
function byTable(bytes: Uint8Array): { message: unknown; value: unknown } {
  const plain = new MsgpackReader().open(bytes).value(16, 0x1_0000) as unknown[];
  const message = messageByNumber(plain[0] as number);
  if (message === undefined) throw new UnknownMessage(`message ${String(plain[0])}`);
  return { message, value: message.fromPositional(plain) };
}

function mangledFrames(messages: readonly Message<unknown>[], numRuns: number): void {
  fc.assert(
    fc.property(
      anyMessage(messages),
      mangling,
      fc.nat({ max: 4 }),
      ({ message, value }, changes, cut) => {
        const writer = new MsgpackWriter(16);
        message.write(writer, value);
        const bytes = writer.copy(0, Math.max(0, writer.length - cut));
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        let decoded;
        try {
          decoded = decodeFrame(bytes);
        } catch (error) {
          const expected = error instanceof MalformedField || error instanceof UnknownMessage;
          assert.ok(expected, String(error));
          return;
        }
        assert.deepEqual(decoded, byTable(bytes));
      },
    ),
    { numRuns },
  );
}

test('mangled frames are refused, or read as the values that they hold', () => {
  mangledFrames(ALL_MESSAGES, 20_000);
});

test('mangled bids and answers, which have forms written by hand, are no exception', () => {
  mangledFrames([PLACE_BID, ANSWER] as unknown as readonly Message<unknown>[], 20_000);
});

test('JSON that is no message of clients is refused', () => {
  const refuse = (text: string, expected: object): void => {
    assert.throws(() => frameFromJson(text, 4, new MsgpackWriter()), expected, text);
  };
  refuse('', { name: 'MalformedField', message: 'is not JSON' });
  refuse('{"type":"ping"', { message: 'is not JSON' });
  for (const text of ['null', '[1]', '"ping"', '7']) refuse(text, { message: /must be an object/ });
  refuse('{"id":1}', { path: 'type' });
  refuse('{"type":8,"id":1}', { path: 'type' });
  refuse('{"type":"constructor"}', { name: 'UnknownMessage' });
  refuse('{"type":"welcome","id":1}', { name: 'UnknownMessage' });
  refuse('{"type":"create_auction","id":1}', { name: 'UnknownMessage' });
  refuse('{"type":"ping"}', { path: 'id' });
  refuse('{"type":"ping","id":"1"}', { path: 'id' });
  refuse('{"type":"ping","id":1,"clientTime":5}', { path: 'clientTime' });
  refuse('{"type":"ping","id":1,"__proto__":{"id":2}}', { path: '__proto__' });
});

test('a reason says what has to be there, in words and not in patterns', () => {
  const whole = {
    type: 'place_bid',
    id: 1,
    auctionId: '7hK2mQ9xT4bW8cR5vN1zLp',
    nonce: 'Zb3k9QpXw2Lr8TfV',
    amountCents: 2000,
  };
  const reasons: readonly (readonly [object, string, string])[] = [
    [{ currency: 'EURO' }, 'currency', 'must be exactly 3 capital letters, such as EUR'],
    [{ currency: 'eur' }, 'currency', 'must be exactly 3 capital letters, such as EUR'],
    [{ auctionId: 'short' }, 'auctionId', 'must be 22 letters and digits'],
    [{ auctionId: '-'.repeat(22) }, 'auctionId', 'must be 22 letters and digits'],
    [{ nonce: 'short' }, 'nonce', 'must be 8 to 64 visible ASCII characters without spaces'],
    [{ nonce: 'with a space' }, 'nonce', 'must be 8 to 64 visible ASCII characters without spaces'],
    [{ nonce: undefined }, 'nonce', 'is missing'],
    [{ nonce: null }, 'nonce', 'must be 8 to 64 visible ASCII characters without spaces'],
    [{ amountCents: 1.5 }, 'amountCents', 'must be a whole number from 0 to 10000000000000'],
    [{ confirm: 1 }, 'confirm', 'must be true or false'],
    [{ amount: 20 }, 'amount', 'is not a known field'],
  ];
  for (const [wrong, field, reason] of reasons) {
    assert.throws(
      () => frameFromJson(JSON.stringify({ ...whole, ...wrong }), 4, new MsgpackWriter()),
      (error: unknown) => {
        assert.ok(error instanceof MalformedField, field);
        assert.deepEqual(error.told, { field, reason });
        return true;
      },
    );
  }
  const lengths: readonly (readonly [number, number, string])[] = [
    [3, 3, 'must be a text of exactly 3 characters'],
    [0, 4, 'must be a text of at most 4 characters'],
    [1, 4, 'must be a text of 1 to 4 characters'],
  ];
  for (const [min, max, message] of lengths) {
    assert.throws(() => str(min, max).check('x'.repeat(5), 'named'), { message });
  }
  assert.throws(() => word(['a', 'b']).check(2, 'positional'), {
    message: 'must be a whole number from 0 to 1',
  });
});

test('JSON may nest as deep as allowed, brackets in texts not counted', () => {
  assert.deepEqual(parseObject('{"a":[[[1]]]}', 4), { a: [[[1]]] });
  assert.throws(() => parseObject('{"a":[[[[1]]]]}', 4), /nest deeper than 4/);
  assert.throws(() => parseObject('['.repeat(100_000), 4), /nest deeper than 4/);
  assert.deepEqual(parseObject('{"a":"[[[[[{{\\"[[["}', 4), { a: '[[[[[{{"[[[' });
});
