/** Long polling: at once what is newer, else a wait; never a part; places, limits, the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { JSON_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { Client } from './client.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, start } from './fixtures.ts';
import type { HttpAnswer } from './http.ts';
import { http } from './http.ts';
import { answering, update } from './standing-auctions.ts';

const PATH = `/v1/auctions/${AUCTION_A}`;
/** The library cuts what is idle after 10 s, give or take its 4 s beat. */
const QUIET_MS = 15_000;

interface Polled {
  readonly position: string;
  readonly recovered: boolean;
  readonly serverTimeMs: number;
  readonly retryAfterMs?: number;
  readonly updates: readonly Record<string, unknown>[];
}

async function poll(port: number, after: string, wait = '0s'): Promise<Polled> {
  const { status, body } = await http(port, 'GET', `${PATH}?after=${after}&wait=${wait}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as unknown as Polled;
}

/** A poll that waits already, and its answer, which is still to come. */
async function waiting(
  fixture: Fixture,
  path: string,
  token?: string,
): Promise<{ readonly answer: Promise<HttpAnswer> }> {
  const before = fixture.shards.submitted.length;
  const answer = http(fixture.gateway.port, 'GET', path, token === undefined ? {} : { token });
  while (fixture.shards.submitted.length === before) await turn();
  // The fake shard answers a turn later.
  for (let i = 0; i < 3; i++) await turn();
  return { answer };
}

const polledBy = async ({ answer }: { readonly answer: Promise<HttpAnswer> }): Promise<Polled> => {
  const { status, body } = await answer;
  assert.equal(status, 200, JSON.stringify(body));
  return body as unknown as Polled;
};

test('a poll gives at once what a stream would have given, or waits for it', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 3);
  const { port } = fixture.gateway;
  const client = await Client.connect(port, JSON_PROTOCOL);
  client.send(SUBSCRIBE, { id: 1, auctionId: AUCTION_A, epoch: null, seq: null });
  const snapshot = await client.next();
  const first = await poll(port, '-');
  assert.deepEqual([first.position, first.recovered], ['1:3', false]);
  assert.deepEqual(first.updates, [{ ...snapshot }]);
  assert.ok(first.serverTimeMs > 0);
  const second = await waiting(fixture, `${PATH}?after=1:3`);
  update(fixture, 4);
  const { position, recovered, updates } = await polledBy(second);
  assert.deepEqual([position, recovered], ['1:4', true]);
  assert.deepEqual(updates, [await client.next()]);
});

test('all that was missed comes at once, once and in order, over random polls', async (t) => {
  const fixture = await start(t, { limits: { requestsPerSecondAndAddress: 10_000 } });
  let seq = 0;
  answering(fixture, () => seq);
  let random = 20_261_124;
  const below = (n: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return (random >>> 16) % n;
  };
  let { position } = await poll(fixture.gateway.port, '-');
  let seen = 0;
  for (let round = 0; round < 100; round++) {
    for (let left = below(5); left > 0; left--) update(fixture, ++seq);
    const polled = await poll(fixture.gateway.port, position);
    assert.equal(polled.recovered, true, `round ${round}`);
    for (const { fromSeq, seq: to } of polled.updates as { fromSeq?: number; seq: number }[]) {
      assert.ok((fromSeq ?? to) <= seen + 1 && to > seen, `${fromSeq}..${to} after ${seen}`);
      seen = to;
    }
    assert.deepEqual([polled.position, seen], [`1:${seq}`, seq], `round ${round}`);
    // Some answers are lost on the way: the client asks again from where it stood.
    if (below(4) > 0) ({ position } = polled);
    else seen = Number(position.slice(2));
  }
  assert.ok(seq > 100);
});

test('a position of another epoch or too old gets the snapshot, not recovered', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 40);
  for (const after of ['2:40', '1:41', '1:3']) {
    const { position, recovered, updates } = await poll(fixture.gateway.port, after, '10s');
    assert.deepEqual([position, recovered, updates.length], ['1:40', false, 1], after);
    assert.deepEqual([updates[0]?.['type'], updates[0]?.['recovered']], ['snapshot', false]);
  }
});

test('with nothing new it ends after its time, also beyond the one of the library', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 3);
  const from = performance.now();
  const polled = await poll(fixture.gateway.port, '1:3', `${QUIET_MS}ms`);
  assert.ok(performance.now() - from >= QUIET_MS - 5);
  assert.deepEqual([polled.position, polled.recovered, polled.updates], ['1:3', true, []]);
  const brief = await poll(fixture.gateway.port, '1:3', '0s');
  assert.deepEqual([brief.position, brief.recovered, brief.updates], ['1:3', true, []]);
});

test('what cannot be polled is refused', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 3);
  const { port } = fixture.gateway;
  const get = async (path: string): Promise<unknown[]> => {
    const { status, body } = await http(port, 'GET', path);
    return [status, body['field']];
  };
  const unknown = '/v1/auctions/AuctionCCCCCCCCCCCCCCC';
  assert.deepEqual(await get(`${unknown}?after=1:3`), [404, undefined]);
  for (const after of ['x', '1', '0:1', '1:-1', '1:3,1:3']) {
    assert.deepEqual(await get(`${PATH}?after=${after}`), [400, 'after'], after);
  }
  for (const wait of ['x', '10', '-1s', '56s', '1d']) {
    assert.deepEqual(await get(`${PATH}?after=1:3&wait=${wait}`), [400, 'wait'], wait);
  }
  assert.deepEqual(await get(`${PATH}?wait=5s`), [400, 'after']);
  // A shard that says nothing: the client hears so in the time for answers.
  fixture.shards.onSubmit = null;
  const { answer } = await waiting(fixture, `${PATH}?after=1:3`);
  fixture.clock.forward(11_000);
  const { status, body } = await answer;
  assert.deepEqual([status, body['name'], body['retryable']], [503, 'NOT_READY', true]);
});

test('polls take a place of their user and address, and a client that goes frees it', async (t) => {
  const limits = { connectionsPerUserMax: 1, connectionsPerAddressMax: 2 };
  const fixture = await start(t, { limits });
  answering(fixture, () => 3);
  const { port } = fixture.gateway;
  const token = await fixture.token('ann');
  const abort = new AbortController();
  const path = `http://127.0.0.1:${port}${PATH}?after=1:3`;
  const headers = { authorization: `Bearer ${token}` };
  const gone = fetch(path, { headers, signal: abort.signal });
  while (fixture.shards.submitted.length === 0) await turn();
  const second = await http(port, 'GET', `${PATH}?after=1:3`, { token });
  assert.deepEqual([second.status, second.body['name']], [429, 'TOO_MANY_CONNECTIONS']);
  const other = await waiting(fixture, `${PATH}?after=1:3`);
  assert.equal((await http(port, 'GET', `${PATH}?after=1:3`)).status, 429);
  abort.abort();
  await assert.rejects(gone);
  for (;;) {
    const again = await http(port, 'GET', `${PATH}?after=-`, { token });
    if (again.status === 200) break;
    assert.equal(again.status, 429);
    await pause(20);
  }
  update(fixture, 4);
  await polledBy(other);
  // Nobody is left: each place can be taken once more.
  await poll(port, '-');
  await poll(port, '-');
});

test('a poll ends with its token, and with the server, and says when to come back', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => 3);
  const token = await fixture.token('ann', ['bidder'], 40_000);
  const own = await waiting(fixture, `${PATH}?after=1:3&wait=55s`, token);
  fixture.clock.forward(47_000);
  assert.deepEqual((await polledBy(own)).updates, []);
  assert.equal((await http(fixture.gateway.port, 'GET', PATH, { token })).status, 401);
  const other = await waiting(fixture, `${PATH}?after=1:3&wait=55s`);
  const drained = fixture.gateway.drain(500);
  const { updates, position, retryAfterMs } = await polledBy(other);
  assert.deepEqual([updates, position], [[], '1:3']);
  assert.ok((retryAfterMs as number) >= 0);
  await drained;
});
