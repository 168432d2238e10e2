/** The server's watch-only mode, as a program with the SDK sees it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../src/client/client.ts';
import { HttpRequests } from '../../src/client/http-request.ts';
import { HttpSocket } from '../../src/client/http-socket.ts';
import type { ModeEvent } from '../../src/client/mode.ts';
import type { NewsOptions } from '../../src/client/news.ts';
import { decode, encode } from '../../src/client/wire.ts';
import { MODE } from '../../src/protocol/messages/mode.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { FakeTimers } from './fake-timers.ts';
import { AUCTION_ID, opened } from './fixture.ts';
import { nodeIn, temporaryFolder } from './test-node.ts';

test('the mode is told when it changes, and holds over a reconnect', async () => {
  const { gavel, server, timers } = await opened();
  const told: ModeEvent[] = [];
  gavel.on('mode', (mode) => told.push(mode));
  const say = async (watchOnly: boolean, updateMs: number): Promise<void> => {
    server.socket.say(MODE, { watchOnly, updateMs });
    await timers.advance(10);
  };
  const reconnect = async (): Promise<void> => {
    server.socket.cut();
    await timers.advance(1_000);
    assert.equal(gavel.state, 'open');
  };
  await say(false, 50);
  assert.deepEqual([gavel.watchOnly, told.length], [false, 0], 'as usual is nothing new');
  await say(true, 1_000);
  await say(true, 1_000);
  assert.deepEqual([gavel.watchOnly, told.length], [true, 1]);
  await reconnect();
  await say(true, 1_000);
  await timers.advance(10_000);
  assert.deepEqual([gavel.watchOnly, told.length], [true, 1], 'it was told again');
  await reconnect();
  assert.equal(gavel.watchOnly, true, 'it may be told again');
  await timers.advance(10_000);
  assert.equal(gavel.watchOnly, false, 'a server in the usual mode says nothing');
  await say(true, 1_000);
  await say(false, 50);
  assert.deepEqual(told, [
    { watchOnly: true, updateMs: 1_000 },
    { watchOnly: false, updateMs: null },
    { watchOnly: true, updateMs: 1_000 },
    { watchOnly: false, updateMs: 50 },
  ]);
});

test('of two polls that overtake each other, the answer that left last counts', async () => {
  const told = Promise.withResolvers<NewsOptions['tell']>();
  const news = (_: unknown, { tell }: NewsOptions): Promise<void> => {
    told.resolve(tell);
    return new Promise(() => {});
  };
  const clock = (): Promise<Response> => Promise.resolve(Response.json({ serverTimeMs: 1 }));
  const timers = new FakeTimers();
  const socket = new HttpSocket(new HttpRequests('http://gavel.test', clock), news, timers);
  const modes: boolean[] = [];
  socket.addEventListener('message', ({ data }: { data: Uint8Array }) => {
    const message = decode(data);
    if (message?.number === MODE.number) modes.push((message.value as ModeEvent).watchOnly);
  });
  await new Promise<void>((resolve) => socket.addEventListener('open', () => resolve()));
  socket.send(encode(SUBSCRIBE, { id: 1, auctionId: AUCTION_ID, epoch: null, seq: null }));
  const tell = await told.promise;
  for (const [watchOnly, serverTimeMs] of [
    [true, 10],
    [false, 9],
    [true, 10],
    [false, 11],
  ] as const) {
    tell({ type: 'mode', watchOnly, updateMs: 50, serverTimeMs }, null);
  }
  assert.deepEqual(modes, [true, true, false]);
  socket.close();
});

for (const transport of ['websocket', 'events', 'polling'] as const) {
  test(`over ${transport} a real server's mode is told`, { timeout: 60_000 }, async (t) => {
    const node = await nodeIn(temporaryFolder(t));
    t.after(() => node.stop());
    const [sam, admin] = [
      await node.tokenFor('sam', ['seller']),
      await node.tokenFor('root', ['admin']),
    ];
    const gavel = connect({ url: node.publicUrl, token: sam, transports: [transport] });
    t.after(() => gavel.close());
    await gavel.ready;
    const endsAtMs = (await gavel.time()).serverTimeMs + 3_600_000;
    const listing = { title: 'A watch', currency: 'EUR', startPriceCents: 1000, endsAtMs };
    const { auctionId } = await gavel.rest.createAuction(listing);
    await gavel.watch(auctionId).ready;
    const order = async (mode: string): Promise<void> => {
      const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
      const init = { method: 'PUT', headers, body: JSON.stringify({ mode }) };
      assert.equal((await fetch(`${node.internalUrl}/v1/mode`, init)).status, 200);
      // A poll that waits hears of it with the next update.
      await gavel.rest.changeAuction(auctionId, { title: `A watch in the mode ${mode}` });
    };
    for (const [mode, watchOnly] of [
      ['watch-only', true],
      ['normal', false],
    ] as const) {
      const told = new Promise<ModeEvent>((resolve) => {
        gavel.on('mode', resolve);
      });
      await order(mode);
      assert.deepEqual(await told, { watchOnly, updateMs: 50 });
      assert.equal(gavel.watchOnly, watchOnly);
    }
  });
}
