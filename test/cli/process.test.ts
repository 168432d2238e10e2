/** The real program and the system around it: closed pipes, Ctrl-C, folders that may not be written. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { COLUMNS } from '../../src/cli/replay/recorded-bids.ts';
import { filledFolder } from './filled-folder.ts';

const BIN = fileURLToPath(new URL('../../bin/gavel', import.meta.url));
const POLL_MS = 20;
const limited = { timeout: 60_000 };

function start(
  t: TestContext,
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): { child: ChildProcess; exited: Promise<[number | null, string | null]> } {
  const env = { ...process.env, ...options.env };
  const child = spawn(process.execPath, [BIN, ...args], { ...options, env, stdio: 'pipe' });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  t.after(() => child.kill('SIGKILL'));
  return { child, exited };
}

/** Asks again until it is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await after(POLL_MS);
}

test('a reader that goes away ends a command, and not with success', limited, async (t) => {
  const { home } = filledFolder(t);
  for (const args of [['verify'], ['inspect', '--records'], ['config', 'doc']]) {
    const { child, exited } = start(t, args, { cwd: home });
    child.stdout?.destroy();
    let err = '';
    child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
    assert.deepEqual(await exited, [141, null], args.join(' '));
    assert.equal(err, '');
  }
});

test('a server goes on when nobody reads what it prints', limited, async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'gavel-pipe-'));
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await once(free, 'close');
  const args = ['serve', '--host', '127.0.0.1', '--port', `${port}`, '--internal-port', '0'];
  const { child, exited } = start(t, args, { cwd: home });
  t.after(() => rmSync(home, { recursive: true, force: true }));
  child.stdout?.destroy();
  child.stderr?.destroy();
  const answers = async (): Promise<boolean> => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/time`).catch(() => null);
    return answer?.status === 200;
  };
  await until(answers);
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
});

test('Ctrl-C in a replay leaves nothing behind', limited, async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'gavel-interrupt-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const rows = Array.from({ length: 200_000 }, (_, i) => {
    const bid = `${100 + i},${(i / 200_000).toFixed(6)},b${i % 50},0`;
    return `${i % 100},${bid},10,15.5,Lamp,3 day auction`;
  });
  writeFileSync(join(home, 'bids.csv'), [COLUMNS.join(','), ...rows].join('\n'));
  const env = { TMPDIR: home };
  const { child, exited } = start(t, ['replay', 'bids.csv'], { cwd: home, env });
  let err = '';
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const left = (): string[] => readdirSync(home).filter((name) => name.startsWith('gavel-replay-'));
  await until(() => left().length > 0);
  child.kill('SIGINT');
  assert.deepEqual(await exited, [130, null], err);
  assert.deepEqual(left(), []);
  assert.match(err, /stopped before the end/);
});

test('Ctrl-C in a simulation gives the report so far, and is no success', limited, async (t) => {
  const { child, exited } = start(t, ['sim', '--seeds', '1000000'], { cwd: tmpdir() });
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  await until(() => err.includes('of 1000000 seeds'));
  child.kill('SIGINT');
  assert.deepEqual(await exited, [130, null], err);
  assert.match(out, /stopped early[\s\S]*no failure/);
});

/** Somebody who may not write: root may do everything, so it becomes nobody. */
const stranger = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const mayRun = spawnSync(process.execPath, [BIN, '--version'], stranger).status === 0;
const skip = mayRun ? false : 'a user without rights cannot run the program from this folder';

test('data that may not be written is not called damaged', { ...limited, skip }, (t) => {
  const { home, data, shard } = filledFolder(t);
  chmodSync(home, 0o755);
  const setMode = (mode: number): void => {
    for (const path of [data, shard.folder]) chmodSync(path, mode);
  };
  setMode(0o555);
  try {
    for (const command of ['verify', 'inspect']) {
      const options = { ...stranger, cwd: home, encoding: 'utf8' } as const;
      const { status, stderr } = spawnSync(process.execPath, [BIN, command], options);
      assert.equal(status, 74, stderr);
      assert.match(stderr, /the data cannot be used[\s\S]*Run it as the user who owns the\nfolder/);
      assert.doesNotMatch(stderr, /DAMAGED|restore/i);
    }
  } finally {
    setMode(0o755);
  }
});
