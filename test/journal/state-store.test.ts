/**
 * Goal: every state store keeps the contract of state-store.ts, and the one on disk notices what
 * happened to its file. Method: one suite run on each; then damage by SQL.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { MemoryStateStore } from '../../src/journal/memory-state-store.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { SqliteStateStore } from '../../src/journal/sqlite-state-store.ts';
import type { StateRow, StateStore } from '../../src/journal/state-store.ts';
import { expectError, LONG, randomBytes, seededRandom, temporaryFolder } from './fixture.ts';

const STORES: Readonly<Record<string, (t: TestContext) => StateStore>> = {
  'memory state store': () => new MemoryStateStore(),
  'SQLite state store': (t) => {
    const store = new SqliteStateStore(join(temporaryFolder(t), 'state.sqlite'));
    t.after(() => store.close());
    return store;
  },
};

function rowOf(row: Partial<StateRow> & { readonly text?: string } = {}): StateRow {
  const { kind = 1, key = 1, part = 0, appliedSeq = 1 as Seq, text = 'state' } = row;
  return { kind, key, part, appliedSeq, bytes: row.bytes ?? Buffer.from(text) };
}

function plain(rows: Iterable<StateRow>): unknown[] {
  return Array.from(rows, ({ kind, key, part, appliedSeq, bytes }) => [
    kind,
    key,
    part,
    appliedSeq,
    Buffer.from(bytes).toString('latin1'),
  ]);
}

for (const [name, open] of Object.entries(STORES)) {
  describe(name, () => {
    it('is empty at first', (t) => {
      const store = open(t);
      assert.equal(store.lowSeq, 0);
      assert.deepEqual(plain(store.rows()), []);
    });

    it('gives rows back in the order of kind, key, part', (t) => {
      const store = open(t);
      store.put([
        rowOf({ kind: 2, key: 1, part: 1, text: 'd' }),
        rowOf({ kind: 2, key: 1, part: 0, text: 'c' }),
      ]);
      store.put([rowOf({ key: 10, text: 'b' }), rowOf({ key: 9, text: 'a' })]);
      assert.deepEqual(plain(store.rows()), [
        [1, 9, 0, 1, 'a'],
        [1, 10, 0, 1, 'b'],
        [2, 1, 0, 1, 'c'],
        [2, 1, 1, 1, 'd'],
      ]);
    });

    it('replaces a row with the same kind, key and part', (t) => {
      const store = open(t);
      store.put([rowOf({ text: 'old' }), rowOf({ key: 2 })]);
      store.put([rowOf({ appliedSeq: 7 as Seq, text: 'new' })]);
      assert.deepEqual(plain(store.rows()), [
        [1, 1, 0, 7, 'new'],
        [1, 2, 0, 1, 'state'],
      ]);
    });

    it('keeps what it has when the caller reuses the bytes', (t) => {
      const store = open(t);
      const bytes = Uint8Array.of(65, 66);
      store.put([rowOf({ bytes })]);
      bytes.fill(0);
      assert.deepEqual(plain(store.rows()), [[1, 1, 0, 1, 'AB']]);
    });

    it('says how far a finished snapshot goes', (t) => {
      const store = open(t);
      store.put([rowOf()]);
      assert.equal(store.lowSeq, 0);
      store.finish(5 as Seq);
      assert.equal(store.lowSeq, 5);
    });

    it('holds what a map would hold after many puts', (t) => {
      const store = open(t);
      const { random } = seededRandom(t);
      const expected = new Map<string, StateRow>();
      for (let i = 0; i < 300; i++) {
        const rows = Array.from({ length: Math.floor(random() * 8) }, () =>
          rowOf({
            kind: 1 + Math.floor(random() * 3),
            key: Math.floor(random() * 40),
            part: Math.floor(random() * 2),
            appliedSeq: i as Seq,
            bytes: randomBytes(random, Math.floor(random() * 200)),
          }),
        );
        store.put(rows);
        for (const row of rows) {
          expected.set([row.kind, row.key, row.part].map((n) => String(n).padStart(3)).join(), row);
        }
      }
      const sorted = [...expected].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
      assert.deepEqual(plain(store.rows()), plain(sorted));
    });
  });
}

describe('SQLite state store on disk', () => {
  function storeWith(t: TestContext): string {
    const path = join(temporaryFolder(t), 'state.sqlite');
    const store = new SqliteStateStore(path);
    store.put(Array.from({ length: 50 }, (_, key) => rowOf({ key, text: `row ${key}` })));
    store.finish(9 as Seq);
    store.close();
    return path;
  }

  function readAll(path: string): unknown[] {
    const store = new SqliteStateStore(path);
    try {
      return plain(store.rows());
    } finally {
      store.close();
    }
  }

  function changed(path: string, sql: string): void {
    const db = new Database(path);
    assert.ok(db.prepare(sql).run().changes > 0);
    db.close();
  }

  it('is the same after it was closed and opened', (t) => {
    const path = storeWith(t);
    const store = new SqliteStateStore(path);
    assert.equal(store.lowSeq, 9);
    assert.equal([...store.rows()].length, 50);
    store.put([rowOf({ key: 50 })]);
    store.close();
    assert.equal(readAll(path).length, 51);
  });

  it('is whole after a put that failed in its middle', (t) => {
    const path = storeWith(t);
    const store = new SqliteStateStore(path);
    const wrong = { ...rowOf({ key: 61 }), appliedSeq: 1.5 as Seq };
    assert.throws(() => store.put([rowOf({ key: 3, text: 'changed' }), rowOf({ key: 60 }), wrong]));
    assert.equal([...store.rows()].length, 50);
    store.put([rowOf({ key: 60 })]);
    store.finish(10 as Seq);
    store.close();
    assert.equal(readAll(path).length, 51);
  });

  it('shows a reader one moment, while another writes', (t) => {
    const path = storeWith(t);
    const writer = new SqliteStateStore(path);
    const reader = new SqliteStateStore(path, 'read');
    t.after(() => reader.close());
    t.after(() => writer.close());
    const rows = reader.rows()[Symbol.iterator]();
    assert.equal(rows.next().value?.key, 0);
    writer.put([rowOf({ key: 60 }), rowOf({ key: 3, text: 'changed' })]);
    writer.finish(20 as Seq);
    let count = 1;
    while (rows.next().done !== true) count += 1;
    assert.equal(count, 50);
    assert.equal(reader.lowSeq, 9);
  });

  const damages = {
    'other bytes': "UPDATE state SET bytes = x'00' WHERE key = 7",
    'another applied_seq': 'UPDATE state SET applied_seq = 2 WHERE key = 7',
    'another key': 'UPDATE state SET key = 70 WHERE key = 7',
    'another kind': 'UPDATE state SET kind = 5 WHERE key = 7',
    'a missing row': 'DELETE FROM state WHERE key = 7',
    'missing rows at the end': 'DELETE FROM state WHERE key > 40',
    'all rows missing': 'DELETE FROM state',
    'a row too many':
      'INSERT INTO state SELECT kind, 99, part, applied_seq, checksum, bytes FROM state WHERE key = 7',
    'a later low_seq': 'UPDATE meta SET low_seq = 10',
    'no low_seq': 'DELETE FROM meta',
  };
  for (const [what, sql] of Object.entries(damages)) {
    it(`refuses ${what}`, (t) => {
      const path = storeWith(t);
      changed(path, sql);
      expectError(() => readAll(path), 'DamagedState', /state\.sqlite.*log alone is enough/);
    });
  }

  it('refuses a log in its place', (t) => {
    const path = storeWith(t);
    const db = new Database(path);
    db.pragma('application_id = 1196836935');
    db.close();
    expectError(() => readAll(path), 'WrongFormat', /application 1196836935/);
  });

  it('refuses or has all rows after a bit of its file was flipped', (t) => {
    const { random, seed } = seededRandom(t);
    const whole = storeWith(t);
    const expected = readAll(whole);
    const bytes = readFileSync(whole);
    const path = join(temporaryFolder(t), 'state.sqlite');
    let refused = 0;
    for (let round = 0; round < (LONG ? 5_000 : 200); round++) {
      const harmed = Buffer.from(bytes);
      const at = Math.floor(random() * harmed.length);
      harmed[at] = (harmed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      writeFileSync(path, harmed);
      try {
        assert.deepEqual(readAll(path), expected, `seed ${seed}, round ${round}, byte ${at}`);
      } catch (error) {
        const { name, stack } = error as Error;
        const where = `seed ${seed}, round ${round}, byte ${at}: ${stack}`;
        assert.ok(['DamagedState', 'WrongFormat'].includes(name), where);
        refused += 1;
      }
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    }
    t.diagnostic(`${refused} refused`);
    assert.ok(refused > 0);
  });
});
