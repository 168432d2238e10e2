/** Server-Sent Events: what a WebSocket of JSON gets, positions as ids, resume, limits, the end. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { JSON_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import { AUCTION_CHANGED } from '../../src/protocol/messages/auction-changed.ts';
import type { Ended } from '../../src/protocol/messages/ended.ts';
import { ENDED } from '../../src/protocol/messages/ended.ts';
import { EXTENDED } from '../../src/protocol/messages/extended.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { Client } from './client.ts';
import type { Event } from './event-source.ts';
import { EventSource } from './event-source.ts';
import { deliver, encode } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, AUCTION_B, start, view } from './fixtures.ts';
import { http } from './http.ts';
import { answering, HANDLE_A, HANDLE_B, update } from './standing-auctions.ts';

/** The library cuts responses after 10 s, give or take its 4 s beat. */
const QUIET_MS = 15_000;
const PATH = `/v1/auctions/${AUCTION_A}/events`;

async function nextOf(source: EventSource): Promise<Event> {
  const event = await source.next();
  assert.ok(event !== undefined, 'the stream goes on');
  return event;
}

test('a stream gives the messages of a WebSocket of JSON, with the position as id', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 3);
  const { port, deliveries } = fixture.gateway;
  const client = await Client.connect(port, JSON_PROTOCOL);
  client.send(SUBSCRIBE, { id: 1, auctionId: AUCTION_A, epoch: null, seq: null });
  const first = await client.next();
  const source = await EventSource.open(port, PATH);
  assert.equal(source.status, 200);
  assert.equal(source.body.headers.get('content-type'), 'text/event-stream');
  const snapshot = await nextOf(source);
  assert.deepEqual([snapshot.type, snapshot.id, snapshot.data], ['snapshot', '1:3', { ...first }]);
  update(fixture, 4);
  const extended = { handle: HANDLE_A, seq: 5, endsAtMs: 4_000_000_060_000, extension: 1 };
  const changed = { handle: HANDLE_A, auction: view({ seq: 6 }) };
  const ended: Ended = {
    handle: HANDLE_A,
    seq: 7,
    status: 'sold',
    reason: 'time',
    currentPriceCents: 104,
    bidCount: 4,
    winner: 1,
  };
  deliver(deliveries, (to) => {
    to.update(HANDLE_A, 5, 5, true, encode(EXTENDED, extended));
    to.update(HANDLE_A, 6, 6, true, encode(AUCTION_CHANGED, changed));
    to.update(HANDLE_A, 7, 7, true, encode(ENDED, ended));
  });
  for (const id of ['1:4', '1:5', '1:6', '1:7']) {
    const event = await nextOf(source);
    assert.equal(event.id, id);
    assert.equal(event.type, event.data['type']);
    assert.deepEqual(event.data, await client.next());
  }
  source.close();
});

for (const conflationMs of [0, 3]) {
  const how = conflationMs === 0 ? 'every update' : 'conflated';
  test(`with Last-Event-ID all that was missed comes once and in order, ${how}`, async (t) => {
    await manyDisconnects(await start(t, { limits: { conflationMs } }), conflationMs);
  });
}

async function manyDisconnects(fixture: Fixture, conflationMs: number): Promise<void> {
  let seq = 0;
  answering(fixture, () => seq);
  let random = 20_261_123;
  const below = (n: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return (random >>> 16) % n;
  };
  let lastEventId = '';
  let seen = 0;
  for (let round = 0; round < 40; round++) {
    const headers = lastEventId === '' ? undefined : { 'last-event-id': lastEventId };
    const source = await EventSource.open(fixture.gateway.port, PATH, headers);
    const behind = seq;
    const first = await nextOf(source);
    assert.equal(first.type, round === 0 ? 'snapshot' : 'resumed', `round ${round}`);
    for (let left = below(6); left > 0; left--) update(fixture, ++seq);
    // Some rounds stop in the middle of what was missed, some have read nothing but the head.
    const until = below(3) === 0 ? Math.min(seen + 1, behind) : seq;
    if (below(5) > 0) {
      while (seen < until) {
        const { data } = await nextOf(source);
        const { seq: toSeq, fromSeq = toSeq } = data as { seq: number; fromSeq?: number };
        assert.ok(fromSeq <= seen + 1 && toSeq > seen, `${fromSeq}..${toSeq} after ${seen}`);
        if (conflationMs === 0) assert.equal(toSeq, seen + 1);
        seen = toSeq;
      }
    }
    lastEventId = source.lastEventId;
    assert.equal(lastEventId, `1:${seen}`);
    source.close();
    for (let left = below(4); left > 0; left--) update(fixture, ++seq);
  }
  assert.ok(seq > 50 && seen > 20);
}

test('a position of another epoch or too old gets the snapshot, not recovered', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 40);
  for (const id of ['2:40', '4294967295:40', '1:41', '1:3']) {
    const source = await EventSource.open(fixture.gateway.port, PATH, { 'last-event-id': id });
    const { type, data } = await nextOf(source);
    assert.deepEqual([type, data['recovered']], ['snapshot', false]);
    source.close();
  }
});

test('several auctions in one stream: the id holds a position for each', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 3);
  const { port } = fixture.gateway;
  const path = `/v1/events?auctions=${AUCTION_A},${AUCTION_B}`;
  const source = await EventSource.open(port, path);
  const firsts = [await nextOf(source), await nextOf(source)];
  assert.ok(firsts[0]?.id === '1:3,-' || firsts[0]?.id === '-,1:3', firsts[0]?.id);
  assert.equal(firsts[1]?.id, '1:3,1:3');
  update(fixture, 4, HANDLE_B);
  assert.equal((await nextOf(source)).id, '1:3,1:4');
  source.close();
  // Of one auction nothing had come: it begins anew, the other goes on.
  const again = await EventSource.open(port, path, { 'last-event-id': '1:3,-' });
  const types = [await nextOf(again), await nextOf(again)].map(({ type }) => type);
  assert.deepEqual(types.toSorted(), ['resumed', 'snapshot']);
  again.close();
});

test('what cannot be streamed is refused by a status', async (t) => {
  const fixture = await start(t, { allowAnonymous: false });
  answering(fixture, () => 3);
  const { port } = fixture.gateway;
  assert.equal((await http(port, 'GET', PATH)).status, 401);
  const token = await fixture.token('ann');
  const get = async (path: string, id = ''): Promise<unknown[]> => {
    const headers = id === '' ? {} : { 'last-event-id': id };
    const { status, body } = await http(port, 'GET', path, { token, headers });
    return [status, body['field']];
  };
  const unknown = 'AuctionCCCCCCCCCCCCCCC';
  assert.deepEqual(await get(`/v1/auctions/${unknown}/events`), [404, undefined]);
  for (const id of ['x', '1', '0:1', '1:-1', '1:3,1:3', '-1:3']) {
    assert.deepEqual(await get(PATH, id), [400, 'last-event-id'], id);
  }
  for (const list of ['', '?auctions=', `?auctions=${AUCTION_A},${AUCTION_A}`, '?auctions=x']) {
    assert.deepEqual(await get(`/v1/events${list}`), [400, 'auctions'], list);
  }
});

test('streams count as connections of their address and user, and are forgotten', async (t) => {
  const limits = { connectionsPerUserMax: 1, connectionsPerAddressMax: 2 };
  const fixture = await start(t, { limits });
  answering(fixture, () => 3);
  const { port } = fixture.gateway;
  const token = await fixture.token('ann');
  const authorization = `Bearer ${token}`;
  const own = await EventSource.open(port, PATH, { authorization });
  const second = await http(port, 'GET', PATH, { token });
  assert.deepEqual([second.status, second.body['name']], [429, 'TOO_MANY_CONNECTIONS']);
  const other = await EventSource.open(port, PATH);
  assert.equal((await http(port, 'GET', PATH)).status, 429);
  own.close();
  other.close();
  for (;;) {
    const again = await EventSource.open(port, PATH, { authorization });
    again.close();
    if (again.status === 200) break;
    await turn();
  }
});

test('a quiet stream stays open beyond the time after which the library cuts', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 3);
  const source = await EventSource.open(fixture.gateway.port, PATH);
  await nextOf(source);
  const coming = nextOf(source);
  await pause(QUIET_MS);
  update(fixture, 4);
  assert.equal((await coming).id, '1:4');
  source.close();
});

test('the clock comes at its interval, and moves no position', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 3);
  const source = await EventSource.open(fixture.gateway.port, PATH);
  await nextOf(source);
  fixture.clock.forward(26_000);
  const tick = await nextOf(source);
  assert.deepEqual([tick.type, tick.id], ['tick', '1:3']);
  assert.ok((tick.data['serverTimeMs'] as number) > 0);
  source.close();
});

test('a stream ends with its token', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 3);
  const authorization = `Bearer ${await fixture.token('ann', ['bidder'], 60_000)}`;
  const source = await EventSource.open(fixture.gateway.port, PATH, { authorization });
  await nextOf(source);
  fixture.clock.forward(61_000);
  let event = await nextOf(source);
  if (event.type === 'tick') event = await nextOf(source);
  assert.deepEqual([event.type, event.data['code']], ['goodbye', 3005]);
  assert.equal(await source.next(), undefined);
});

test('a drain says goodbye with the time to come back, and ends the stream', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 3);
  const source = await EventSource.open(fixture.gateway.port, PATH);
  await nextOf(source);
  const drained = fixture.gateway.drain(500);
  const goodbye = await nextOf(source);
  assert.deepEqual([goodbye.type, goodbye.data['code'], goodbye.id], ['goodbye', 3001, '1:3']);
  assert.equal(goodbye.retry, `${goodbye.data['reconnectAfterMs'] as number}`);
  assert.equal(await source.next(), undefined);
  await drained;
});

test('a stream that is not read is ended as slow, and is whole up to there', async (t) => {
  const slow = { slowConsumerBytes: 32 * 1024, backPressureBytesMax: 64 * 1024 };
  const limits = { ...slow, conflationMs: 0 };
  const fixture = await start(t, { limits });
  let seq = 0;
  answering(fixture, () => seq);
  const { port, metrics } = fixture.gateway;
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write(`GET ${PATH} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await new Promise((resolve) => socket.once('readable', resolve));
  while (metrics.closes('SLOW_CONSUMER') === 0 && seq < 400_000) {
    for (let i = 0; i < 500; i++) update(fixture, ++seq);
    await turn();
  }
  assert.equal(metrics.closes('SLOW_CONSUMER'), 1);
  let text = '';
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString('latin1');
    if (text.endsWith('\r\n0\r\n\r\n')) break;
  }
  const events = text.replaceAll(/\r\n[0-9a-f]+\r\n/g, '');
  const ids = Array.from(events.matchAll(/^id: 1:(\d+)$/gm), ([, id]) => Number(id));
  assert.match(events, /event: goodbye\nid: 1:\d+\nretry: \d+\ndata: [^\n]*"code":3008/);
  const last = ids.at(-1) as number;
  assert.deepEqual(
    ids.slice(0, -1),
    Array.from({ length: last + 1 }, (_, i) => i),
  );
});
