/** What watchers get over real sockets while an auction is busy: conflated, in order, complete. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { connect } from '../../src/client/client.ts';
import type { WatchState } from '../../src/client/state.ts';
import { JSON_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import { AUCTION } from '../../src/protocol/messages/auction.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { Client } from './client.ts';
import { deliver, encode } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, start, view } from './fixtures.ts';
import { http } from './http.ts';
import type { Told } from './model-auction.ts';
import { ModelAuction } from './model-auction.ts';
import { answerSubscribes } from './watching.ts';
import { UNSAID_SHOWN } from '../unsaid.ts';

const HANDLE = 6;
/** So long that nothing in a test comes by the tick. */
const SLOW_TICK_MS = 60_000;

function tell({ gateway }: Fixture, ...updates: readonly Told[]): void {
  deliver(gateway.deliveries, (to) => {
    for (const { handle, fromSeq, seq, urgent, bytes } of updates) {
      to.update(handle, fromSeq, seq, urgent, bytes);
    }
  });
}

async function watcher(fixture: Fixture, protocol?: string): Promise<Client> {
  const client = await Client.connect(fixture.gateway.port, protocol);
  client.send(SUBSCRIBE, { id: 1, auctionId: AUCTION_A, epoch: null, seq: null });
  await client.next('snapshot');
  return client;
}

test('many updates become few, the last of them newest, in both encodings', async (t) => {
  const fixture = await start(t, { limits: { conflationMs: 20 } });
  const model = new ModelAuction(HANDLE);
  answerSubscribes(fixture, model);
  const clients = [await watcher(fixture), await watcher(fixture, JSON_PROTOCOL)];
  for (let batch = 0; batch < 100; batch++) tell(fixture, model.bids(10));
  for (const client of clients) {
    let position = 0;
    let updates = 0;
    while (position < 1000) {
      const { seq, fromSeq = seq } = await client.next('bid_update');
      assert.equal(fromSeq, position + 1);
      position = seq as number;
      updates += 1;
    }
    // All batches came within a tick or a few.
    assert.ok(updates < 50, `${updates}`);
  }
});

test('what is urgent does not wait for the tick, and what waited goes before it', async (t) => {
  const fixture = await start(t, { limits: { conflationMs: SLOW_TICK_MS } });
  const model = new ModelAuction(HANDLE);
  answerSubscribes(fixture, model);
  const client = await watcher(fixture);
  tell(fixture, model.bids(1));
  tell(fixture, model.bids(2));
  tell(fixture, model.bids(3), model.extend());
  assert.deepEqual((await client.next('bid_update'))['seq'], 1);
  const waited = await client.next('bid_update');
  assert.deepEqual([waited['fromSeq'], waited['seq']], [2, 6]);
  assert.equal((await client.next('extended'))['seq'], 7);
});

test('who joins or resumes between two ticks is at the newest position, and overlaps do no harm', async (t) => {
  const fixture = await start(t, { limits: { conflationMs: SLOW_TICK_MS } });
  const model = new ModelAuction(HANDLE);
  answerSubscribes(fixture, model);
  const early = await watcher(fixture);
  tell(fixture, model.bids(1));
  tell(fixture, model.bids(4));
  const late = await Client.connect(fixture.gateway.port);
  late.send(SUBSCRIBE, { id: 1, auctionId: AUCTION_A, epoch: null, seq: null });
  const snapshot = await late.next('snapshot');
  assert.equal((snapshot['auction'] as { seq: number }).seq, 5);
  const back = await Client.connect(fixture.gateway.port);
  back.send(SUBSCRIBE, { id: 1, auctionId: AUCTION_A, epoch: 1, seq: 3 });
  const resumed = await back.next('resumed');
  assert.deepEqual([resumed['missed'], resumed['seq']], [1, 5]);
  const missed = await back.next('bid_update');
  assert.deepEqual([missed['fromSeq'], missed['seq']], [2, 5]);
  // Newcomers do not publish for the others: those still wait for their tick.
  tell(fixture, model.bids(1), model.extend());
  assert.equal((await early.next('bid_update'))['seq'], 1);
  for (const client of [early, late, back]) {
    const next = await client.next('bid_update');
    assert.deepEqual([next['fromSeq'], next['seq']], [2, 6]);
    assert.equal((await client.next('extended'))['seq'], 7);
  }
});

test('watchers are counted where the auction is asked for, and the hub counts what it does', async (t) => {
  const fixture = await start(t, { limits: { conflationMs: SLOW_TICK_MS } });
  const { gateway, shards } = fixture;
  const model = new ModelAuction(HANDLE);
  answerSubscribes(fixture, model);
  const clients = [await watcher(fixture), await watcher(fixture, JSON_PROTOCOL)];
  let bytes = 0;
  const count = ({ data }: MessageEvent): void => {
    bytes += typeof data === 'string' ? data.length : (data as ArrayBuffer).byteLength;
  };
  for (const { socket } of clients) socket.addEventListener('message', count);
  tell(fixture, model.bids(1), model.bids(9), model.extend());
  for (const client of clients) {
    for (let i = 0; i < 3; i++) await client.next();
  }
  const metrics = await http(gateway.internalPort, 'GET', '/metrics');
  const text = metrics.body['text'] as string;
  for (const line of [
    'gavel_watched_changes_total 11',
    'gavel_updates_published_total 3',
    'gavel_frames_to_watchers_total 6',
    'gavel_publish_delay_seconds_count 3',
    'gavel_fanout_seconds_count 3',
    `gavel_bytes_to_watchers_total ${bytes}`,
    'gavel_gateway{what="subscriptions"} 2',
    'gavel_gateway{what="watchers_of_one_auction_max"} 2',
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
  shards.onSubmit = ({ conn }) => {
    const texts = { title: '', description: '', category: [], ...UNSAID_SHOWN };
    const bidders = { leadingBidderId: null, winnerId: null, relistedAs: null };
    const shown = encode(AUCTION, { id: 1, auction: view(), text: texts, ...bidders });
    deliver(gateway.deliveries, (to) => to.reply(conn, shown));
  };
  const path = `/v1/auctions/${AUCTION_A}`;
  assert.equal((await http(gateway.port, 'GET', path)).body['watchers'], 2);
  for (const client of clients) client.socket.close();
  await Promise.all(clients.map((client) => client.closed));
  assert.equal((await http(gateway.port, 'GET', path)).body['watchers'], 0);
});

test('the SDK under random disconnects sees every state in order and ends in the newest', async (t) => {
  const fixture = await start(t, {
    limits: { conflationMs: 5, requestsPerSecondAndAddress: 10_000 },
  });
  const model = new ModelAuction(HANDLE);
  answerSubscribes(fixture, model);
  const sockets: WebSocket[] = [];
  class Breakable extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const gavel = connect({
    url: `ws://127.0.0.1:${fixture.gateway.port}`,
    WebSocket: Breakable,
    backoff: { baseMs: 1, maxMs: 5 },
  });
  t.after(() => gavel.close());
  const seen: WatchState[] = [];
  const watch = gavel.watch(AUCTION_A);
  watch.on('state', (state) => seen.push(state));
  await watch.ready;
  const random = seeded(7);
  for (let round = 0; round < 40; round++) {
    for (let batch = 0; batch < 5; batch++) {
      tell(fixture, model.bids(1 + Math.floor(random() * 20)));
      await sleep(random() * 4);
    }
    if (random() < 0.3) tell(fixture, model.extend());
    if (random() < 0.7) sockets.at(-1)?.close();
  }
  tell(fixture, model.change());
  while (watch.state?.seq !== model.now.seq) await sleep(5);
  assert.ok(sockets.length > 10, 'the connection broke often');
  let position = -1;
  for (const { change, gapless, ...state } of seen) {
    assert.ok(gapless && state.seq > position, `${change} ${position} to ${state.seq}`);
    position = state.seq;
    assert.deepEqual(state, model.at(state.seq));
  }
});

/** The same chance in every run: a small linear congruential generator. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
