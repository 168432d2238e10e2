/** SIGHUP: a real server reads its configuration again, and goes on whatever it finds there. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { root, Server, temporaryFolder, tokenFor, until, verified } from './harness.ts';
import { list } from './wire-client.ts';

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

const noScript = spawnSync('script', ['--version']).error !== undefined;

test(
  'SIGHUP from a terminal that was closed stops the server cleanly',
  { skip: noScript && 'the program script is not installed (Debian: apt install bsdutils)' },
  async (t) => {
    const data = temporaryFolder();
    const serve = [process.execPath, join(root, 'bin/gavel'), 'serve', '--json', '--data', data];
    const ports = ['--host', '127.0.0.1', '--port', '0', '--internal-port', '0'];
    const command = [...serve, ...ports].map((word) => `'${word}'`).join(' ');
    const terminal = spawn('script', ['-qec', `exec ${command}`, '/dev/null'], {
      cwd: dirname(data),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    t.after(() => terminal.kill('SIGKILL'));
    let shown = '';
    terminal.stdout.on('data', (text: Buffer) => (shown += text.toString()));
    const said = await until('it is ready', () => /^\{.*\}/m.exec(shown)?.[0]);
    const { url } = JSON.parse(said) as { url: string };
    await list(url, await tokenFor(data, 'seller', ['seller']));
    // The terminal goes, and with it what it showed to whom.
    terminal.kill('SIGKILL');
    // A stop in good order leaves a snapshot of everything behind; the next one was not yet due.
    await until('it stops cleanly', async () => {
      const shards = await verified(data);
      const inSnapshots = shards.reduce((sum, { snapshotAuctions }) => sum + snapshotAuctions, 0);
      return inSnapshots === 1 ? true : undefined;
    });
    await assert.rejects(fetch(`${url}/v1/time`));
  },
);
