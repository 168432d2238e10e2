/** Whom a new thread has to know, wherever in its ring the old one died. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRing, RingConsumer, RingProducer } from '../../src/node/byte-ring.ts';
import { InboundCursor } from '../../src/node/inbound.ts';
import { KnownUsers } from '../../src/node/known-users.ts';

const GENERATION = 1 << 20;
/** Three users who have one slot, one after the other. */
const [ANN, BOB, CAT] = [GENERATION + 7, 2 * GENERATION + 7, 3 * GENERATION + 7] as const;
const DAN = GENERATION + 8;

test('it is those who were introduced by then and not yet forgotten', () => {
  const memory = makeRing(4096);
  const ring = new RingProducer(memory);
  const users = new KnownUsers();
  const records = [
    () => users.introduce(ring, ANN, 'ann', 0),
    () => users.introduce(ring, DAN, 'dan', 0),
    () => users.forget(ring, ANN, 0),
    () => users.introduce(ring, BOB, 'bob', 0),
    () => users.forget(ring, DAN, 0),
    () => users.forget(ring, BOB, 0),
    () => users.introduce(ring, DAN, 'dan', 0),
    () => users.introduce(ring, CAT, 'cat', 0),
  ];
  for (const push of records) assert.ok(push());
  const known: unknown[] = [];
  for (let finished = 0; finished <= records.length; finished++) {
    const cursor = new InboundCursor(4096);
    cursor.open(new RingConsumer(memory).copyTo(cursor.bytes));
    const names = users.atStart(cursor).map(([number, id]) => `${id} ${number >>> 20}`);
    known.push(names.toSorted());
    cursor.open(new RingConsumer(memory).copyTo(cursor.bytes));
    if (cursor.next()) new RingConsumer(memory).finish(cursor.passed);
  }
  assert.deepEqual(known, [
    [],
    ['ann 1'],
    ['ann 1', 'dan 1'],
    ['dan 1'],
    ['bob 2', 'dan 1'],
    ['bob 2'],
    [],
    ['dan 1'],
    ['cat 3', 'dan 1'],
  ]);
});

test('a thread that starts knows whose answers are copied, as was said last', () => {
  const memory = makeRing(4096);
  const ring = new RingProducer(memory);
  const users = new KnownUsers();
  for (const [number, id] of [
    [ANN, 'ann'],
    [DAN, 'dan'],
  ] as const) {
    assert.ok(users.introduce(ring, number, id, 0) && users.keepFeed(ring, number, true, 0));
  }
  assert.ok(users.keepFeed(ring, DAN, false, 0));
  const known = (): unknown => {
    const cursor = new InboundCursor(4096);
    cursor.open(0);
    return users.atStart(cursor);
  };
  assert.deepEqual(known(), [
    [ANN, 'ann', true],
    [DAN, 'dan', false],
  ]);
  assert.ok(users.forget(ring, ANN, 0) && users.introduce(ring, ANN, 'ann', 0));
  assert.deepEqual(known(), [
    [DAN, 'dan', false],
    [ANN, 'ann', false],
  ]);
});

test('what found no room was not said', () => {
  const ring = new RingProducer(makeRing(4096));
  const users = new KnownUsers();
  let introduced = 0;
  while (users.introduce(ring, introduced + 1, `user-${introduced}`, 0)) introduced += 1;
  assert.equal(users.forget(ring, 1, 0), false);
  const none = new InboundCursor(4096);
  none.open(0);
  assert.equal(users.atStart(none).length, introduced, 'the one that was too many is not known');
});
