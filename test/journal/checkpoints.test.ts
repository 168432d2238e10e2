/**
 * Goal: the write-ahead file stays small under continuous load, with the thread and without it,
 * and errors of the thread stop the journal. Method: load as fast as it goes, sizes read from
 * disk; threads that cannot do their job.
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { Checkpointer } from '../../src/journal/checkpointer.ts';
import type { LaneJob } from '../../src/journal/checkpointer.ts';
import type { JournalLanes } from '../../src/journal/sqlite-journal.ts';
import { SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import {
  appendNext,
  contentOf,
  expectError,
  logFiles,
  LONG,
  newLogFiles,
  START_US,
  temporaryFolder,
} from './fixture.ts';

const MB = 1 << 20;

function lanesOf(jobs: readonly [LaneJob, LaneJob]): JournalLanes {
  const [log, head] = new Checkpointer(jobs).lanes;
  assert.ok(log !== undefined && head !== undefined);
  return { log, head };
}

function jobsOf(folder: string): [LaneJob, LaneJob] {
  const { logFile, headFile } = logFiles(folder);
  return [
    { kind: 'checkpoint', file: logFile, synchronous: 'FULL' },
    { kind: 'sync', file: headFile },
  ];
}

/** Appends so many bytes as fast as it goes; the largest size that the write-ahead file had. */
function load(journal: SqliteJournal, folder: string, bytes: number, batchBytes: number): number {
  const record = Buffer.alloc(batchBytes, 0x5a);
  let largest = 0;
  for (let done = 0; done < bytes; done += batchBytes) {
    appendNext(journal, { records: [record] });
    largest = Math.max(largest, statSync(`${logFiles(folder).logFile}-wal`).size);
  }
  return largest;
}

describe('the write-ahead file', () => {
  for (const batchBytes of [3_000, 60_000, 3_000_000]) {
    it(`stays below 64 MB with the thread, in batches of ${batchBytes} bytes`, (t) => {
      const folder = temporaryFolder(t);
      const journal = new SqliteJournal(newLogFiles(folder), lanesOf(jobsOf(folder)));
      t.after(() => journal.close());
      const bytes = (LONG ? 1_000 : batchBytes < 10_000 ? 8 : 120) * MB;
      const largest = load(journal, folder, bytes, batchBytes);
      t.diagnostic(`${(largest / MB).toFixed(1)} MB at most`);
      assert.ok(largest < 64 * MB);
      const logBytes = statSync(logFiles(folder).logFile).size;
      assert.ok(logBytes > 0.5 * bytes, 'the thread has copied');
    });
  }

  it('stays below 64 MB without the thread', (t) => {
    const folder = temporaryFolder(t);
    const journal = new SqliteJournal(newLogFiles(folder));
    t.after(() => journal.close());
    const largest = load(journal, folder, 60 * MB, 60_000);
    t.diagnostic(`${(largest / MB).toFixed(1)} MB at most`);
    assert.ok(largest < 32 * MB);
  });

  it('never waits for a reader that stays, and shrinks when it has gone', (t) => {
    const folder = temporaryFolder(t);
    const journal = new SqliteJournal(newLogFiles(folder), lanesOf(jobsOf(folder)));
    t.after(() => journal.close());
    appendNext(journal);
    const reader = new Database(logFiles(folder).logFile, { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM log').get();
    const pinned = load(journal, folder, 80 * MB, 60_000);
    assert.ok(pinned > 64 * MB, 'the reader needs the frames since it began');
    reader.close();
    load(journal, folder, 50 * MB, 60_000);
    const frames = journal.head.seq;
    journal.close();
    const again = new SqliteJournal(logFiles(folder));
    t.after(() => again.close());
    assert.equal(again.head.seq, frames);
  });
});

describe('the checkpoint thread', () => {
  it('leaves the same log as no thread', (t) => {
    const [a, b] = [temporaryFolder(t), temporaryFolder(t)];
    const withThread = new SqliteJournal(newLogFiles(a), lanesOf(jobsOf(a)));
    const without = new SqliteJournal(newLogFiles(b));
    for (const journal of [withThread, without])
      load(journal, journal === without ? b : a, 12 * MB, 50_000);
    assert.deepEqual(withThread.head, without.head);
    withThread.close();
    without.close();
    const [first, second] = [new SqliteJournal(logFiles(a)), new SqliteJournal(logFiles(b))];
    t.after(() => first.close());
    t.after(() => second.close());
    assert.equal(contentOf(first).length, contentOf(second).length);
  });

  it('is not started for a log that stays small, and closing then waits for nothing', (t) => {
    const folder = temporaryFolder(t);
    const lanes = lanesOf(jobsOf(folder));
    const journal = new SqliteJournal(newLogFiles(folder), lanes);
    appendNext(journal, { atUs: START_US });
    appendNext(journal, { atUs: START_US + 999_999 });
    assert.ok(lanes.head.idle && lanes.log.idle);
    journal.close();
  });

  const broken: Readonly<Record<string, (jobs: [LaneJob, LaneJob], folder: string) => void>> = {
    'cannot open the head file': (jobs, folder) => {
      jobs[1] = { kind: 'sync', file: join(folder, 'nowhere', 'head') };
    },
    'cannot open the log': (jobs, folder) => {
      const file = join(folder, 'nowhere', 'log.sqlite');
      jobs[0] = { kind: 'checkpoint', file, synchronous: 'FULL' };
    },
  };
  for (const [what, harm] of Object.entries(broken)) {
    it(`stops the journal when it ${what}`, (t) => {
      const folder = temporaryFolder(t);
      const jobs = jobsOf(folder);
      harm(jobs, folder);
      const journal = new SqliteJournal(newLogFiles(folder), lanesOf(jobs));
      const record = Buffer.alloc(100_000);
      const error = expectError(() => {
        // A thread needs a moment to start, and has to fail long before this ends.
        for (let i = 0; i < 3_000; i++) {
          appendNext(journal, { atUs: START_US + i * 2_000_000, records: [record] });
        }
      }, 'CommitFailure');
      assert.match(String(error.cause), /in the background: .*(no such file|does not exist|open)/i);
      expectError(() => appendNext(journal), 'CommitFailure');
      journal.close();
    });
  }
});
