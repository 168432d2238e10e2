/** SIGHUP: a real server reads its configuration again, and goes on whatever it finds there. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Server } from './harness.ts';

const POLL_MS = 20;
const PROTOCOL = 'gavel.v1.json';

test('SIGHUP takes over limits and log level, and a mistake changes nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-reload-'));
  const file = join(folder, 'gavel.yaml');
  const write = (text: string): void => writeFileSync(file, text);
  write('limits:\n  connectionsPerIp: 1\nlog:\n  level: info\n');
  const server = await Server.start({ args: ['--config', file], env: { GAVEL_LOG_LEVEL: '' } });
  t.after(async () => {
    await server.kill();
    rmSync(folder, { recursive: true });
    rmSync(server.data, { recursive: true, force: true });
  });
  let seen = 0;
  const hangUp = async (said: RegExp): Promise<string> => {
    server.child.kill('SIGHUP');
    for (;;) {
      const log = server.log.slice(seen);
      if (said.test(log)) {
        seen += log.length;
        return log;
      }
      assert.equal(server.child.exitCode ?? server.child.signalCode, null, 'it goes on');
      await pause(POLL_MS);
    }
  };
  const opens = async (): Promise<WebSocket | null> => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/ws`, PROTOCOL);
    const opened = once(socket, 'open').then(() => socket);
    const refused = once(socket, 'error').then(() => null);
    return Promise.race([opened, refused]);
  };
  const first = await opens();
  assert.ok(first !== null);
  assert.equal(await opens(), null, 'one an address');

  write('limits:\n  connectionsPerIp: 2\n  conections: 5\n');
  const wrong = await hangUp(/the configuration is wrong/);
  assert.match(wrong, /unknown key limits\.conections; did you mean limits\.connections/);
  assert.equal(await opens(), null, 'nothing was taken over');

  write('server:\n  publicUrl: https://a.example\nlimits:\n  connectionsPerIp: 2\n');
  const taken = await hangUp(/taken over at the next start/);
  assert.match(taken, /"changed":\{"limits\.connectionsPerIp":"2"\}/);
  assert.match(taken, /"keys":\{"server\.publicUrl":"https:\/\/a\.example"\}/);
  const second = await opens();
  assert.ok(second !== null, 'two an address');
  assert.equal(await opens(), null);

  write('limits:\n  connectionsPerIp: 2\nlog:\n  level: error\n');
  await hangUp(/"log\.level":"error"/);
  server.child.kill('SIGHUP');
  second.close();
  first.close();
  assert.equal(await server.stop(), 0);
  assert.doesNotMatch(server.log.slice(seen), /read again/, 'told at the level error only');
});
