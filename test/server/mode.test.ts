/**
 * Watch-only mode of a real server: switched by command and by overload, seen in the metrics and by
 * clients.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { gavel, Server, UNLIMITED } from './harness.ts';
import { list, WireClient } from './wire-client.ts';

test('gavel mode: shown, switched on, given back', { timeout: 60_000 }, async (t) => {
  const server = await Server.start({ env: { GAVEL_SERVER_ALLOW_ANONYMOUS: 'true' } });
  t.after(() => server.kill());
  const url = server.ready.internalUrl;
  const mode = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await gavel('mode', ...args, '--url', url, '--data', server.data);
    assert.equal(code, 0, err);
    return out;
  };
  const isOn = async (): Promise<string | undefined> => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    return /^gavel_watch_only (\d)$/m.exec(metrics)?.[1];
  };
  const seller = await server.token('seller', ['seller']);
  const { auctionId } = await list(server.url, seller);
  const watcher = await WireClient.connect(server.url, null, true);
  const value = { id: 1, auctionId: auctionId as string, epoch: null, seq: null };
  assert.equal((await watcher.ask(SUBSCRIBE, value)).name, 'snapshot');

  assert.equal(await mode(), 'Watch-only mode is off (auto; overload level 0 %).\n');
  assert.match(await mode('watch-only'), /^Watch-only mode is on \(watch-only; /);
  assert.equal(await isOn(), '1');
  const told = await watcher.push(({ name }) => name === 'mode');
  assert.deepEqual(told.fields, { watchOnly: true, updateMs: 1000 });
  const shown = JSON.parse(await mode('show', '--json')) as Record<string, unknown>;
  assert.deepEqual([shown['mode'], shown['watchOnly']], ['watch-only', true]);

  assert.match(await mode('auto'), /^Watch-only mode is off \(auto; /);
  assert.equal(await isOn(), '0');
  await watcher.push(({ name, fields }) => name === 'mode' && fields['watchOnly'] === false);
  const wrong = await gavel('mode', 'fast', '--url', url, '--data', server.data);
  assert.equal(wrong.code, 2);
  const token = await server.token('ann');
  const refused = await gavel('mode', 'normal', '--url', url, '--token', token);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /ROLE_MISSING/);
});

test('by itself, while a shard is too slow for what is asked', { timeout: 120_000 }, async (t) => {
  const server = await Server.start({
    env: {
      ...UNLIMITED,
      GAVEL_DATA_SHARDS: '1',
      GAVEL_SERVER_ALLOW_ANONYMOUS: 'true',
      GAVEL_OVERLOAD_WATCH_ONLY_AFTER: '1s',
      GAVEL_OVERLOAD_WATCH_ONLY_RECOVERY: '1s',
      NODE_OPTIONS: `--import=${new URL('./slow-shard.ts', import.meta.url).href}`,
    },
  });
  t.after(() => server.kill());
  const { auctionId } = await list(server.url, await server.token('seller', ['seller']));
  const watched = { id: 1, auctionId: auctionId as string, epoch: null, seq: null };
  const watcher = await WireClient.connect(server.url, null, true);
  assert.equal((await watcher.ask(SUBSCRIBE, watched)).name, 'snapshot');
  const bidder = await WireClient.connect(server.url, await server.token('ann'));
  const heard = (watchOnly: boolean): boolean =>
    [watcher, bidder].every(({ pushed }) =>
      pushed.some(({ name, fields }) => name === 'mode' && fields['watchOnly'] === watchOnly),
    );
  const codes = new Map<unknown, number>();
  let id = 1;
  const bid = async (): Promise<void> => {
    const amountCents = 1_000 + ++id * 100;
    const plain = { auctionId: auctionId as string, nonce: `nonce-${id}-of-ann` };
    const more = { currency: null, confirm: null, dryRun: null };
    const { fields } = await bidder.ask(PLACE_BID, { id, ...plain, amountCents, ...more });
    codes.set(fields['code'], (codes.get(fields['code']) ?? 0) + 1);
  };
  // All the time more than the shard takes: its queue is as old as it may become.
  const bids: Promise<void>[] = [];
  while (!heard(true)) {
    for (let i = 0; i < 10; i++) bids.push(bid());
    await sleep(10);
  }
  await Promise.all(bids);
  const overloaded = codes.get(REFUSALS.OVERLOADED.code) ?? 0;
  const accepted = codes.get(0) ?? 0;
  assert.ok(overloaded > 100 && accepted > 10, 'bids went on, and were refused for their queue');
  // Now and then is no overload.
  while (!heard(false)) await bid();
  assert.match(server.log, /watch-only mode is on.*watch-only mode is off/s);
});
