/**
 * Goal: what was committed is there after a crash, and a commit that fails ends the journal.
 * Method: copies of files that are open; a process that is killed; a process that may not write
 * more than so much.
 */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDataFolder, shardFiles } from '../../src/journal/data-folder.ts';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import { startChild } from './child.ts';
import {
  appendNext,
  contentOf,
  expectError,
  logFiles,
  LONG,
  newLogFiles,
  recordsOf,
  temporaryFolder,
} from './fixture.ts';

describe('a crash', () => {
  it('loses nothing: files copied while they are open hold everything', (t) => {
    const [live, copy] = [temporaryFolder(t), temporaryFolder(t)];
    const journal = new SqliteJournal(newLogFiles(live));
    for (let i = 0; i < 100; i++) appendNext(journal);
    for (const name of readdirSync(live)) copyFileSync(join(live, name), join(copy, name));
    const reopened = new SqliteJournal(logFiles(copy));
    t.after(() => reopened.close());
    t.after(() => journal.close());
    assert.deepEqual(contentOf(reopened), contentOf(journal));
    assert.equal(reopened.head.seq, 100);
    appendNext(reopened);
    assert.equal(reopened.head.seq, 101);
  });

  it('between commit and head leaves a log that is longer than the head', (t) => {
    const [live, copy] = [temporaryFolder(t), temporaryFolder(t)];
    const journal = new SqliteJournal(newLogFiles(live));
    t.after(() => journal.close());
    for (let i = 0; i < 10; i++) appendNext(journal);
    copyFileSync(join(live, 'head'), join(copy, 'head'));
    for (let i = 0; i < 5; i++) appendNext(journal);
    for (const name of ['log.sqlite', 'log.sqlite-wal']) {
      copyFileSync(join(live, name), join(copy, name));
    }
    const reopened = new SqliteJournal(logFiles(copy));
    t.after(() => reopened.close());
    assert.equal(reopened.head.seq, 15);
    assert.equal(reopened.lastAtUs, journal.lastAtUs);
    appendNext(reopened);
    assert.equal(recordsOf(reopened).length, 16);
  });

  it('that took the write-ahead file with it is noticed', (t) => {
    for (const harm of [rmSync, (file: string) => truncateSync(file, 5_000)]) {
      const [live, copy] = [temporaryFolder(t), temporaryFolder(t)];
      const journal = new SqliteJournal(newLogFiles(live));
      for (let i = 0; i < 50; i++) appendNext(journal);
      for (const name of readdirSync(live)) copyFileSync(join(live, name), join(copy, name));
      journal.close();
      rmSync(join(copy, 'log.sqlite-shm'), { force: true });
      harm(join(copy, 'log.sqlite-wal'));
      expectError(() => new SqliteJournal(logFiles(copy)), 'DamagedJournal');
    }
  });

  it('of the process at any time keeps every record that was committed', async (t) => {
    const folder = temporaryFolder(t);
    openDataFolder(folder, { shards: 1, shardsDefault: 1, nowMs: 1 });
    let committed = 0;
    for (let round = 0; round < (LONG ? 60 : 4); round++) {
      const child = startChild(t, 'appending-child.ts', [folder, '1000000', '900']);
      // Each round is stopped at another point, some of them amid copies of the write-ahead file.
      for (let lines = 0; lines < 40 + round * 200; lines++) {
        const line = JSON.parse((await child.line()) ?? '{}') as Record<string, number>;
        assert.ok(line['opened'] !== undefined || line['committed'] !== undefined);
        committed = Math.max(committed, line['committed'] ?? 0);
      }
      await child.kill();
      const { journal, state } = openShardStorage(folder, 0);
      assert.ok(journal.head.seq >= committed, `${journal.head.seq} of ${committed} are left`);
      const records = recordsOf(journal);
      assert.equal(records.length, journal.head.seq);
      records.forEach((record, i) => assert.equal(Number.parseInt(record, 10), i - (i % 2) + 1));
      for (const row of state.rows()) assert.ok(row.appliedSeq <= journal.head.seq);
      committed = journal.head.seq;
      state.close();
      journal.close();
    }
  });
});

describe('a commit that fails', () => {
  it('ends the journal; what was committed before is there again', async (t) => {
    const folder = temporaryFolder(t);
    openDataFolder(folder, { shards: 1, shardsDefault: 1, nowMs: 1 });
    // No file may exceed 2,048 blocks of 512 bytes: writes fail as on a full disk.
    const child = startChild(
      t,
      'appending-child.ts',
      [folder, '100000', '900'],
      "trap '' XFSZ; ulimit -f 2048;",
    );
    let committed = 0;
    let failure: Record<string, unknown> = {};
    for (let line = await child.line(); line !== undefined; line = await child.line()) {
      const said = JSON.parse(line) as Record<string, unknown>;
      if (typeof said['committed'] === 'number') committed = said['committed'];
      else failure = said;
    }
    assert.equal(failure['failed'], 'CommitFailure');
    assert.equal(failure['again'], 'CommitFailure');
    assert.match(String(failure['cause']), /disk|full|I\/O/);
    assert.ok(committed > 100);
    const { journal, state } = openShardStorage(folder, 0);
    t.after(() => state.close());
    t.after(() => journal.close());
    assert.ok(journal.head.seq >= committed);
    assert.equal(recordsOf(journal).length, journal.head.seq);
    appendNext(journal);
  });
});

describe('an open journal', () => {
  it('leaves one file and no write-ahead file when it is closed', (t) => {
    const folder = temporaryFolder(t);
    const journal = new SqliteJournal(newLogFiles(folder));
    appendNext(journal);
    assert.ok(existsSync(`${logFiles(folder).logFile}-wal`));
    journal.close();
    assert.deepEqual(readdirSync(folder).toSorted(), ['head', 'log.sqlite']);
  });

  it('lets go of its files when it cannot be opened', (t) => {
    const folder = temporaryFolder(t);
    const journal = new SqliteJournal(newLogFiles(folder));
    for (let i = 0; i < 10; i++) appendNext(journal);
    journal.close();
    copyFileSync(join(folder, 'head'), join(folder, 'old-head'));
    rmSync(join(folder, 'head'));
    for (let i = 0; i < 50; i++)
      expectError(() => new SqliteJournal(logFiles(folder)), 'DamagedJournal');
    copyFileSync(join(folder, 'old-head'), join(folder, 'head'));
    const again = new SqliteJournal(logFiles(folder));
    assert.equal(again.head.seq, 10);
    again.close();
  });

  it('is opened as part of a data folder together with its snapshot', (t) => {
    const folder = temporaryFolder(t);
    openDataFolder(folder, { shards: 2, shardsDefault: 1, nowMs: 1 });
    const { journal, state } = openShardStorage(folder, 1);
    appendNext(journal);
    state.close();
    journal.close();
    assert.deepEqual(readdirSync(shardFiles(folder, 1).folder).toSorted(), [
      'head',
      'log.sqlite',
      'state.sqlite',
    ]);
  });
});
