/**
 * Goal: a log that is damaged or cut short is refused with the first record that cannot be
 * trusted, never served and never silently short. Method: change rows by SQL, change raw bytes of
 * every file at random places, cut and delete files; then open and read everything.
 */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  cpSync,
  existsSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { DamagedJournal } from '../../src/journal/journal.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { SqliteJournal, openSqliteJournalForReading } from '../../src/journal/sqlite-journal.ts';
import {
  appendNext,
  appendRandom,
  contentOf,
  expectError,
  FIRST,
  logFiles,
  LONG,
  newLogFiles,
  seededRandom,
  temporaryFolder,
} from './fixture.ts';

/** A closed log of 20 batches with 3 records each: records 1 to 60. */
function closedLog(t: TestContext): string {
  const folder = temporaryFolder(t);
  const journal = new SqliteJournal(newLogFiles(folder));
  for (let i = 0; i < 20; i++) {
    appendNext(journal, { records: [`${i} a`, `${i} b`, `${i} c`], epoch: 1 + Math.floor(i / 10) });
  }
  journal.close();
  return folder;
}

function changed(folder: string, ...statements: string[]): void {
  const db = new Database(logFiles(folder).logFile);
  for (const sql of statements) assert.ok(db.prepare(sql).run().changes > 0, sql);
  db.close();
}

/** Everything that can be read, as a server and as a tool would. */
function readEverything(folder: string): object[] {
  const reading = openSqliteJournalForReading(logFiles(folder));
  let seen: object[];
  try {
    seen = contentOf(reading);
  } finally {
    reading.close();
  }
  const journal = new SqliteJournal(logFiles(folder));
  try {
    assert.deepEqual(contentOf(journal), seen);
    for (let seq = 1; seq <= journal.head.seq; seq++) {
      assert.ok(journal.read(seq as Seq) !== undefined);
    }
  } finally {
    journal.close();
  }
  return seen;
}

function expectDamage(folder: string, message: RegExp, seq?: number): void {
  const error = expectError(() => readEverything(folder), 'DamagedJournal', message);
  assert.ok(error instanceof DamagedJournal);
  if (seq !== undefined) assert.equal(error.seq, seq);
}

describe('rows changed by SQL', () => {
  const second = 'WHERE first_seq = 4';
  const cases: Readonly<Record<string, readonly [string | string[], RegExp, number]>> = {
    'other records': [`UPDATE log SET payload = x'010101616263' ${second}`, /4 to 6 .*checksum/, 4],
    'another clock': [`UPDATE log SET at_us = at_us + 1 ${second}`, /checksum/, 4],
    'another epoch': [`UPDATE log SET epoch = 2 ${second}`, /checksum/, 4],
    'another count': [`UPDATE log SET count = 2 ${second}`, /checksum/, 4],
    'an absurd count': [`UPDATE log SET count = -1 ${second}`, /numbers that no batch has/, 4],
    'another hash': [`UPDATE log SET hash = zeroblob(32) ${second}`, /does not carry on/, 4],
    'a short hash': [`UPDATE log SET hash = x'00' ${second}`, /does not carry on/, 4],
    'another checksum': [`UPDATE log SET checksum = 1 ${second}`, /checksum/, 4],
    'a hole': [`DELETE FROM log ${second}`, /records 4 to 6 are missing/, 4],
    'a missing beginning': [
      'DELETE FROM log WHERE first_seq < 30',
      /records 1 to 30 are missing/,
      1,
    ],
    'a row before the first': [
      'INSERT INTO log SELECT -5, count, epoch, at_us, checksum, hash, payload FROM log LIMIT 1',
      /numbers that no batch has/,
      -5,
    ],
    'an overlap': [
      `INSERT INTO log SELECT 6, count, epoch, at_us, checksum, hash, payload FROM log ${second}`,
      /overlaps/,
      6,
    ],
    'two rows exchanged': [
      [
        'UPDATE log SET first_seq = 1000 WHERE first_seq = 4',
        'UPDATE log SET first_seq = 4 WHERE first_seq = 7',
        'UPDATE log SET first_seq = 7 WHERE first_seq = 1000',
      ],
      /older|checksum/,
      4,
    ],
    'the last row deleted': [
      'DELETE FROM log WHERE first_seq = 58',
      /ends at record 57.*cut short/,
      58,
    ],
    'all rows deleted': ['DELETE FROM log', /ends at record 0.*cut short/, 1],
    'the last row rewritten': [
      'UPDATE log SET hash = zeroblob(32) WHERE first_seq = 58',
      /differ about record 60/,
      60,
    ],
  };
  for (const [what, [sql, message, seq]] of Object.entries(cases)) {
    it(`names the first bad record of ${what}`, (t) => {
      const folder = closedLog(t);
      changed(folder, ...[sql].flat());
      expectDamage(folder, message, seq);
    });
  }

  it('is found by whoever asks for the place of a record in the chain, and by nobody before', (t) => {
    const folder = temporaryFolder(t);
    const journal = new SqliteJournal(newLogFiles(folder));
    for (let i = 0; i < 4; i++) appendNext(journal, { records: ['a', 'b', 'c'] });
    const db = new Database(logFiles(folder).logFile);
    db.exec('UPDATE log SET hash = zeroblob(32) WHERE first_seq = 4');
    db.close();
    assert.ok(journal.linked(3 as Seq) !== undefined);
    assert.ok(journal.read(5 as Seq) !== undefined);
    expectError(() => journal.linked(5 as Seq), 'DamagedJournal', /does not carry on the chain/);
    // Its successor was linked to the hash that is gone.
    expectError(() => journal.linked(8 as Seq), 'DamagedJournal', /does not carry on the chain/);
    assert.ok(journal.linked(11 as Seq) !== undefined);
    journal.close();
  });

  it('finds a row that was forged together with its checksum', (t) => {
    const folder = closedLog(t);
    // A row taken from another log: its own checksum is right, only the chain tells.
    const other = closedLog(t);
    changed(other, 'UPDATE log SET at_us = at_us');
    const journal = new SqliteJournal(logFiles(other));
    appendNext(journal, { epoch: 2, records: ['x', 'y', 'z'] });
    journal.close();
    const twin = temporaryFolder(t);
    const forged = new SqliteJournal(newLogFiles(twin));
    for (let i = 0; i < 20; i++) {
      appendNext(forged, {
        records: [`${i} a`, `${i} b`, `${i} C`],
        epoch: 1 + Math.floor(i / 10),
      });
    }
    forged.close();
    const db = new Database(logFiles(folder).logFile);
    db.prepare('ATTACH ? AS other').run(logFiles(twin).logFile);
    db.exec('REPLACE INTO log SELECT * FROM other.log WHERE first_seq = 10');
    db.close();
    expectDamage(folder, /10 to 12 does not carry on the chain/, 10);
  });

  it('finds damage from wherever a scan starts, and not before it', (t) => {
    const folder = closedLog(t);
    changed(folder, "UPDATE log SET payload = x'00' WHERE first_seq = 31");
    const journal = new SqliteJournal(logFiles(folder));
    t.after(() => journal.close());
    for (const from of [1, 28, 31, 33]) {
      const error = expectError(() => [...journal.scan(from as Seq)], 'DamagedJournal', /31 to 33/);
      assert.equal((error as DamagedJournal).seq, 31);
    }
    assert.equal([...journal.scan(34 as Seq)].length, 9);
    expectError(() => journal.read(32 as Seq), 'DamagedJournal', /31 to 33/);
    assert.equal(journal.read(34 as Seq)?.seq, 34);
  });

  it('does not take a hole for the end of the log', (t) => {
    const folder = closedLog(t);
    changed(folder, 'DELETE FROM log WHERE first_seq BETWEEN 10 AND 20');
    const journal = new SqliteJournal(logFiles(folder));
    t.after(() => journal.close());
    expectError(() => [...journal.scan(14 as Seq)], 'DamagedJournal', /record 14 is missing/);
    expectError(() => journal.read(14 as Seq), 'DamagedJournal', /record 14 is missing/);
  });

  it('notices rows that vanish while it is open', (t) => {
    const folder = closedLog(t);
    const journal = new SqliteJournal(logFiles(folder));
    t.after(() => journal.close());
    changed(folder, 'DELETE FROM log WHERE first_seq > 50');
    expectError(() => contentOf(journal), 'DamagedJournal', /ends at record 51, but record 60/);
  });
});

describe('files of a log', () => {
  it('are refused where the log is missing', (t) => {
    const folder = closedLog(t);
    rmSync(logFiles(folder).logFile);
    expectDamage(folder, /log\.sqlite ends at record 0, but .*head says that record 60/, 1);
    assert.ok(!existsSync(logFiles(folder).logFile), 'no empty log is made in its place');
  });

  it('are refused where the log is empty', (t) => {
    const folder = closedLog(t);
    truncateSync(logFiles(folder).logFile, 0);
    expectDamage(folder, /cut short.*gavel restore/, 1);
  });

  it('are refused where the head is missing', (t) => {
    const folder = closedLog(t);
    rmSync(logFiles(folder).headFile);
    expectDamage(folder, /head is missing.*gavel restore/);
  });

  it('are refused where the head is of another log', (t) => {
    const [folder, other] = [closedLog(t), temporaryFolder(t)];
    const journal = new SqliteJournal(newLogFiles(other));
    for (let i = 0; i < 60; i++) appendNext(journal);
    journal.close();
    copyFileSync(logFiles(other).headFile, logFiles(folder).headFile);
    expectDamage(folder, /differ about record 60/, 60);
  });

  it('are refused where the log is an older copy of itself', (t) => {
    const folder = closedLog(t);
    const old = readFileSync(logFiles(folder).logFile);
    const journal = new SqliteJournal(logFiles(folder));
    appendNext(journal, { epoch: 2 });
    journal.close();
    writeFileSync(logFiles(folder).logFile, old);
    expectDamage(folder, /ends at record 60, but .* record 61 was committed/, 61);
  });

  it('are refused where the log is a database of another kind', (t) => {
    const folder = closedLog(t);
    const db = new Database(logFiles(folder).logFile);
    db.pragma('user_version = 99');
    db.close();
    expectError(() => readEverything(folder), 'WrongFormat', /format 99/);
    writeFileSync(logFiles(folder).logFile, 'This is no database at all.'.repeat(100));
    expectDamage(folder, /not a database/);
  });

  it('may have a head with one bad slot, or an older head', (t) => {
    const folder = closedLog(t);
    const expected = readEverything(folder);
    const { headFile } = logFiles(folder);
    const good = readFileSync(headFile);
    for (const at of [0, 512]) {
      const torn = Buffer.from(good);
      torn.fill(0xff, at + 20, at + 52);
      writeFileSync(headFile, torn);
      assert.deepEqual(readEverything(folder), expected);
    }
  });

  it('are refused where both slots of the head are bad', (t) => {
    const folder = closedLog(t);
    const { headFile } = logFiles(folder);
    for (const damaged of [Buffer.alloc(0), Buffer.alloc(1024), Buffer.alloc(564, 7)]) {
      writeFileSync(headFile, damaged);
      expectDamage(folder, /head is damaged in both of its slots.*gavel restore/);
    }
  });
});

describe('raw bytes', () => {
  interface Target {
    readonly folder: string;
    readonly names: readonly string[];
    readonly expected: object[];
  }

  /** A copy of an open log, as after a crash: with its write-ahead file. */
  function crashedLog(t: TestContext, random: () => number): Target {
    const [live, folder] = [temporaryFolder(t), temporaryFolder(t)];
    const journal = new SqliteJournal(newLogFiles(live));
    appendRandom(journal, random, 40);
    const names = ['log.sqlite', 'log.sqlite-wal', 'head'];
    for (const name of names) copyFileSync(join(live, name), join(folder, name));
    const expected = contentOf(journal);
    journal.close();
    return { folder, names, expected };
  }

  function closedTarget(t: TestContext, random: () => number): Target {
    const folder = temporaryFolder(t);
    const journal = new SqliteJournal(newLogFiles(folder));
    appendRandom(journal, random, 40);
    const expected = contentOf(journal);
    journal.close();
    return { folder, names: ['log.sqlite', 'head'], expected };
  }

  const harms: Readonly<Record<string, (file: string, random: () => number) => void>> = {
    'a flipped bit': (file, random) => {
      const bytes = readFileSync(file);
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      writeFileSync(file, bytes);
    },
    'a zeroed sector': (file, random) => {
      const bytes = readFileSync(file);
      const at = Math.floor((random() * bytes.length) / 512) * 512;
      bytes.subarray(at, at + 512).fill(0);
      writeFileSync(file, bytes);
    },
    'a cut file': (file, random) =>
      truncateSync(file, Math.floor(random() * readFileSync(file).length)),
    'a deleted file': (file) => rmSync(file),
  };

  for (const [state, open] of Object.entries({ closed: closedTarget, crashed: crashedLog })) {
    for (const [what, harm] of Object.entries(harms)) {
      it(`of a ${state} log with ${what}: refused, or all of it is there`, (t) => {
        const { random, seed } = seededRandom(t);
        const target = open(t, random);
        const rounds = what === 'a deleted file' ? target.names.length : LONG ? 3_000 : 100;
        let refused = 0;
        for (let round = 0; round < rounds; round++) {
          const folder = temporaryFolder(t);
          cpSync(target.folder, folder, { recursive: true });
          const name = target.names[round % target.names.length] ?? 'head';
          harm(join(folder, name), random);
          try {
            const seen = readEverything(folder);
            assert.deepEqual(seen, target.expected, `seed ${seed}: ${what} in ${name}, ${round}`);
          } catch (error) {
            assert.ok(error instanceof Error);
            const named = ['DamagedJournal', 'WrongFormat'].includes(error.name);
            assert.ok(named, `seed ${seed}: ${what} in ${name}, ${round}: ${error.stack}`);
            refused += 1;
          }
          rmSync(folder, { recursive: true });
        }
        t.diagnostic(`${refused} of ${rounds} refused`);
        assert.ok(refused > 0);
      });
    }
  }
});

describe('the first batch', () => {
  it('is not checked against anything but itself', (t) => {
    const folder = temporaryFolder(t);
    const journal = new SqliteJournal(newLogFiles(folder));
    appendNext(journal);
    journal.close();
    changed(folder, 'UPDATE log SET first_seq = 2');
    const error = expectError(() => readEverything(folder), 'DamagedJournal');
    assert.equal((error as DamagedJournal).seq, FIRST);
  });
});
