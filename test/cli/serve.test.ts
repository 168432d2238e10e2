/**
 * A real server process and the commands against it: start, the way of an auction from listing to
 * its end, ports and folders in use, stopping.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../src/cli/program.ts';
import { FakeTerminal, gavel } from './fake-terminal.ts';

const BIN = fileURLToPath(new URL('../../bin/gavel', import.meta.url));
const START_MS_MAX = 20_000;
const limited = { timeout: 60_000 };

interface Served {
  readonly home: string;
  readonly url: string;
  readonly port: string;
  readonly token: string;
  /** Ends it with one signal or several; returns exit code and stderr. */
  stop(...signals: NodeJS.Signals[]): Promise<{ code: number | null; err: string }>;
}

async function serve(t: TestContext): Promise<Served> {
  const home = mkdtempSync(join(tmpdir(), 'gavel-serve-'));
  const args = [
    BIN,
    'serve',
    '--port',
    '0',
    '--internal-port',
    '0',
    '--host',
    '127.0.0.1',
    '--json',
  ];
  const child = spawn(process.execPath, args, { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(home, { recursive: true, force: true });
  });
  let [out, err] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    if (out.includes('\n')) resolve(out);
  });
  void exited.then(([code]) => reject(new Error(`the server ended with ${code}: ${err}`)));
  const timer = setTimeout(
    () => reject(new Error(`no server after ${START_MS_MAX} ms`)),
    START_MS_MAX,
  );
  const { url, token } = JSON.parse(await ready) as { url: string; token: string };
  clearTimeout(timer);
  return {
    home,
    url,
    port: new URL(url).port,
    token,
    async stop(...signals) {
      for (const signal of signals.length === 0 ? ['SIGTERM' as const] : signals)
        child.kill(signal);
      const [code] = await exited;
      return { code, err };
    },
  };
}

test('an auction from listing to its end, with the commands of the README', limited, async (t) => {
  const { home, url } = await serve(t);
  const options = { folder: home, env: { GAVEL_URL: url } };
  const run = (...args: string[]) => gavel(['auction', ...args], options);
  const lasting = [
    '--start',
    '10.00',
    '--currency',
    'USD',
    '--ends-in',
    '4s',
    '--soft-close',
    'off',
  ];
  const created = await run('create', 'Brass lamp', ...lasting, '--json');
  assert.equal(created.code, 0, created.err);
  const { auctionId: id } = JSON.parse(created.out) as { auctionId: string };

  const live = new FakeTerminal({ ...options, interactive: true });
  const watching = runCli(['auction', 'watch', id], live);
  const lines = run('watch', id);
  const states = run('watch', id, '--json');

  const bob = await run('bid', id, '12.50', '--as', 'bob');
  assert.equal(bob.code, 0, bob.err);
  assert.match(bob.out, /^You lead at 10\.00 USD/);
  const carl = await run('bid', id, '12.50', '--as', 'carl');
  assert.match(carl.out, /^Accepted, but somebody else leads at 12\.50 USD/);
  const own = await run('bid', id, '20', '--as', 'seller');
  assert.equal(own.code, 1);
  assert.match(own.err, /OWN_AUCTION/);
  const low = await run('bid', id, '12.60', '--as', 'carl');
  assert.equal(low.code, 1);
  assert.match(low.err, /BID_TOO_LOW[\s\S]*at least 13\.00 USD/);

  assert.equal(await watching, 0, live.stderr);
  assert.match(live.stdout, /ended: sold to bidder 1 at 12\.50 USD/);
  assert.match((await lines).out, /ended: sold to bidder 1 at 12\.50 USD/);
  const last = (await states).out.trim().split('\n').at(-1) ?? '';
  const {
    change: _,
    gapless: _gapless,
    serverTimeMs: _watched,
    ...watched
  } = JSON.parse(last) as Record<string, unknown>;
  assert.deepEqual([watched['status'], watched['currentPriceCents']], ['sold', 1250]);
  // `watch` and `show` speak of the same things under the same names; `show` also has what never moves.
  const {
    description: _text,
    category: _category,
    images: _images,
    watchers: _watchers,
    serverTimeMs: _shown,
    ...shown
  } = JSON.parse((await run('show', id, '--json')).out) as Record<string, unknown>;
  assert.deepEqual(watched, shown);

  const late = await run('bid', id, '50', '--as', 'carl');
  assert.equal(late.code, 1);
  assert.match(late.err, /AUCTION_ENDED/);
  const verified = await gavel(['verify'], options);
  assert.equal(verified.code, 0, verified.err);
});

test('buy-now, retract and cancel against a real server', limited, async (t) => {
  const { home, url } = await serve(t);
  const options = { folder: home, env: { GAVEL_URL: url } };
  const run = (...args: string[]) => gavel(['auction', ...args], options);
  const create = async (...more: string[]): Promise<string> => {
    const lasting = ['--start', '10', '--currency', 'USD', '--ends-in', '1d'];
    const { out, err } = await run('create', 'Lamp', ...lasting, ...more, '--json');
    assert.equal(err, '');
    return (JSON.parse(out) as { auctionId: string }).auctionId;
  };
  const bought = await run('buy-now', await create('--buy-now', '30'), '--as', 'bob');
  assert.equal(bought.out, 'You won at 30.00 USD.\n', bought.err);
  const id = await create();
  assert.equal((await run('bid', id, '20', '--as', 'bob')).code, 0);
  const retracted = await run('retract', id, '--as', 'bob');
  assert.match(retracted.out, /^Retracted\. /, retracted.err);
  const cancelled = await run('cancel', id);
  assert.equal(cancelled.out, 'Lamp: cancelled.\n', cancelled.err);
});

test('a watch ends with Ctrl-C', limited, async (t) => {
  const { home, url } = await serve(t);
  const options = { folder: home, env: { GAVEL_URL: url }, interactive: true };
  const lasting = ['--start', '10', '--currency', 'USD', '--ends-in', '1d', '--json'];
  const created = await gavel(['auction', 'create', 'Lamp', ...lasting], options);
  const { auctionId } = JSON.parse(created.out) as { auctionId: string };
  const terminal = new FakeTerminal(options);
  const watching = runCli(['auction', 'watch', auctionId], terminal);
  while (!terminal.stdout.includes('Lamp')) await new Promise((resolve) => setTimeout(resolve, 20));
  terminal.interrupt();
  assert.equal(await watching, 0);
});

test('a port and a data folder in use are said to be so, with exit code 75', limited, async (t) => {
  const { home, port } = await serve(t);
  const args = ['serve', '--host', '127.0.0.1', '--port', port, '--internal-port', '0'];
  const taken = await gavel([...args, '--data', join(home, 'other')], { folder: home });
  assert.equal(taken.code, 75);
  assert.match(taken.err, new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}`));
  assert.match(taken.err, /--port/);
  const used = await gavel([
    'serve',
    '--port',
    '0',
    '--internal-port',
    '0',
    '--data',
    join(home, 'data'),
  ]);
  assert.equal(used.code, 75);
  assert.match(used.err, /in use by another gavel/);
});

test('a wrong configuration ends the start with exit code 78', async () => {
  const ran = await gavel(['serve', '--port', '99999']);
  assert.equal(ran.code, 78);
  assert.match(ran.err, /flag --port: server\.port must be/);
});

test('SIGTERM and Ctrl-C stop cleanly, and say so', limited, async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { stop } = await serve(t);
    const { code, err } = await stop(signal);
    assert.equal(code, 0, err);
    assert.match(err, /Stopping:[\s\S]*Stopped after/);
  }
});

test('one signal that comes twice, as to a process group, is one signal', limited, async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { stop } = await serve(t);
    const { code, err } = await stop(signal, signal);
    assert.equal(code, 0, err);
    assert.match(err, /Stopping:[\s\S]*Stopped after/);
  }
});

test('the token that serve prints is good', limited, async (t) => {
  const { home, url, token } = await serve(t);
  const env = { GAVEL_URL: url, GAVEL_TOKEN: token };
  const lasting = ['--start', '10', '--currency', 'USD', '--ends-in', '1m'];
  const created = await gavel(['auction', 'create', 'Lamp', ...lasting], { folder: home, env });
  assert.equal(created.code, 0, created.err);
});
