/** `gavel demo` as a process: bids come in by themselves, and Ctrl-C leaves nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, until } from './harness.ts';

test('the demo bids by itself, and Ctrl-C ends it cleanly', { timeout: 60_000 }, async (t) => {
  const temporary = mkdtempSync(join(tmpdir(), 'gavel-demo-test-'));
  const args = [join(root, 'bin/gavel'), 'demo', '--port', '0', '--internal-port', '0'];
  const env = { ...process.env, TMPDIR: temporary, GAVEL_SERVER_ALLOW_ANONYMOUS: 'true' };
  const child = spawn(process.execPath, args, { cwd: temporary, env });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(temporary, { recursive: true, force: true });
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const url = await until('the market is open', () =>
    Promise.resolve(/(http:\S+)\/docs/.exec(out)?.[1]),
  );
  await until('three auctions have bids', async () => {
    const page = await (await fetch(`${url}/v1/auctions`)).json();
    const { auctions } = page as { auctions: { bidCount: number }[] };
    return auctions.filter(({ bidCount }) => bidCount > 0).length >= 3 ? true : undefined;
  });
  child.kill('SIGINT');
  assert.deepEqual(await exited, [0, null], out);
  assert.deepEqual(readdirSync(temporary), [], out);
});
