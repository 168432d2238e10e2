/** The server's watch-only mode, as a program with the SDK sees it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../src/client/client.ts';
import type { ModeEvent } from '../../src/client/mode.ts';
import { MODE } from '../../src/protocol/messages/mode.ts';
import { opened } from './fixture.ts';
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
