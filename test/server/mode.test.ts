/** `gavel mode` against a real server: switched by command, seen in the metrics and by clients. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { gavel, Server } from './harness.ts';
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
