/**
 * Goal: when a restore with --force is killed, at whatever moment, the data folder is the old one or
 * the new one, whole, and the other one is not deleted. Method: the states between the steps, made
 * by hand; and the real program, killed by strace at each of its renames, unlinks and syncs.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import {
  lockDataFolder,
  openDataFolder,
  readFolderMeta,
  shardFiles,
  swapFile,
} from '../../src/journal/data-folder.ts';
import { finishSwap, swapFolder } from '../../src/journal/folder-swap.ts';
import { sealedJson } from '../../src/journal/sealed-json.ts';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { restoreFolder } from '../../src/journal/restore-folder.ts';
import { snapshotFolder } from '../../src/journal/snapshot-folder.ts';
import { openSqliteJournalForReading } from '../../src/journal/sqlite-journal.ts';
import { root, whyNoStrace } from '../server/harness.ts';
import { appendNext, FIRST, temporaryFolder } from './fixture.ts';

const CALLS = 'rename,unlink,fsync';
const CALLS_MAX = 200;

function folderWith(path: string, batches: number): string {
  openDataFolder(path, { shards: 1, shardsDefault: 1, nowMs: 1 });
  fill(path, batches);
  return path;
}

function fill(path: string, batches: number): void {
  const { journal, state } = openShardStorage(path, 0);
  for (let i = 0; i < batches; i++) appendNext(journal);
  state.close();
  journal.close();
}

function records(path: string): number {
  readFolderMeta(path);
  const log = openSqliteJournalForReading(shardFiles(path, 0));
  try {
    return [...log.scan(FIRST)].length;
  } finally {
    log.close();
  }
}

interface Two {
  readonly target: string;
  readonly finished: string;
  readonly aside: string;
}

/** An old folder with 3 records, and a new one with 7 that is to take its place. */
function two(t: TestContext): Two {
  const base = temporaryFolder(t);
  const target = folderWith(join(base, 'data'), 3);
  const finished = folderWith(join(base, 'data.new'), 7);
  return { target, finished, aside: join(base, 'data.old') };
}

test('a swap puts one folder in the place of another, which is kept', (t) => {
  const { target, finished, aside } = two(t);
  swapFolder(target, finished, aside);
  assert.deepEqual([records(target), records(aside)], [7, 3]);
  assert.deepEqual([existsSync(finished), existsSync(swapFile(target))], [false, false]);
  finishSwap(target);
  assert.equal(records(target), 7);
});

test('the next start finishes a swap, however far it came', (t) => {
  const interrupted: Readonly<Record<string, (folders: Two) => void>> = {
    'nothing renamed': () => {},
    'the old one away': ({ target, aside }) => renameSync(target, aside),
    'all renamed': ({ target, finished, aside }) => {
      renameSync(target, aside);
      renameSync(finished, target);
    },
  };
  for (const [name, interrupt] of Object.entries(interrupted)) {
    const folders = two(t);
    const { target, finished, aside } = folders;
    writeFileSync(swapFile(target), sealedJson({ finished: 'data.new', setAside: 'data.old' }));
    interrupt(folders);
    if (!existsSync(target)) {
      assert.throws(() => readFolderMeta(target), /interrupted at its end; start the server/, name);
    }
    finishSwap(target);
    assert.deepEqual([records(target), records(aside)], [7, 3], name);
    assert.deepEqual([existsSync(finished), existsSync(swapFile(target))], [false, false], name);
  }
});

test('a swap that is going on is left alone, and one that cannot be is forgotten', (t) => {
  const { target, finished, aside } = two(t);
  writeFileSync(swapFile(target), sealedJson({ finished: 'data.new', setAside: 'data.old' }));
  const letGo = lockDataFolder(finished);
  assert.throws(() => finishSwap(target), { name: 'DataFolderInUse' });
  assert.equal(records(target), 3);
  letGo();
  mkdirSync(aside);
  writeFileSync(join(aside, 'other'), '');
  assert.throws(() => finishSwap(target), /cannot be renamed/);
  assert.deepEqual([records(target), existsSync(swapFile(target))], [3, false]);
});

test('a plan that is damaged, or names another place, is not carried out', (t) => {
  const { target } = two(t);
  for (const text of [
    'scribble',
    sealedJson({ finished: '../data.new', setAside: 'data.old' }),
    sealedJson({ finished: '..', setAside: 'data.old' }),
  ]) {
    writeFileSync(swapFile(target), text);
    assert.throws(() => finishSwap(target), /data\.swap is damaged.*Rename the right one/);
    assert.equal(records(target), 3);
  }
});

test(
  'SIGKILL at whatever call of a restore: the old folder is there or the new one',
  { skip: whyNoStrace() ?? false },
  async (t) => {
    const base = temporaryFolder(t);
    const old = folderWith(join(base, 'old'), 7);
    const snapshot = join(base, 'snapshot');
    await snapshotFolder(old, snapshot, { nowMs: 1, server: '' });
    fill(old, 5);
    const seen = { old: 0, new: 0 };
    let isDone = false;
    for (let call = 1; !isDone; call++) {
      assert.ok(call < CALLS_MAX, 'a restore comes to its end');
      const home = join(base, `home-${call}`);
      mkdirSync(home);
      const data = join(home, 'data');
      cpSync(old, data, { recursive: true });
      const inject = `inject=${CALLS}:signal=SIGKILL:when=${call}`;
      const strace = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${CALLS}`, '-e', inject];
      const program = [process.execPath, join(root, 'bin/gavel'), 'restore', snapshot, '--force'];
      const { status } = spawnSync('strace', [...strace, ...program, '--data', data]);
      isDone = status === 0;
      finishSwap(data);
      const found = records(data);
      assert.ok(found === 7 || found === 12, `call ${call}: ${found} records`);
      const wasReplaced = found === 7;
      seen[wasReplaced ? 'new' : 'old'] += 1;
      const kept = readdirSync(home).filter((name) => name.startsWith('data.before-restore-'));
      assert.equal(kept.length, wasReplaced ? 1 : 0, `call ${call}`);
      for (const name of kept) assert.equal(records(join(home, name)), 12, `call ${call}`);
      rmSync(home, { recursive: true });
    }
    t.diagnostic(JSON.stringify(seen));
    assert.ok(seen.old > 0 && seen.new > 1, 'kills fell before and after the swap began');
  },
);

test('a folder that is a file system of its own is refused before anything is built beside it', async (t) => {
  const home = temporaryFolder(t);
  const snapshot = join(home, 'snapshot');
  const options = { nowMs: 2, server: 'test' };
  await snapshotFolder(folderWith(join(home, 'source'), 2), snapshot, options);
  const target = join(home, 'disk');
  mkdirSync(target);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', target]);
  if (mounted.status !== 0) return t.skip('a file system of its own needs the rights to mount one');
  try {
    const before = readdirSync(home);
    for (const force of [false, true]) {
      const restored = restoreFolder(snapshot, target, { ...options, force });
      await assert.rejects(restored, /disk cannot be renamed.*folder inside it.*--data/);
      writeFileSync(join(target, 'something'), 'there');
    }
    assert.deepEqual(readdirSync(home), before);
    await restoreFolder(snapshot, join(target, 'data'), { ...options, force: false });
    assert.equal(records(join(target, 'data')), 2);
  } finally {
    spawnSync('umount', ['-l', target]);
  }
});
