/** The small parts of the gateway, each alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey, AddressTable, forwardedKey } from '../../src/gateway/address-table.ts';
import type { Page } from '../../src/gateway/auction-page.ts';
import { CURSOR, mergePages, startOf } from '../../src/gateway/auction-page.ts';
import { ConnectionTable } from '../../src/gateway/connection-table.ts';
import { FramePeek } from '../../src/gateway/frame-peek.ts';
import { assertLimits, GATEWAY_LIMITS } from '../../src/gateway/gateway-limits.ts';
import { RateBucket } from '../../src/gateway/rate-bucket.ts';
import { UpdateHistory } from '../../src/gateway/update-history.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { encode } from './fake-shards.ts';
import { view } from './fixtures.ts';
import { answerOf, bidOf, refusedFrame } from './messages.ts';

test('a bucket gives its burst, then its rate, and never more than the burst after a pause', () => {
  const bucket = new RateBucket();
  const take = (nowUs: number): number => bucket.take(nowUs, 1, 10, 2);
  for (let i = 0; i < 20; i++) assert.equal(take(1_000), 0, `${i}`);
  assert.equal(take(1_000), 100_000);
  assert.equal(take(100_999), 1);
  assert.equal(take(101_000), 0);
  assert.ok(!bucket.isFull(101_000));
  assert.ok(bucket.isFull(60_000_000));
  for (let i = 0; i < 20; i++) assert.equal(take(60_000_000), 0);
  assert.ok(take(60_000_000) > 0);
});

test('connection numbers reach their connection, never a later one in the same slot', () => {
  const table = new ConnectionTable<string>();
  const numbers = new Map<number, string>();
  const old: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    const name = `c${i}`;
    const conn = table.add(name);
    assert.ok(conn > 0 && conn < 2 ** 32);
    assert.ok(!numbers.has(conn));
    numbers.set(conn, name);
    if (i % 3 === 0) continue;
    const [first] = numbers.keys();
    table.remove(first as number);
    numbers.delete(first as number);
    old.push(first as number);
  }
  for (const [conn, name] of numbers) assert.equal(table.get(conn), name);
  for (const conn of old) assert.equal(table.get(conn), undefined);
  assert.equal(table.count, numbers.size);
  table.remove(old[0] as number);
  assert.equal(table.count, numbers.size);
});

test('a number comes again only after thousands of rounds, and is never 0', () => {
  const table = new ConnectionTable<number>();
  const seen = new Set<number>();
  for (let i = 0; i < 1_000_000; i++) {
    const conn = table.add(i);
    assert.ok(conn !== 0 && !seen.has(conn), `${i}`);
    seen.add(conn);
    table.remove(conn);
  }
  assert.ok(table.slots <= 4096);
});

test('a peek sees number, id and auction id in every form that MessagePack has for them', () => {
  const peek = new FramePeek();
  for (const id of [1, 127, 128, 255, 256, 65_535, 65_536, 0xffff_ffff]) {
    const frame = encode(PLACE_BID, bidOf(id));
    peek.open(frame);
    assert.deepEqual([peek.number, peek.id], [PLACE_BID.number, id]);
    const text = Buffer.from(frame.subarray(peek.auctionIdAt, peek.auctionIdAt + 22)).toString();
    assert.equal(text, bidOf(id).auctionId);
  }
  const long = [
    0x93,
    0xcc,
    2,
    0xcf,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    9,
    0xd9,
    22,
    ...Buffer.from('a'.repeat(22)),
  ];
  peek.open(Uint8Array.from(long));
  assert.deepEqual([peek.number, peek.id, peek.auctionIdAt], [2, 9, 14]);
  // Wide, signed and float forms, as encoders of other languages write them.
  const float9 = [...new Uint8Array(new Float64Array([9]).buffer)].reverse();
  for (const [number, id] of [
    [
      [0xd0, 2],
      [0xd3, 0, 0, 0, 0, 0, 0, 0, 9],
    ],
    [
      [0xd1, 0, 2],
      [0xd2, 0, 0, 0, 9],
    ],
    [
      [0xcb, 0x40, 0, 0, 0, 0, 0, 0, 0],
      [0xcb, ...float9],
    ],
  ]) {
    for (const length of [
      [0xda, 0, 22],
      [0xdb, 0, 0, 0, 22],
    ]) {
      const head = [0xdd, 0, 0, 0, 3, ...(number ?? []), ...(id ?? []), ...length];
      peek.open(Uint8Array.from([...head, ...Buffer.from('a'.repeat(22))]));
      assert.deepEqual([peek.number, peek.id, peek.auctionIdAt], [2, 9, head.length]);
    }
  }
  peek.open(Uint8Array.from([0x92, 2, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]));
  assert.deepEqual([peek.number, peek.id], [2, 0], '1.5 is no id');
  peek.open(Uint8Array.from([0xdc, 0, 3, 2, 9, 0xb6, ...Buffer.from('a'.repeat(22))]));
  assert.deepEqual([peek.number, peek.id, peek.auctionIdAt], [2, 9, 6]);
});

test('a peek at what is cut off or something else finds nothing', () => {
  const peek = new FramePeek();
  const frame = encode(PLACE_BID, bidOf(70_000));
  for (let length = 0; length < 2 + 5 + 23; length++) {
    peek.open(frame.subarray(0, length));
    assert.equal(peek.auctionIdAt, 0, `${length}`);
  }
  for (const bytes of [
    [],
    [0x90],
    [0x80],
    [0xc0],
    [0x92, 0xff],
    [0x92, 0xcf, 1, 0, 0, 0, 0, 0, 0, 0],
  ]) {
    peek.open(Uint8Array.from(bytes));
    assert.equal(peek.number, -1);
  }
  peek.open(Uint8Array.from([0x92, 2, 0]));
  assert.deepEqual([peek.number, peek.id], [2, 0]);
  assert.equal(peek.replyCode(encode(ANSWER, answerOf(300, { code: 3011 }))), 3011);
  assert.equal(peek.id, 300);
  assert.equal(peek.replyCode(refusedFrame(5, 'OVERLOADED')), 2000);
  assert.equal(peek.replyCode(frame), -1);
  assert.equal(peek.replyCode(new Uint8Array()), -1);
});

test('a history keeps the newest updates within count and bytes, and knows what it covers', () => {
  for (const bytesMax of [400, 4_000, 100_000]) {
    const history = new UpdateHistory(10, 16, bytesMax);
    assert.ok(history.covers(10) && !history.covers(9) && !history.covers(11));
    const all: { from: number; seq: number; bytes: Uint8Array }[] = [];
    let seq = 10;
    for (let i = 0; i < 500; i++) {
      const from = seq + 1;
      seq += 1 + (i % 3);
      const bytes = Uint8Array.from({ length: 20 + (i % 60) }, () => i & 0xff);
      history.add(from, seq, bytes);
      all.push({ from, seq, bytes });
      assert.ok(history.count <= 16);
      for (let back = 1; back <= all.length && back < 20; back++) {
        const position = (all[all.length - back] as { seq: number }).seq;
        if (!history.covers(position)) break;
        assert.equal(history.countAfter(position), back - 1);
        const sent: Uint8Array[] = [];
        history.forEachOfLast(back - 1, (one) => sent.push(one.slice()));
        const expected = back === 1 ? [] : all.slice(1 - back).map((one) => one.bytes);
        assert.deepEqual(sent, expected);
      }
    }
    assert.ok(history.count >= (bytesMax === 400 ? 1 : 8));
    history.add(seq + 5, seq + 5, new Uint8Array(3));
    assert.ok(history.covers(seq + 4) && !history.covers(seq));
    history.add(seq + 6, seq + 6, new Uint8Array(bytesMax + 1));
    assert.ok(history.covers(seq + 6) && !history.covers(seq + 5));
  }
});

test('addresses: IPv4, IPv6 by network, forwarded ones; strangers are refused when the table is full', () => {
  const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;
  assert.equal(addressKey(bytes(10, 0, 0, 1)), '10.0.0.1');
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];
  assert.equal(addressKey(bytes(...mapped)), '10.0.0.1');
  const v6 = [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 9, 9, 9, 9, 9, 9, 9, 9];
  assert.equal(addressKey(bytes(...v6)), '20010db800010002/64');
  assert.equal(forwardedKey('2001:DB8:1:2:9999::1'), '20010db800010002/64');
  assert.equal(forwardedKey('2001:db8::7'), '20010db800000000/64');
  assert.equal(forwardedKey('1.2.3.4, ::ffff:10.0.0.1'), '10.0.0.1');
  assert.equal(forwardedKey('evil, <script>'), undefined);
  assert.equal(forwardedKey(''), undefined);
  const table = new AddressTable(2);
  table.entry('a', 0)?.requests.take(0, 1, 1, 1);
  const second = table.entry('b', 0);
  assert.ok(second !== undefined);
  second.connections = 1;
  assert.equal(table.entry('c', 0), undefined);
  assert.ok(table.entry('c', 5_000_000) !== undefined, 'the first is idle by now');
  assert.equal(table.entry('b', 5_000_000), second);
});

test('pages: what a shard has below the place where another stopped waits for the next page', () => {
  const at = (listedAtMs: number, first: string) =>
    view({ listedAtMs, auctionId: first.padEnd(22, '0') });
  const names = ({ auctions }: Page): string[] =>
    auctions.map(({ listedAtMs, auctionId }) => `${listedAtMs}${auctionId[0]}`);
  const whole = { nextMs: null, nextId: null };
  const stopped = { auctions: [at(9, 'b'), at(7, 'd')], nextMs: 7, nextId: 'd'.padEnd(22, '0') };
  const other = { auctions: [at(9, 'c'), at(7, 'e'), at(7, 'c'), at(3, 'a')], ...whole };
  const page = mergePages([stopped, other], 10);
  assert.deepEqual(names(page), ['9c', '9b', '7e', '7d']);
  assert.equal(page.next, `7-${'d'.padEnd(22, '0')}`);
  assert.equal(mergePages([stopped, other], 2).next, `9-${'b'.padEnd(22, '0')}`);
  // A shard that looked at all it may and found nothing does not end the list.
  const nothing = mergePages([{ auctions: [], nextMs: 5, nextId: null }, other], 10);
  assert.deepEqual([names(nothing), nothing.next], [['9c', '7e', '7c'], '5']);
  assert.equal(mergePages([other], 4).next, null);
});

test('cursors: a place or a time; those of earlier versions are refused with what to do', () => {
  const id = 'a'.repeat(22);
  assert.deepEqual(startOf(CURSOR.read(`1800-${id}`)), { beforeUs: 1_800_000, beforeId: id });
  assert.deepEqual(startOf(CURSOR.read('1800')), { beforeUs: 1_800_000, beforeId: null });
  assert.deepEqual(startOf(CURSOR.otherwise), { beforeUs: null, beforeId: null });
  for (const text of ['1800-3', '1800-', '-1', `${'1'.repeat(16)}`, `1800-${id}a`]) {
    assert.throws(() => CURSOR.read(text), /start again without one/, text);
  }
});

test('the default limits keep their relations', () => {
  assertLimits(GATEWAY_LIMITS);
  assert.throws(() => assertLimits({ ...GATEWAY_LIMITS, tickMs: 40_000 }));
});
