/** Users and their numbers: bounded, and never two users behind one number, whatever happens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../../src/gateway/session.ts';
import type { ShardPort, Shards } from '../../src/gateway/shard-port.ts';
import type { User } from '../../src/gateway/user.ts';
import { UserTable } from '../../src/gateway/user-table.ts';
import { slotOf } from '../../src/lib/slots.ts';
import { makeRing, RingConsumer, RingProducer } from '../../src/node/byte-ring.ts';
import {
  FEED,
  FORGET,
  FRAME,
  InboundCursor,
  INTRODUCE,
  pushInbound,
} from '../../src/node/inbound.ts';
import { KnownUsers } from '../../src/node/known-users.ts';
import { Random } from '../sim/random.ts';
import { FakeShards } from './fake-shards.ts';

const MANY = 1_000_000;

/** Only looked at by identity. */
function session(): Session {
  return {} as Session;
}

test('users keep their number, and each shard learns them once', () => {
  const shards = new FakeShards(2);
  const users = new UserTable(shards, MANY);
  const numbers = new Set<number>();
  for (let i = 0; i < 3_000; i++) {
    const user = users.user(`u${i}`);
    numbers.add(user.number);
    assert.equal(users.user(`u${i}`), user);
    for (let twice = 0; twice < 2; twice++) assert.ok(users.introduce(user, 1, shards.port(1)));
  }
  assert.equal(numbers.size, 3_000);
  assert.ok(!numbers.has(0));
  assert.equal(shards.introduced.length, 3_000);
  shards.full = true;
  const late = users.user('late');
  assert.equal(users.introduce(late, 0, shards.port(0)), false);
  assert.equal(users.keepFeed(late), false);
  shards.full = false;
  assert.ok(users.keepFeed(late));
  assert.deepEqual(
    shards.introduced.slice(-2).map(({ shard, user, userId }) => [shard, user, userId]),
    [
      [0, late.number, 'late'],
      [1, late.number, 'late'],
    ],
  );
});

test('whoever was away longest is forgotten, by every shard that knows him', () => {
  const shards = new FakeShards(2);
  const users = new UserTable(shards, 3);
  const [ann, bob, cat] = ['ann', 'bob', 'cat'].map((id) => users.user(id)) as [User, User, User];
  users.keepFeed(ann);
  users.introduce(bob, 1, shards.port(1));
  users.user('ann');
  users.user('dan');
  assert.deepEqual(shards.forgotten, [{ shard: 1, user: bob.number }]);
  assert.equal(users.count, 3);
  users.user('eve');
  assert.equal(shards.forgotten.length, 1, 'no shard knew cat');
  users.user('fay');
  assert.deepEqual(shards.forgotten.slice(1), [
    { shard: 0, user: ann.number },
    { shard: 1, user: ann.number },
  ]);
  const numbers = [ann, bob, cat].map(({ number }) => number);
  const again = users.user('ann');
  assert.ok(again !== ann && !numbers.includes(again.number), 'comes back under another number');
  users.introduce(again, 0, shards.port(0));
  assert.deepEqual(shards.introduced.at(-1), { shard: 0, user: again.number, userId: 'ann' });
});

test('nobody with a connection or a request is forgotten, also where there are too many', () => {
  const shards = new FakeShards(1);
  const users = new UserTable(shards, 2);
  const [ann, bob] = [users.user('ann'), users.user('bob')];
  const [first, second] = [session(), session()];
  users.joined(ann, first);
  users.joined(ann, second);
  users.hold(bob);
  for (let i = 0; i < 10; i++) users.user(`u${i}`);
  assert.equal(users.user('ann'), ann);
  assert.equal(users.user('bob'), bob);
  assert.equal(users.count, 3, 'the two, and whoever came last');
  users.left(ann, first);
  users.left(ann, first);
  users.user('u10');
  assert.equal(users.user('ann'), ann, 'one connection is left');
  users.left(ann, second);
  users.release(bob);
  users.user('u11');
  users.user('u12');
  assert.notEqual(users.user('ann'), ann);
  assert.equal(users.count, 2);
});

test('where a queue is full nobody is forgotten, and it is made up for later', () => {
  const shards = new FakeShards(2);
  const users = new UserTable(shards, 2);
  for (const id of ['ann', 'bob']) users.keepFeed(users.user(id));
  const ann = users.user('ann');
  const bob = users.user('bob');
  shards.full = true;
  for (const id of ['cat', 'dan', 'eve']) users.user(id);
  assert.equal(users.count, 5);
  assert.deepEqual(shards.forgotten, []);
  shards.full = false;
  users.user('fay');
  assert.equal(users.count, 2);
  assert.deepEqual(
    shards.forgotten.map(({ user }) => user),
    [ann.number, ann.number, bob.number, bob.number],
  );
});

/** A shard's end of a ring: what it knows by slot, as shard/core.ts does, and what must never be. */
class ReadingThread implements Pick<ShardPort, 'introduce' | 'keepFeed' | 'forget'> {
  readonly #memory = makeRing(4096);
  readonly producer = new RingProducer(this.#memory);
  readonly #users = new KnownUsers();
  readonly #cursor = new InboundCursor(4096);
  #consumer = new RingConsumer(this.#memory);
  #known = new Map<number, { number: number; id: string }>();
  frames = 0;

  introduce(user: number, id: string): boolean {
    return this.#users.introduce(this.producer, user, id, 0);
  }

  keepFeed(user: number, keeps: boolean): boolean {
    return this.#users.keepFeed(this.producer, user, keeps, 0);
  }

  forget(user: number): boolean {
    return this.#users.forget(this.producer, user, 0);
  }

  submit({ number, id }: User): boolean {
    return pushInbound(this.producer, FRAME, 1, number, 0, new TextEncoder().encode(id));
  }

  /** Takes what is there; then it is finished, or the thread dies and the next one starts over. */
  turn(dies: boolean): void {
    this.#cursor.open(this.#consumer.copyTo(this.#cursor.bytes));
    while (this.#cursor.next()) this.#take(this.#cursor);
    if (!dies) return this.#consumer.finish(this.#cursor.passed);
    this.#consumer = new RingConsumer(this.#memory);
    this.#cursor.open(new RingConsumer(this.#memory).copyTo(this.#cursor.bytes));
    this.#known = new Map();
    for (const [number, id] of this.#users.atStart(this.#cursor)) {
      assert.ok(!this.#known.has(slotOf(number)), 'two users in one slot at the start');
      this.#known.set(slotOf(number), { number, id });
    }
  }

  #take({ kind, user: number, bytes, payloadFrom, payloadTo }: InboundCursor): void {
    const id = new TextDecoder().decode(bytes.subarray(payloadFrom, payloadTo));
    const slot = slotOf(number);
    if (kind === INTRODUCE) {
      assert.ok(!this.#known.has(slot), 'a slot is free before it is given to somebody');
      this.#known.set(slot, { number, id });
      return;
    }
    if (kind === FEED) return assert.equal(this.#known.get(slot)?.number, number);
    assert.deepEqual(this.#known.get(slot), { number, id }, 'the number means who it was given to');
    if (kind === FORGET) this.#known.delete(slot);
    else this.frames += 1;
  }
}

test('under any traffic and any deaths a number means one user to a shard', (context) => {
  for (let seed = 1; seed <= 4; seed++) {
    context.diagnostic(`seed ${seed}`);
    const random = new Random(seed);
    const threads = [new ReadingThread(), new ReadingThread()];
    const shards = {
      count: threads.length,
      port: (index: number) => threads[index] as unknown as ShardPort,
    } as Shards;
    const users = new UserTable(shards, 20);
    const connected: [User, Session][] = [];
    const held: User[] = [];
    const slots = new Map<number, number>();
    for (let step = 0; step < 40_000; step++) {
      const user = users.user(`user-${random.below(60)}`);
      slots.set(slotOf(user.number), (slots.get(slotOf(user.number)) ?? 0) + 1);
      const thread = random.pick(threads);
      const shard = threads.indexOf(thread);
      if (users.introduce(user, shard, shards.port(shard))) thread.submit(user);
      if (random.chance(0.02)) users.keepFeed(user);
      if (random.chance(0.02)) users.dropFeed(user.number);
      if (random.chance(0.05)) {
        const one = session();
        users.joined(user, one);
        connected.push([user, one]);
      }
      if (random.chance(0.05)) {
        users.hold(user);
        held.push(user);
      }
      if (connected.length > 8) users.left(...(connected.shift() as [User, Session]));
      if (held.length > 8) users.release(held.shift() as User);
      for (const one of [...held, ...connected.map(([each]) => each)]) {
        assert.equal(users.user(one.id), one, 'whoever is here stays');
      }
      if (random.chance(0.1)) thread.turn(random.chance(0.2));
    }
    for (const thread of threads) {
      thread.turn(false);
      assert.ok(thread.frames > 10_000, `${thread.frames} frames`);
    }
    users.user('the last');
    assert.ok(users.count <= 20, `${users.count} users`);
    assert.ok(slots.size < 5_000, 'slots are used again');
  }
});
