/** Goal: every journal keeps the contract of journal.ts. Method: one suite, run on each. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { describe, it } from 'node:test';
import type { Journal } from '../../src/journal/journal.ts';
import { MemoryJournal } from '../../src/journal/memory-journal.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { openSqliteJournalForReading, SqliteJournal } from '../../src/journal/sqlite-journal.ts';
import {
  appendNext,
  appendRandom,
  batchOf,
  contentOf,
  expectError,
  FIRST,
  newLogFiles,
  plainBatch,
  recordsOf,
  seededRandom,
  START_US,
  temporaryFolder,
} from './fixture.ts';

const JOURNALS: Readonly<Record<string, (t: TestContext) => Journal>> = {
  'memory journal': () => new MemoryJournal(),
  'SQLite journal': (t) => {
    const journal = new SqliteJournal(newLogFiles(temporaryFolder(t)));
    t.after(() => journal.close());
    return journal;
  },
};

for (const [name, open] of Object.entries(JOURNALS)) {
  describe(name, () => {
    it('is empty at first', (t) => {
      const journal = open(t);
      assert.equal(journal.head.seq, 0);
      assert.deepEqual([...journal.head.hash], Array(32).fill(0));
      assert.equal(journal.committedSeq, 0);
      assert.equal(journal.lastAtUs, 0);
      assert.equal(journal.read(FIRST), undefined);
      assert.deepEqual(contentOf(journal), []);
    });

    it('gives back what was appended, batch by batch', (t) => {
      const journal = open(t);
      journal.append(batchOf({ records: ['a', '', 'ccc'], atUs: START_US + 5, epoch: 2 }));
      journal.append(batchOf({ firstSeq: 4, records: ['dd'], atUs: START_US + 5, epoch: 7 }));
      assert.equal(journal.head.seq, 4);
      assert.equal(journal.committedSeq, 4);
      assert.equal(journal.lastAtUs, START_US + 5);
      const [first, second, ...more] = [...journal.scan(FIRST)];
      assert.ok(first !== undefined && second !== undefined && more.length === 0);
      assert.deepEqual(
        [first.firstSeq, first.count, first.epoch, [...first.offsets]],
        [1, 3, 2, [0, 1, 1, 4]],
      );
      assert.deepEqual([second.firstSeq, second.count, second.epoch], [4, 1, 7]);
      assert.deepEqual(recordsOf(journal), ['a', '', 'ccc', 'dd']);
      assert.deepEqual([...second.hash], [...journal.head.hash]);
      assert.notDeepEqual([...first.hash], [...second.hash]);
    });

    it('gives each record its place in the chain, in any order', (t) => {
      const journal = open(t);
      const { random } = seededRandom(t);
      appendRandom(journal, random, 30);
      const batches = [...journal.scan(FIRST)];
      for (let i = 0; i < 200; i++) {
        const seq = (1 + Math.floor(random() * journal.head.seq)) as Seq;
        const batch = batches.findLast(({ firstSeq }) => firstSeq <= seq);
        const linked = journal.linked(seq);
        assert.ok(batch !== undefined && linked !== undefined);
        const { lastSeq, hash, ...record } = linked;
        assert.deepEqual(record, journal.read(seq));
        assert.equal(lastSeq, batch.firstSeq + batch.count - 1);
        assert.deepEqual([...hash], [...batch.hash]);
      }
      assert.equal(journal.linked(0 as Seq), undefined);
      assert.equal(journal.linked((journal.head.seq + 1) as Seq), undefined);
    });

    it('reads single records, and undefined for numbers that it does not hold', (t) => {
      const journal = open(t);
      journal.append(batchOf({ records: ['one', 'two'], epoch: 3 }));
      journal.append(batchOf({ firstSeq: 3, records: ['three'], epoch: 4 }));
      for (const [seq, text, epoch] of [
        [1, 'one', 3],
        [2, 'two', 3],
        [3, 'three', 4],
        [1, 'one', 3],
      ] as const) {
        const record = journal.read(seq as Seq);
        assert.ok(record !== undefined);
        assert.deepEqual([record.seq, record.epoch], [seq, epoch]);
        assert.equal(Buffer.from(record.bytes).toString(), text);
      }
      assert.equal(journal.read(0 as Seq), undefined);
      assert.equal(journal.read(4 as Seq), undefined);
    });

    it('keeps what it has when callers reuse their arrays or write into what they got', (t) => {
      const journal = open(t);
      const batch = batchOf({ records: ['first', 'second'] });
      journal.append(batch);
      batch.bytes.fill(0);
      (batch.offsets as Uint32Array).fill(0);
      const read = journal.read(2 as Seq);
      read?.bytes.fill(0);
      assert.equal(Buffer.from(journal.read(2 as Seq)?.bytes ?? []).toString(), 'second');
      assert.deepEqual(recordsOf(journal), ['first', 'second']);
    });

    it('scans from the batch that holds a record, wherever that is', (t) => {
      const journal = open(t);
      const { random } = seededRandom(t);
      appendRandom(journal, random, 300);
      const all = [...journal.scan(FIRST)];
      for (let round = 0; round < 50; round++) {
        const seq = (1 + Math.floor(random() * journal.head.seq)) as Seq;
        const from = all.findIndex(({ firstSeq, count }) => seq < firstSeq + count);
        assert.deepEqual(contentOf(journal, seq), all.slice(from).map(plainBatch));
      }
      assert.deepEqual(contentOf(journal, (journal.head.seq + 1) as Seq), []);
    });

    it('goes on with a scan while batches are appended and records are read', (t) => {
      const journal = open(t);
      for (let i = 0; i < 300; i++) appendNext(journal);
      let expected = 1;
      for (const batch of journal.scan(FIRST)) {
        assert.equal(batch.firstSeq, expected);
        expected += batch.count;
        if (batch.firstSeq % 3 === 0 && journal.head.seq < 400) appendNext(journal);
        assert.equal(journal.read(batch.firstSeq)?.seq, batch.firstSeq);
      }
      assert.equal(journal.head.seq, 400);
      assert.equal(expected, 401);
    });

    it('has the same chain as every other journal', (t) => {
      const journal = open(t);
      journal.append(batchOf({ records: ['a'], atUs: START_US }));
      journal.append(batchOf({ firstSeq: 2, records: ['b', 'c'], atUs: START_US, epoch: 9 }));
      assert.equal(
        Buffer.from(journal.head.hash).toString('hex'),
        CHAIN_OF_TWO,
        'the format of the log has changed: old logs would be refused',
      );
    });

    const wrong = {
      'leaves a hole': batchOf({ firstSeq: 3 }),
      'is appended twice': batchOf({ firstSeq: 1 }),
      'goes back in time': batchOf({ firstSeq: 2, atUs: START_US - 1 }),
      'has a broken clock': batchOf({ firstSeq: 2, atUs: START_US + 0.5 }),
      'is of an earlier epoch': batchOf({ firstSeq: 2, epoch: 4 }),
      'has no records': { ...batchOf({ firstSeq: 2, records: [] }) },
      'has offsets that descend': {
        ...batchOf({ firstSeq: 2, records: ['abc', 'd'] }),
        offsets: Uint32Array.of(0, 5, 4),
      },
      'has offsets that end too early': {
        ...batchOf({ firstSeq: 2 }),
        offsets: Uint32Array.of(0, 3),
      },
    };
    for (const [what, batch] of Object.entries(wrong)) {
      it(`refuses a batch that ${what}, and everything after it`, (t) => {
        const journal = open(t);
        journal.append(batchOf({ epoch: 5, atUs: START_US }));
        const failure = expectError(() => journal.append(batch), 'CommitFailure');
        assert.ok(failure.cause instanceof Error);
        assert.equal(failure.cause.name, 'AssertionFailure');
        expectError(() => appendNext(journal, { epoch: 5 }), 'CommitFailure');
        assert.equal(journal.head.seq, 1);
        assert.equal(journal.committedSeq, 1);
      });
    }

    it('takes nothing after it was closed, and may be closed twice', (t) => {
      const journal = open(t);
      appendNext(journal);
      journal.close();
      journal.close();
      expectError(() => appendNext(journal), 'CommitFailure', /closed/);
      assert.equal(journal.committedSeq, 1);
    });
  });
}

/** Computed once by another program from the layout that chain.ts states. */
const CHAIN_OF_TWO = 'd68b82bcc4199fbb3f242c1f06def91c1d280d1b26d6b03536753f87ecd10074';

describe('a log that is only read', () => {
  it('finds where a moment begins: nothing of that moment or later stands before it', (t) => {
    const files = newLogFiles(temporaryFolder(t));
    const empty = openSqliteJournalForReading(files);
    assert.equal(empty.firstSeqAt(START_US), 1);
    empty.close();
    const journal = new SqliteJournal(files);
    t.after(() => journal.close());
    const { random } = seededRandom(t);
    for (let i = 0; i < 40; i++) {
      const atUs = Math.max(START_US, journal.lastAtUs) + Math.floor(random() * 3);
      appendNext(journal, { atUs, records: Array(1 + Math.floor(random() * 4)).fill('x') });
    }
    const reading = openSqliteJournalForReading(files);
    const batches = [...reading.scan(FIRST)];
    for (let atUs = START_US - 2; atUs <= journal.lastAtUs + 2; atUs++) {
      const first = batches.find((batch) => batch.atUs >= atUs)?.firstSeq ?? journal.head.seq + 1;
      assert.equal(reading.firstSeqAt(atUs), first, `${atUs}`);
    }
    reading.close();
  });
});
