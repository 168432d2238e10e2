/** Subscriptions: order, resume, unsubscribe, linger. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { GatewayLimits } from '../../src/gateway/gateway-limits.ts';
import { AUCTION_CHANGED } from '../../src/protocol/messages/auction-changed.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { UNSUBSCRIBE } from '../../src/protocol/messages/unsubscribe.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import type { Named } from './client.ts';
import { Client } from './client.ts';
import { deliver, encode } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, AUCTION_B, start, view } from './fixtures.ts';
import { refusedFrame, subscriptionTo, updateFrame } from './messages.ts';

const HANDLE = 6;

interface Position {
  readonly epoch: number;
  readonly seq: number;
}

/** Subscribes and lets the shard answer at `seq`; gives what came first. */
async function watch(
  fixture: Fixture,
  client: Client,
  seq: number,
  from: Position | null = null,
  over: Partial<AuctionView> = {},
): Promise<Named> {
  const { epoch, seq: fromSeq } = from ?? { epoch: null, seq: null };
  client.send(SUBSCRIBE, { id: 50, auctionId: AUCTION_A, epoch, seq: fromSeq });
  const submitted = await fixture.shards.next();
  const { sub, bytes } = subscriptionTo(submitted, HANDLE, seq, over);
  deliver(fixture.gateway.deliveries, (to) => to.subscribed(submitted.conn, sub, bytes));
  return client.next();
}

function update(fixture: Fixture, seq: number, fromSeq = seq): void {
  const bytes = updateFrame(HANDLE, seq, fromSeq === seq ? {} : { fromSeq });
  deliver(fixture.gateway.deliveries, (to) => to.update(HANDLE, fromSeq, seq, false, bytes));
}

/** Every update is published, so that each can be looked at; conflation has tests of its own. */
async function begin(
  t: TestContext,
  limits: Partial<GatewayLimits> = {},
): Promise<{ fixture: Fixture; client: Client }> {
  const fixture = await start(t, { limits: { conflationMs: 0, ...limits } });
  return { fixture, client: await Client.connect(fixture.gateway.port) };
}

async function nothingMore(client: Client): Promise<void> {
  client.send(PING, { id: 99, clientTimeMs: null });
  await client.next('pong');
}

test('the snapshot comes first, then every later update in order', async (t) => {
  const { fixture, client } = await begin(t);
  const snapshot = await watch(fixture, client, 3);
  assert.equal(snapshot.type, 'snapshot');
  assert.equal(snapshot['recovered'], undefined);
  for (let seq = 4; seq <= 20; seq++) update(fixture, seq);
  for (let seq = 4; seq <= 20; seq++) assert.equal((await client.next('bid_update'))['seq'], seq);
});

test('a subscription in the middle of a run gets what came after it and not what came before', async (t) => {
  const { fixture, client } = await begin(t);
  const early = await Client.connect(fixture.gateway.port);
  await watch(fixture, early, 1);
  client.send(SUBSCRIBE, { id: 7, auctionId: AUCTION_A, epoch: null, seq: null });
  const submitted = await fixture.shards.next();
  deliver(fixture.gateway.deliveries, (to) => {
    to.update(HANDLE, 2, 2, false, updateFrame(HANDLE, 2));
    const { sub, bytes } = subscriptionTo(submitted, HANDLE, 2);
    to.subscribed(submitted.conn, sub, bytes);
    to.update(HANDLE, 3, 3, false, updateFrame(HANDLE, 3));
  });
  assert.equal((await client.next('snapshot'))['id'], 7);
  assert.equal((await client.next('bid_update'))['seq'], 3);
  await nothingMore(client);
  assert.equal((await early.next('bid_update'))['seq'], 2);
  assert.equal((await early.next('bid_update'))['seq'], 3);
});

test('replies before a subscription of the same run arrive before it', async (t) => {
  const { fixture, client } = await begin(t);
  client.send(SUBSCRIBE, { id: 7, auctionId: AUCTION_B, epoch: null, seq: null });
  const refused = await fixture.shards.next();
  client.send(SUBSCRIBE, { id: 8, auctionId: AUCTION_A, epoch: null, seq: null });
  const taken = await fixture.shards.next();
  deliver(fixture.gateway.deliveries, (to) => {
    to.reply(refused.conn, refusedFrame(7, 'AUCTION_UNKNOWN'));
    const { sub, bytes } = subscriptionTo(taken, HANDLE, 2);
    to.subscribed(taken.conn, sub, bytes);
  });
  assert.equal((await client.next('refused'))['id'], 7);
  assert.equal((await client.next('snapshot'))['id'], 8);
});

test('a second subscribe to the same auction is answered and doubles nothing', async (t) => {
  const { fixture, client } = await begin(t);
  await watch(fixture, client, 1);
  assert.equal((await watch(fixture, client, 1)).type, 'snapshot');
  update(fixture, 2);
  await client.next('bid_update');
  await nothingMore(client);
});

test('with the last position everything missed comes, in order', async (t) => {
  const { fixture, client } = await begin(t);
  await watch(fixture, client, 0);
  for (let seq = 1; seq <= 5; seq++) update(fixture, seq);
  update(fixture, 9, 6);
  client.socket.close();
  await client.closed;
  update(fixture, 10);
  const again = await Client.connect(fixture.gateway.port);
  const resumed = await watch(fixture, again, 10, { epoch: 1, seq: 3 });
  assert.deepEqual(
    [resumed.type, resumed['id'], resumed['seq'], resumed['missed']],
    ['resumed', 50, 10, 4],
  );
  for (const seq of [4, 5, 9, 10]) assert.equal((await again.next('bid_update'))['seq'], seq);
  update(fixture, 11);
  assert.equal((await again.next('bid_update'))['seq'], 11);
});

test('a position at the newest resumes with nothing missed, also when nothing had been sent', async (t) => {
  const { fixture, client } = await begin(t);
  const resumed = await watch(fixture, client, 7, { epoch: 1, seq: 7 });
  assert.deepEqual([resumed.type, resumed['missed']], ['resumed', 0]);
  update(fixture, 8);
  await client.next('bid_update');
});

test('a position of another epoch, of the future or too old gets the snapshot, not recovered', async (t) => {
  const { fixture, client } = await begin(t, { historyUpdatesMax: 8 });
  await watch(fixture, client, 0);
  for (let seq = 1; seq <= 40; seq++) update(fixture, seq);
  for (let seq = 1; seq <= 40; seq++) await client.next('bid_update');
  for (const from of [
    { epoch: 2, seq: 40 },
    { epoch: 1, seq: 41 },
    { epoch: 1, seq: 3 },
  ]) {
    const first = await watch(fixture, client, 40, from);
    assert.deepEqual([first.type, first['recovered']], ['snapshot', false]);
  }
  const covered = await watch(fixture, client, 40, { epoch: 1, seq: 37 });
  assert.deepEqual([covered.type, covered['missed']], ['resumed', 3]);
});

test('a gap in the updates ends what can be resumed', async (t) => {
  const { fixture, client } = await begin(t);
  await watch(fixture, client, 0);
  update(fixture, 1);
  update(fixture, 5);
  await client.next('bid_update');
  await client.next('bid_update');
  assert.equal((await watch(fixture, client, 5, { epoch: 1, seq: 1 })).type, 'snapshot');
  const behind = await watch(fixture, client, 5, { epoch: 1, seq: 4 });
  assert.deepEqual([behind.type, behind['missed']], ['resumed', 1]);
  await client.next('bid_update');
  const level = await watch(fixture, client, 5, { epoch: 1, seq: 5 });
  assert.deepEqual([level.type, level['missed']], ['resumed', 0]);
});

test('when the shard is elsewhere than the hub thought, those who watch get the whole state', async (t) => {
  const { fixture, client } = await begin(t);
  await watch(fixture, client, 3);
  const other = await Client.connect(fixture.gateway.port);
  await watch(fixture, other, 9, null, { epoch: 2 });
  const changed = await client.next('auction_changed');
  const auction = changed['auction'] as AuctionView;
  assert.deepEqual([auction.epoch, auction.seq], [2, 9]);
});

test('unsubscribe is answered, and no update comes after', async (t) => {
  const { fixture, client } = await begin(t);
  await watch(fixture, client, 0);
  client.send(UNSUBSCRIBE, { id: 8, auctionId: AUCTION_A });
  assert.equal((await client.next('done'))['id'], 8);
  update(fixture, 1);
  await nothingMore(client);
  client.send(UNSUBSCRIBE, { id: 9, auctionId: AUCTION_B });
  assert.equal((await client.next('done'))['id'], 9);
});

test('an unsubscribe behind its subscribe is answered after it, and holds', async (t) => {
  const { fixture, client } = await begin(t);
  client.send(SUBSCRIBE, { id: 7, auctionId: AUCTION_A, epoch: null, seq: null });
  client.send(UNSUBSCRIBE, { id: 8, auctionId: AUCTION_A });
  client.send(PING, { id: 9, clientTimeMs: null });
  await client.next('pong');
  const submitted = await fixture.shards.next();
  const { sub, bytes } = subscriptionTo(submitted, HANDLE, 2);
  deliver(fixture.gateway.deliveries, (to) => {
    to.subscribed(submitted.conn, sub, bytes);
    to.update(HANDLE, 3, 3, false, updateFrame(HANDLE, 3));
  });
  assert.equal((await client.next('snapshot'))['id'], 7);
  assert.equal((await client.next('done'))['id'], 8);
  await nothingMore(client);
});

test('an unsubscribe behind a subscribe that is refused is answered after the refusal', async (t) => {
  const { fixture, client } = await begin(t);
  client.send(SUBSCRIBE, { id: 7, auctionId: AUCTION_A, epoch: null, seq: null });
  client.send(UNSUBSCRIBE, { id: 8, auctionId: AUCTION_A });
  const { conn } = await fixture.shards.next();
  client.send(PING, { id: 9, clientTimeMs: null });
  await client.next('pong');
  deliver(fixture.gateway.deliveries, (to) => to.reply(conn, refusedFrame(7, 'AUCTION_UNKNOWN')));
  assert.equal((await client.next('refused'))['id'], 7);
  assert.equal((await client.next('done'))['id'], 8);
});

test('auctions that nobody watches are given up after the linger, and not before', async (t) => {
  const { fixture, client } = await begin(t);
  await watch(fixture, client, 0);
  assert.deepEqual(fixture.gateway.watchedHandles(), [HANDLE]);
  client.socket.close();
  await client.closed;
  fixture.clock.forward(59_000);
  const other = await Client.connect(fixture.gateway.port);
  assert.equal((await watch(fixture, other, 0, { epoch: 1, seq: 0 })).type, 'resumed');
  assert.deepEqual(fixture.shards.unwatched, []);
  other.socket.close();
  await other.closed;
  const given = new Promise<number>((resolve) => {
    fixture.shards.port(HANDLE % 2).unwatch = (handle) => {
      resolve(handle);
      return true;
    };
  });
  fixture.clock.forward(61_000);
  assert.equal(await given, HANDLE);
  assert.deepEqual(fixture.gateway.watchedHandles(), []);
  update(fixture, 1);
});

test('a subscribe whose connection has gone is remembered, so that it can be given up', async (t) => {
  const { fixture, client } = await begin(t);
  client.send(SUBSCRIBE, { id: 7, auctionId: AUCTION_A, epoch: null, seq: null });
  const submitted = await fixture.shards.next();
  client.socket.close();
  await client.closed;
  const { sub, bytes } = subscriptionTo(submitted, HANDLE, 2);
  deliver(fixture.gateway.deliveries, (to) => to.subscribed(submitted.conn, sub, bytes));
  assert.deepEqual(fixture.gateway.watchedHandles(), [HANDLE]);
});

test('urgent messages keep their place among the updates', async (t) => {
  const { fixture, client } = await begin(t);
  await watch(fixture, client, 0);
  const changed = encode(AUCTION_CHANGED, { handle: HANDLE, auction: view({ seq: 2 }) });
  deliver(fixture.gateway.deliveries, (to) => {
    to.update(HANDLE, 1, 1, false, updateFrame(HANDLE, 1));
    to.update(HANDLE, 2, 2, true, changed);
    to.update(HANDLE, 3, 3, false, updateFrame(HANDLE, 3));
  });
  await client.next('bid_update');
  await client.next('auction_changed');
  await client.next('bid_update');
});
