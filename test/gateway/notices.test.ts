/** The private feed over WebSocket, events and polls: numbered, resumed, forgotten within bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { GATEWAY_LIMITS } from '../../src/gateway/gateway-limits.ts';
import { NoticeTable } from '../../src/gateway/notice-table.ts';
import type { Position } from '../../src/gateway/position.ts';
import { JSON_PROTOCOL, MSGPACK_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { LEADING_AGAIN } from '../../src/protocol/messages/leading-again.ts';
import { OUTBID } from '../../src/protocol/messages/outbid.ts';
import type { OwnAnswer } from '../../src/protocol/messages/own-answer.ts';
import { OWN_ANSWER } from '../../src/protocol/messages/own-answer.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RESULT } from '../../src/protocol/messages/result.ts';
import { withNoticeSeq } from '../../src/protocol/notices.ts';
import { Client } from './client.ts';
import { EventSource } from './event-source.ts';
import { decode, deliver, encode } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, start } from './fixtures.ts';
import { http } from './http.ts';
import { answerOf, bidOf } from './messages.ts';

const AUCTION = { auctionId: AUCTION_A, epoch: 1 };

function ownAnswer(n: number): OwnAnswer {
  const [seq, currentPriceCents] = [n, 100 + n];
  const ends = { suggestedCents: [n], endsAtMs: 4_000_000_000_000 };
  const status = n % 8 === 2 ? 'leading' : 'outbid';
  const stood = { epoch: 1, seq, currentPriceCents, status, minimumNextCents: n, ...ends } as const;
  return {
    auctionId: AUCTION_A,
    command: 'place_bid',
    nonce: `nonce-${String(n).padStart(4, '0')}`,
    amountCents: 50,
    code: n % 8 === 2 ? 0 : 3011,
    record: n,
    serverTimeMs: 1_700_000_000_000,
    standing: stood,
    retryAfterMs: n % 3 === 0 ? 5 : null,
    field: null,
    reason: null,
    noticeSeq: null,
  };
}

/** The n-th thing that happens to a bidder, each of another kind than the last. */
function notice(n: number): Uint8Array {
  const at = { ...AUCTION, seq: n, currentPriceCents: 100 + n, noticeSeq: null };
  const bid = { yourBidCents: 50, endsAtMs: 4_000_000_000_000 };
  if (n % 4 === 0) return encode(OUTBID, { ...at, ...bid, minimumNextCents: 200 });
  if (n % 4 === 1) return encode(LEADING_AGAIN, { ...at, ...bid, reserveMet: true });
  if (n % 4 === 2) return encode(OWN_ANSWER, ownAnswer(n));
  const winnerId = n % 2 === 0 ? 'bob' : null;
  return encode(RESULT, { ...at, outcome: 'sold', winnerId });
}

function tell(fixture: Fixture, userId: string, ...notices: readonly number[]): void {
  const user = fixture.shards.introduced.findLast((one) => one.userId === userId)?.user ?? 0;
  deliver(fixture.gateway.deliveries, (to) =>
    notices.forEach((n) => to.notify(user, 0, notice(n))),
  );
}

function numbersFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

type Feed = readonly Record<string, unknown>[];

interface Reading {
  /** Null where the client gave no position. */
  readonly recovered: boolean | null;
  readonly position: Position;
  readonly notices: Feed;
}

/** Reads what a client that stands there has missed, `count` of them, and goes again. */
type Read = (fixture: Fixture, after: Position | null, count: number) => Promise<Reading>;

const text = ({ epoch, seq }: Position): string => `${epoch}:${seq}`;

function positionOf(id: string): Position {
  const [epoch, seq] = id.split(':').map(Number) as [number, number];
  return { epoch, seq };
}

const byWebSocket =
  (protocol: string): Read =>
  async (fixture, after, count) => {
    const client = await Client.connect(fixture.gateway.port, protocol);
    const token = await fixture.token('ann');
    client.send(HELLO, { id: 1, token, client: null, feed: null, after });
    const welcome = await client.next('welcome');
    const notices = [];
    for (let i = 0; i < count; i++) notices.push(await client.next());
    let position = welcome['position'] as Position;
    const last = notices.at(-1)?.['noticeSeq'];
    if (last !== undefined) position = { ...position, seq: last as number };
    client.socket.close();
    return { recovered: (welcome['recovered'] as boolean | undefined) ?? null, position, notices };
  };

const byEvents: Read = async (fixture, after, count) => {
  const authorization = `Bearer ${await fixture.token('ann')}`;
  const headers = { authorization, ...(after === null ? {} : { 'last-event-id': text(after) }) };
  const source = await EventSource.open(fixture.gateway.port, '/v1/me/events', headers);
  const welcome = await source.next();
  const notices = [];
  for (let i = 0; i < count; i++) notices.push((await source.next())?.data ?? {});
  source.close();
  const recovered = (welcome?.data['recovered'] as boolean | undefined) ?? null;
  return { recovered, position: positionOf(source.lastEventId), notices };
};

const byPolls: Read = async (fixture, after) => {
  const path = `/v1/me/notices?after=${after === null ? '-' : text(after)}&wait=0s`;
  const { body } = await http(fixture.gateway.port, 'GET', path, {
    token: await fixture.token('ann'),
  });
  return {
    recovered: after === null ? null : (body['recovered'] as boolean),
    position: positionOf(body['position'] as string),
    notices: body['notices'] as Feed,
  };
};

const WAYS: readonly (readonly [name: string, read: Read])[] = [
  ['WebSocket, binary', byWebSocket(MSGPACK_PROTOCOL)],
  ['WebSocket, JSON', byWebSocket(JSON_PROTOCOL)],
  ['events', byEvents],
  ['polls', byPolls],
];

/** What matters of a notice, whatever it is written in. */
const essence = ({ noticeSeq, standing, ...rest }: Record<string, unknown>): unknown => {
  const { seq, currentPriceCents } = (standing ?? rest) as Record<string, unknown>;
  return [noticeSeq, seq, currentPriceCents];
};

test('every way gives the same notices, and what was missed, whichever way comes next', async (t) => {
  const limits = { signInsPerSecondAndAddress: 1_000, connectionsPerUserMax: 1_000 };
  const fixture = await start(t, { limits });
  let position: Position | null = null;
  let random = 20_261_125;
  const below = (n: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return (random >>> 16) % n;
  };
  let told = 0;
  for (let round = 0; round < 60; round++) {
    const fresh = round === 0 ? 0 : below(6);
    const numbers = numbersFrom(told + 1, fresh);
    told += fresh;
    if (fresh > 0) tell(fixture, 'ann', ...numbers);
    const before = position as Position | null;
    const all: unknown[] = [];
    for (const [name, read] of WAYS) {
      const reading: Reading = await read(fixture, before, fresh);
      assert.equal(reading.recovered, before === null ? null : true, `${name} in round ${round}`);
      const from: number = before?.seq ?? reading.position.seq;
      const expected: unknown[] = numbers.map((n: number, i: number) => [from + i + 1, n, 100 + n]);
      assert.deepEqual(reading.notices.map(essence), expected, `${name} in round ${round}`);
      all.push(reading.position);
      position = reading.position;
    }
    for (const reached of all) assert.deepEqual(reached, position);
  }
  assert.ok(told > 100);
});

test('every way tells at once what happens while it is there', async (t) => {
  const fixture = await start(t);
  const token = await fixture.token('ann');
  const { port } = fixture.gateway;
  const client = await Client.signedIn(fixture, 'ann');
  const source = await EventSource.open(port, '/v1/me/events', {
    authorization: `Bearer ${token}`,
  });
  const welcome = await source.next();
  assert.equal(welcome?.type, 'welcome');
  assert.equal(welcome?.data['userId'], 'ann');
  const path = `/v1/me/notices?after=${source.lastEventId}&wait=25s`;
  const polled = http(port, 'GET', path, { token });
  const bySocket = client.next();
  const byEvent = source.next();
  for (let i = 0; i < 50; i++) await turn();
  tell(fixture, 'ann', 4);
  const event = await byEvent;
  const answer = await polled;
  const { type, ...same } = event?.data ?? {};
  assert.equal(type, 'outbid');
  assert.deepEqual(essence(same), essence(await bySocket));
  assert.deepEqual((answer.body['notices'] as Feed).map(essence), [essence(same)]);
  assert.equal(answer.body['position'], event?.id);
  source.close();
  // Somebody else is told nothing of it.
  assert.equal((await http(port, 'GET', '/v1/me/notices?after=-')).status, 401);
  assert.equal((await http(port, 'GET', '/v1/me/events')).status, 401);
  for (const [after, status] of [
    ['', 400],
    ['after=x', 400],
    ['after=1:2,1:3', 400],
  ] as const) {
    assert.equal((await http(port, 'GET', `/v1/me/notices?${after}`, { token })).status, status);
  }
});

test('whoever asked has the answer alone; every other connection has the copy', async (t) => {
  const fixture = await start(t);
  const asking = await Client.signedIn(fixture, 'ann');
  const other = await Client.signedIn(fixture, 'ann');
  const source = await EventSource.open(fixture.gateway.port, '/v1/me/events', {
    authorization: `Bearer ${await fixture.token('ann')}`,
  });
  const position = (await source.next())?.data['position'] as Position;
  const told = fixture.shards.feeds.map(({ shard, keeps }) => [shard, keeps]);
  assert.deepEqual(told, [
    [0, true],
    [1, true],
  ]);
  asking.send(PLACE_BID, bidOf(7));
  const { conn, user } = await fixture.shards.next();
  deliver(fixture.gateway.deliveries, (to) => {
    to.reply(conn, encode(ANSWER, answerOf(7)));
    to.notify(user, conn, encode(OWN_ANSWER, ownAnswer(2)));
    to.notify(user, 0, notice(4));
  });
  const [first, second] = [await asking.next(), await asking.next()];
  assert.deepEqual([first.type, second.type], ['answer', 'outbid']);
  for (const { type, noticeSeq } of [await other.next(), (await source.next())?.data ?? {}]) {
    assert.deepEqual([type, noticeSeq], ['own_answer', position.seq + 1]);
  }
  source.close();
  // Its connection broke before it had read the answer: then it is among what was missed.
  for (const [name, read] of WAYS) {
    const { recovered, notices } = await read(fixture, position, 2);
    const types = notices.map((one) => one['type']);
    assert.deepEqual([recovered, ...types], [true, 'own_answer', 'outbid'], name);
    const { nonce, code, standing } = notices[0] ?? {};
    assert.deepEqual([nonce, code], ['nonce-0002', 0], name);
    assert.equal((standing as Record<string, unknown>)['status'], 'leading', name);
  }
  // Of an own answer that refuses, JSON says what it is.
  tell(fixture, 'ann', 6);
  const refused = await byPolls(fixture, { ...position, seq: position.seq + 2 }, 1);
  assert.equal(refused.notices[0]?.['name'], 'BID_TOO_LOW');
});

test('shards copy answers only as long as a feed is kept', async (t) => {
  const fixture = await start(t, { limits: { noticeUsersMax: 2 }, shardCount: 1 });
  const { shards } = fixture;
  const feedOf = (userId: string): boolean[] => {
    const { user } = shards.introduced.findLast((one) => one.userId === userId) ?? {};
    return shards.feeds.filter((one) => one.user === user).map(({ keeps }) => keeps);
  };
  const without = await Client.connect(fixture.gateway.port);
  const token = await fixture.token('dan');
  without.send(HELLO, { id: 1, token, client: null, feed: false, after: null });
  await without.next('welcome');
  without.send(PLACE_BID, bidOf(2));
  await shards.next();
  assert.deepEqual(feedOf('dan'), []);
  const ann = await Client.signedIn(fixture, 'ann');
  const bob = await Client.signedIn(fixture, 'bob');
  bob.socket.close();
  await bob.closed;
  // Two more come. Ann is still here, Bob is not.
  await Client.signedIn(fixture, 'cat');
  await Client.signedIn(fixture, 'eve');
  assert.deepEqual([feedOf('ann'), feedOf('bob')], [[true], [true, false]]);
  await Client.signedIn(fixture, 'bob');
  assert.deepEqual(feedOf('bob'), [true, false, true]);
  ann.socket.close();
});

test('a shard that died may have lost notices: whoever follows is told so', async (t) => {
  const fixture = await start(t);
  const { port } = fixture.gateway;
  const token = await fixture.token('ann');
  const binary = await Client.signedIn(fixture, 'ann');
  const json = await Client.signedIn(fixture, 'ann', { protocol: JSON_PROTOCOL });
  const without = await Client.signedIn(fixture, 'ann', { feed: false });
  const source = await EventSource.open(port, '/v1/me/events', {
    authorization: `Bearer ${token}`,
  });
  const before = (await source.next())?.data['position'] as Position;
  const polled = http(port, 'GET', `/v1/me/notices?after=${text(before)}&wait=25s`, { token });
  for (let i = 0; i < 50; i++) await turn();
  fixture.shards.deaths += 1;
  // A hello that only prolongs the sign-in does not hide it.
  json.send(HELLO, { id: 5, token, client: null, feed: null, after: null });
  const position = { epoch: before.epoch, seq: before.seq + 1 };
  const welcomes = [await json.next('welcome'), await json.next('welcome')];
  assert.deepEqual(welcomes.map(({ id }) => id).toSorted(), [0, 5]);
  const again = welcomes.find(({ id }) => id === 0) as Record<string, unknown>;
  for (const told of [await binary.next('welcome'), again]) {
    assert.deepEqual([told['id'], told['recovered'], told['position']], [0, false, position]);
  }
  const event = await source.next();
  assert.deepEqual([event?.type, event?.data['recovered']], ['welcome', false]);
  assert.equal(source.lastEventId, text(position));
  const { recovered, position: reached } = (await polled).body;
  assert.deepEqual([recovered, reached], [false, text(position)]);
  // They are told once, and go on from there.
  tell(fixture, 'ann', 4);
  for (const told of [await binary.next(), await json.next(), (await source.next())?.data ?? {}]) {
    assert.deepEqual([told['type'], told['noticeSeq']], ['outbid', position.seq + 1]);
  }
  for (const [name, read] of WAYS) {
    assert.equal((await read(fixture, position, 1)).recovered, true, name);
    assert.equal((await read(fixture, before, 0)).recovered, false, name);
  }
  assert.deepEqual(without.received, []);
  source.close();
});

test('a position that is too old, of another start or of the future is not recovered', async (t) => {
  const limits = { noticesPerUserMax: 8, signInsPerSecondAndAddress: 1_000 };
  const fixture = await start(t, { limits });
  const { position } = await byPolls(fixture, null, 0);
  for (let n = 1; n <= 20; n++) tell(fixture, 'ann', n);
  const newest = { ...position, seq: position.seq + 20 };
  const strangers = [
    position,
    { ...newest, epoch: (newest.epoch % 0xffff_fffe) + 1 },
    { ...newest, seq: newest.seq + 1 },
  ];
  for (const [name, read] of WAYS) {
    for (const after of strangers) {
      const expected = { recovered: false, position: newest, notices: [] };
      assert.deepEqual(await read(fixture, after, 0), expected, name);
    }
  }
  const other = await start(t);
  const { recovered } = await byPolls(other, newest, 0);
  assert.equal(recovered, false, 'another start of the server');
});

test('users whose notices are forgotten are not told that they have all', () => {
  const limits = { ...GATEWAY_LIMITS, noticeUsersMax: 3 };
  let deaths = 0;
  const forgotten: number[] = [];
  const table = new NoticeTable(
    limits,
    () => deaths,
    (user) => forgotten.push(user),
  );
  const from = new Map<number, Position>();
  for (const user of [1, 2, 3]) from.set(user, table.open(user, null).position);
  const at = (user: number): Position => from.get(user) as Position;
  // User 1 was told something last, so 2 goes when 4 comes.
  table.add(1, notice(1));
  table.open(4, null);
  assert.deepEqual(
    [1, 2, 3, 4].map((user) => table.has(user)),
    [true, false, true, true],
  );
  assert.equal(table.count, 3);
  assert.deepEqual(forgotten, [2]);
  assert.equal(table.open(1, at(1)).missed.length, 1);
  assert.equal(table.open(2, at(2)).recovered, false);
  // However much he is told from now on, and whatever others were told, it does not fit again.
  for (let n = 1; n < 100; n++) table.add(2, notice(n));
  assert.equal(table.open(2, at(2)).recovered, false);
  assert.equal(table.open(1, at(1)).recovered, true);
  // A shard died: what it had to say may be lost.
  deaths += 1;
  assert.equal(table.open(1, at(1)).recovered, false);
});

/** Which notice it is, by the place in the auction. */
function placeOf(value: unknown): number {
  const { standing, seq } = value as { readonly standing?: { readonly seq: number }; seq: number };
  return standing?.seq ?? seq;
}

test('over thousands of random lives nobody is told that he has all when he has not', () => {
  let random = 7;
  const below = (n: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return (random >>> 16) % n;
  };
  const limits = { ...GATEWAY_LIMITS, noticeUsersMax: 4, noticesPerUserMax: 6 };
  const table = new NoticeTable(
    limits,
    () => 0,
    () => {},
  );
  const places = new Map<number, Position>();
  /** What each user was told after his place; a user without a history is told nothing. */
  const pending = new Map<number, number[]>();
  let recovered = 0;
  let lost = 0;
  for (let step = 1; step <= 20_000; step++) {
    const user = 1 + below(7);
    if (below(3) > 0) {
      // Also to those whose history is gone: then it is lost on them.
      pending.get(user)?.push(step);
      if (table.has(user)) table.add(user, notice(step));
      continue;
    }
    const after = places.get(user) ?? null;
    const opened = table.open(user, after);
    const told = opened.missed.map((bytes) => placeOf(decode(bytes).value));
    if (opened.recovered === true) {
      assert.deepEqual(told, pending.get(user), `step ${step}`);
      recovered += 1;
    } else {
      assert.deepEqual(told, []);
      if (after !== null) lost += 1;
    }
    const last = opened.missed.at(-1);
    const seq =
      last === undefined
        ? opened.position.seq
        : (decode(last).value as { noticeSeq: number }).noticeSeq;
    places.set(user, { epoch: opened.position.epoch, seq });
    pending.set(user, []);
  }
  assert.ok(recovered > 1_000 && lost > 500, `${recovered} ${lost}`);
});

test('a notice with its number is the notice and its number', () => {
  for (const seq of [1, 127, 128, 255, 256, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    for (let n = 0; n < 24; n++) {
      const bare = decode(notice(n));
      const numbered = decode(withNoticeSeq(notice(n), seq));
      assert.equal(numbered.type, bare.type);
      assert.deepEqual(numbered.value, { ...(bare.value as object), noticeSeq: seq });
      const written = encode(numbered.message, numbered.value);
      assert.deepEqual(Buffer.from(withNoticeSeq(notice(n), seq)), Buffer.from(written));
    }
  }
});
