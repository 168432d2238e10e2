/** What the tests of the journal room start from: folders, batches, seeded damage. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { HeadFile } from '../../src/journal/head-file.ts';
import type { Batch, Journal, StoredBatch } from '../../src/journal/journal.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { SEQ_NONE, seqAfter } from '../../src/journal/seq.ts';
import type { SqliteJournalFiles } from '../../src/journal/sqlite-journal.ts';

export const LONG = process.env['GAVEL_TEST_LONG'] === '1';
export const START_US = 1_767_225_600_000_000;
export const FIRST = seqAfter(SEQ_NONE);

/** A folder that is gone after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-journal-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The files of a log; a new one where the folder has none. */
export function logFiles(folder: string): SqliteJournalFiles {
  return { logFile: join(folder, 'log.sqlite'), headFile: join(folder, 'head') };
}

export function newLogFiles(folder: string): SqliteJournalFiles {
  const files = logFiles(folder);
  HeadFile.create(files.headFile);
  return files;
}

export interface BatchOptions {
  readonly firstSeq?: number;
  readonly atUs?: number;
  readonly epoch?: number;
  readonly records?: readonly (string | Uint8Array)[];
}

export function batchOf({
  firstSeq = 1,
  atUs = START_US + firstSeq,
  epoch = 1,
  records = [`record ${firstSeq}`],
}: BatchOptions = {}): Batch {
  const parts = records.map((record) => Buffer.from(record));
  const offsets = new Uint32Array(parts.length + 1);
  for (const [i, part] of parts.entries()) offsets[i + 1] = (offsets[i] ?? 0) + part.length;
  const bytes = Buffer.concat(parts);
  return { firstSeq: firstSeq as Seq, count: parts.length, atUs, epoch, offsets, bytes };
}

/** Appends the next batch. */
export function appendNext(journal: Journal, options: Omit<BatchOptions, 'firstSeq'> = {}): void {
  const firstSeq = journal.head.seq + 1;
  const atUs = Math.max(START_US, journal.lastAtUs) + 1;
  journal.append(batchOf({ atUs, ...options, firstSeq }));
}

/** Appends batches of 1 to 20 records of 0 to 300 bytes. */
export function appendRandom(journal: Journal, random: () => number, batches: number): void {
  for (let i = 0; i < batches; i++) {
    const records = Array.from({ length: 1 + Math.floor(random() * 20) }, () =>
      randomBytes(random, Math.floor(random() * 300)),
    );
    appendNext(journal, { records });
  }
}

export function randomBytes(random: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** A batch as plain values, to compare. */
export function plainBatch(batch: StoredBatch): object {
  const { firstSeq, count, atUs, epoch, offsets, bytes, hash } = batch;
  return {
    firstSeq,
    count,
    atUs,
    epoch,
    offsets: [...offsets],
    bytes: Buffer.from(bytes).toString('hex'),
    hash: Buffer.from(hash).toString('hex'),
  };
}

export function contentOf(journal: Pick<Journal, 'scan'>, fromSeq: Seq = FIRST): object[] {
  return Array.from(journal.scan(fromSeq), plainBatch);
}

export function recordsOf(journal: Pick<Journal, 'scan'>): string[] {
  return [...journal.scan(FIRST)].flatMap(({ bytes, offsets, count }) =>
    Array.from({ length: count }, (_, i) =>
      Buffer.from(bytes.subarray(offsets[i], offsets[i + 1])).toString(),
    ),
  );
}

/** Numbers from 0 to 1, the same for the same seed; the seed stands in the test's output. */
export function seededRandom(t: TestContext): { random: () => number; seed: number } {
  const seed = Number(process.env['GAVEL_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed} (again with GAVEL_TEST_SEED=${seed})`);
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { random, seed };
}

/** Runs `act`, which has to throw an error of this name whose message matches. */
export function expectError(act: () => unknown, name: string, message = /./): Error {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.equal(error.name, name, error.stack);
    assert.match(error.message, message);
    return error;
  }
  return assert.fail(`${name} was expected, and nothing was thrown`);
}
