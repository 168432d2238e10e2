/**
 * Goal: a data folder comes into being as a whole, is recognised, and belongs to one server.
 * Method: folders in every state; a second process for the lock.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describe, it } from 'node:test';
import type { OpenFolderOptions } from '../../src/journal/data-folder.ts';
import {
  keysFolder,
  lockDataFolder,
  metaFile,
  openDataFolder,
  raiseEpoch,
  readFolderMeta,
  shardFiles,
  takeDataFolder,
} from '../../src/journal/data-folder.ts';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { startChild } from './child.ts';
import { appendNext, expectError, temporaryFolder } from './fixture.ts';

const OPTIONS: OpenFolderOptions = { shards: null, shardsDefault: 2, nowMs: 1_000 };

function newFolder(t: TestContext, options: Partial<OpenFolderOptions> = {}): string {
  const folder = join(temporaryFolder(t), 'data');
  openDataFolder(folder, { ...OPTIONS, ...options });
  return folder;
}

describe('data folder', () => {
  it('is made where there is none, with the folders above it', (t) => {
    const folder = join(temporaryFolder(t), 'var', 'lib', 'gavel');
    const meta = openDataFolder(folder, { ...OPTIONS, shards: 3 });
    assert.deepEqual(meta, { format: 1, shards: 3, epoch: 1, createdAtMs: 1_000 });
    assert.deepEqual(readdirSync(folder).toSorted(), [
      'gavel.json',
      'keys',
      'shard-0',
      'shard-1',
      'shard-2',
    ]);
    assert.equal(statSync(keysFolder(folder)).mode & 0o777, 0o700);
    assert.deepEqual(readFolderMeta(folder), meta);
  });

  it('keeps what it was made with', (t) => {
    const folder = newFolder(t);
    const again = openDataFolder(folder, { shards: null, shardsDefault: 9, nowMs: 2_000 });
    assert.deepEqual(again, { format: 1, shards: 2, epoch: 1, createdAtMs: 1_000 });
    assert.equal(openDataFolder(folder, { ...OPTIONS, shards: 2 }).shards, 2);
  });

  it('refuses another number of shards', (t) => {
    const folder = newFolder(t);
    expectError(
      () => openDataFolder(folder, { ...OPTIONS, shards: 3 }),
      'UnusableDataFolder',
      /2 shards and cannot be opened with 3: leave the setting out, or stop the server and run: gavel reshard --to 3/,
    );
  });

  it('refuses a folder with other things in it, and leaves it alone', (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'holiday.jpg'), '');
    for (const open of [openDataFolder, takeDataFolder]) {
      expectError(() => open(folder, OPTIONS), 'UnusableDataFolder', /holiday\.jpg/);
    }
    assert.deepEqual(readdirSync(folder), ['holiday.jpg']);
    expectError(() => readFolderMeta(folder), 'UnusableDataFolder', /no data folder/);
  });

  it('is made in an empty folder, on a new file system, and after an interruption', (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, 'lost+found'));
    openDataFolder(folder, OPTIONS);
    // What is there when the process ended before the last step.
    rmSync(metaFile(folder));
    writeFileSync(`${metaFile(folder)}.new`, '{');
    writeFileSync(`${shardFiles(folder, 1).headFile}.new`, '');
    assert.equal(openDataFolder(folder, { ...OPTIONS, shards: 4 }).shards, 4);
  });

  it('is damaged, not new, where its description is gone and data is there', (t) => {
    const folder = newFolder(t);
    const { journal, state } = openShardStorage(folder, 1);
    appendNext(journal);
    state.close();
    journal.close();
    rmSync(metaFile(folder));
    expectError(
      () => openDataFolder(folder, OPTIONS),
      'DamagedDataFolder',
      /gavel\.json is missing, but .*shard-1 has data; see what can be saved/,
    );
  });

  it('is damaged where a shard is missing, or a log that was begun', (t) => {
    const folder = newFolder(t);
    rmSync(shardFiles(folder, 1).folder, { recursive: true });
    expectError(() => openDataFolder(folder, OPTIONS), 'DamagedDataFolder', /shard-1 is missing/);
    rmSync(shardFiles(folder, 0).headFile);
    expectError(() => openShardStorage(folder, 0), 'DamagedJournal', /head is missing/);
  });

  it('notices every change to its description', (t) => {
    const folder = newFolder(t);
    const text = readFileSync(metaFile(folder), 'utf8');
    const others = [
      '',
      '{}',
      'null',
      '[]',
      text.slice(0, -4),
      text.replace('"shards": 2', '"shards": 1'),
      text.replace('"epoch": 1', '"epoch": 7'),
    ];
    for (const other of others) {
      writeFileSync(metaFile(folder), other);
      expectError(
        () => openDataFolder(folder, OPTIONS),
        'DamagedDataFolder',
        /gavel\.json is damaged/,
      );
    }
  });

  it('raises its epoch for good', (t) => {
    const folder = newFolder(t);
    assert.equal(raiseEpoch(folder).epoch, 2);
    assert.equal(raiseEpoch(folder, 10).epoch, 11);
    assert.equal(raiseEpoch(folder, 5).epoch, 12);
    assert.deepEqual(readFolderMeta(folder), {
      format: 1,
      shards: 2,
      epoch: 12,
      createdAtMs: 1_000,
    });
    assert.ok(!existsSync(`${metaFile(folder)}.new`));
  });
});

describe('the lock', () => {
  it('is held by one process, and let go by the kernel when that dies', async (t) => {
    const folder = join(temporaryFolder(t), 'data');
    const child = startChild(t, 'locking-child.ts', [folder]);
    assert.equal(await child.line(), 'took 2');
    expectError(() => lockDataFolder(folder), 'DataFolderInUse', /in use by another gavel/);
    expectError(() => takeDataFolder(folder, OPTIONS), 'DataFolderInUse');
    const second = startChild(t, 'locking-child.ts', [folder]);
    assert.equal(await second.line(), 'DataFolderInUse');
    await child.kill();
    const { meta, release } = takeDataFolder(folder, OPTIONS);
    assert.equal(meta.shards, 2);
    expectError(() => lockDataFolder(folder), 'DataFolderInUse');
    release();
    lockDataFolder(folder)();
  });

  it('lets one of several processes make the folder', async (t) => {
    const folder = join(temporaryFolder(t), 'deep', 'data');
    const children = Array.from({ length: 4 }, () => startChild(t, 'locking-child.ts', [folder]));
    const said = await Promise.all(children.map((child) => child.line()));
    assert.deepEqual(said.toSorted(), [
      'DataFolderInUse',
      'DataFolderInUse',
      'DataFolderInUse',
      'took 2',
    ]);
  });

  it('does not take a broken lock file for another server', (t) => {
    const folder = newFolder(t);
    writeFileSync(join(folder, 'lock.sqlite'), 'no database'.repeat(100));
    expectError(() => lockDataFolder(folder), 'DamagedDataFolder', /lock\.sqlite cannot be locked/);
  });
});
