/**
 * Goal: what a repair makes of a damaged folder is what was committed, and what it says is lost is
 * lost, no more and no less; nothing is changed before --execute, and nothing is deleted. Method:
 * cases with what the plan has to say; then seeded single damages to any file, each repaired with
 * and without a snapshot, and the result held against the undamaged log batch by batch.
 *
 *   GAVEL_TEST_LONG=1   1,000 damages in place of 120
 */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { loadOrCreateReceiptKeys, receiptKeyFile } from '../../src/receipt/key-file.ts';
import { openAccountStorage } from '../../src/journal/account-storage.ts';
import {
  accountFiles,
  makeAccountsFolder,
  metaFile,
  shardFiles,
} from '../../src/journal/data-folder.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { snapshotFolder } from '../../src/journal/snapshot-folder.ts';
import type { SqliteJournalFiles } from '../../src/journal/sqlite-journal.ts';
import { openSqliteJournalForReading } from '../../src/journal/sqlite-journal.ts';
import { accounts, register } from '../account/fixture.ts';
import { Random } from '../sim/random.ts';
import { gavel } from './fake-terminal.ts';
import { damage, makeFolder } from './seeded-damage.ts';

const DAMAGES = process.env['GAVEL_TEST_LONG'] === '1' ? 1_000 : 120;
const SEED = Number(process.env['GAVEL_TEST_SEED'] ?? 20_261_123);

interface Home {
  readonly home: string;
  /** Closed; `killed` is the same with a write-ahead file. */
  readonly data: string;
  readonly killed: string;
  /** Taken at half of it. */
  readonly snapshot: string;
  readonly batches: readonly Batch[];
}

interface Batch {
  readonly lastSeq: number;
  readonly hash: string;
}

interface Report {
  readonly isDamaged: boolean;
  readonly mayLose: boolean;
  readonly shards: readonly {
    readonly finding: string | null;
    readonly parts?: readonly { from: string; firstSeq: number; lastSeq: number }[];
    readonly lastSeq?: number;
    readonly lost?: { readonly firstSeq: number; readonly lastSeq: number } | null;
    readonly isEndKnown?: boolean;
    readonly auctions?: readonly { auctionId: string; records: number }[];
    readonly unknown?: number;
  }[];
  readonly keys: readonly { readonly name: string; readonly from: string | null }[];
  readonly done: { readonly epoch: number; readonly setAside: string } | null;
}

async function makeHome(t: TestContext): Promise<Home> {
  const home = mkdtempSync(join(tmpdir(), 'gavel-repair-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const [data, killed, snapshot] = ['data', 'killed', 'snapshot'].map((name) => join(home, name));
  assert.ok(data !== undefined && killed !== undefined && snapshot !== undefined);
  const half = join(home, 'half');
  const { storage } = makeFolder(data, () => {
    loadOrCreateReceiptKeys(data);
    cpSync(data, half, { recursive: true });
  });
  await snapshotFolder(half, snapshot, { nowMs: 5, server: '' });
  cpSync(data, killed, { recursive: true });
  storage.state.close();
  storage.journal.close();
  return { home, data, killed, snapshot, batches: batchesOf(data) };
}

function batchesOf(folder: string): Batch[] {
  return batchesIn(shardFiles(folder, 0));
}

function batchesIn(files: SqliteJournalFiles): Batch[] {
  const log = openSqliteJournalForReading(files);
  try {
    return Array.from(log.scan(1 as Seq), ({ firstSeq, count, hash }) => ({
      lastSeq: firstSeq + count - 1,
      hash: Buffer.from(hash).toString('hex'),
    }));
  } finally {
    log.close();
  }
}

async function repair(
  folder: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly report: Report; readonly err: string }> {
  const { code, out, err } = await gavel(['repair', '--data', folder, '--json', ...args]);
  return { code, err, report: JSON.parse(out || '{}') as Report };
}

/** Every file with its content, but for what locking and looking leave. */
function contentOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/^lock\.sqlite|-shm$|-wal$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.map((file) => [file.slice(folder.length), readFileSync(file).toString('hex')]),
  );
}

/** Flips a bit of the batch that was committed last before a record; returns the batch. */
function breakBatch(
  folder: string,
  batches: readonly Batch[],
  share: number,
): Batch & { firstSeq: number } {
  const { logFile } = shardFiles(folder, 0);
  const i = Math.floor(batches.length * share);
  const { hash = '', lastSeq = 0 } = batches[i] ?? {};
  const bytes = readFileSync(logFile);
  const at = bytes.indexOf(Buffer.from(hash, 'hex'));
  assert.ok(at > 0);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(logFile, bytes);
  return { hash, lastSeq, firstSeq: (batches[i - 1]?.lastSeq ?? 0) + 1 };
}

test('nothing is done where nothing is damaged', async (t) => {
  const { data, snapshot } = await makeHome(t);
  const { code, report } = await repair(data, '--from', snapshot, '--execute');
  assert.deepEqual([code, report.isDamaged, report.done], [0, false, null]);
  assert.equal((await gavel(['repair', '--data', join(data, 'shard-0')])).code, 78);
});

test('a batch that the snapshot has comes back, with all that follows it', async (t) => {
  const { home, data, snapshot, batches } = await makeHome(t);
  breakBatch(data, batches, 0.25);
  const before = contentOf(data);
  const planned = await repair(data, '--from', snapshot);
  assert.equal(planned.code, 1);
  assert.deepEqual(contentOf(data), before, 'a plan changes nothing');
  assert.deepEqual(readdirSync(home).toSorted(), ['data', 'half', 'killed', 'snapshot']);
  const told = await gavel(['repair', '--data', data, '--from', snapshot]);
  assert.match(told.out, /shard 0: DAMAGED[\s\S]*come from the snapshot[\s\S]*nothing is lost/);
  assert.match(told.out, /Nothing was changed. To do it: gavel repair --data .* --execute/);

  const { code, report } = await repair(data, '--from', snapshot, '--execute');
  assert.equal(code, 0);
  assert.equal(report.mayLose, false);
  assert.deepEqual(batchesOf(data), batches);
  assert.equal((await gavel(['verify', '--data', data])).code, 0);
  assert.equal(report.done?.epoch, 1, 'nothing is lost, so what clients know holds');
  assert.deepEqual(contentOf(report.done?.setAside ?? ''), before, 'the damaged folder is kept');
});

test('what is lost is said record by record, and auction by auction', async (t) => {
  const { data, snapshot, batches } = await makeHome(t);
  const broken = breakBatch(data, batches, 0.9);
  const headSeq = batches.at(-1)?.lastSeq ?? 0;
  const { code, report } = await repair(data, '--from', snapshot, '--execute');
  assert.equal(code, 0);
  const [shard] = report.shards;
  assert.equal(shard?.lastSeq, broken.firstSeq - 1);
  assert.deepEqual([shard.lost?.firstSeq, shard.lost?.lastSeq], [broken.firstSeq, headSeq]);
  // One hash was damaged: its batch fits its checksum, and tells what it was about.
  const touched = (shard.auctions ?? []).reduce((sum, { records }) => sum + records, 0);
  assert.equal(shard.unknown, 0);
  assert.ok(touched > 0 && touched <= headSeq - broken.firstSeq + 1);
  assert.match(shard.auctions?.[0]?.auctionId ?? '', /^auction0000000000000[0-9]{2}$/);
  assert.equal(report.done?.epoch, 2);
  assert.equal((await gavel(['verify', '--data', data])).code, 0);
});

test('a missing gavel.json and a damaged key come from the snapshot', async (t) => {
  const { data, snapshot, batches } = await makeHome(t);
  const key = readFileSync(receiptKeyFile(data), 'utf8');
  rmSync(metaFile(data));
  writeFileSync(
    receiptKeyFile(data),
    key.replace(/(?<="x":")./, (first) => (first === '_' ? '-' : '_')),
  );
  const without = await gavel(['repair', '--data', data]);
  assert.equal(without.code, 74);
  assert.match(without.err, /gavel\.json is missing[\s\S]*--from SNAPSHOT/);
  const { code, report } = await repair(data, '--from', snapshot, '--execute');
  assert.equal(code, 0);
  assert.deepEqual(report.keys, [{ name: 'receipt-signing.jwk', from: snapshot }]);
  assert.equal(readFileSync(receiptKeyFile(data), 'utf8'), key);
  assert.ok((report.done?.epoch ?? 0) > 1_000);
  assert.deepEqual(batchesOf(data), batches);
});

test('a snapshot that is damaged, or of another folder, is not used', async (t) => {
  const { home, data, snapshot, batches } = await makeHome(t);
  breakBatch(data, batches, 0.25);
  const bad = join(home, 'bad');
  cpSync(snapshot, bad, { recursive: true });
  rmSync(join(bad, 'shard-0', 'head.zst'));
  const other = join(import.meta.dirname, '../fixtures/snapshot-2');
  cpSync(other, join(home, 'other'), { recursive: true });
  const ran = await gavel(['repair', '--data', data, '--from', bad, '--from', join(home, 'none')]);
  assert.equal(ran.code, 1);
  assert.match(ran.err, /not used: .*bad: .*head\.zst is missing/);
  assert.match(ran.err, /not used: .*none: .*no whole snapshot/);
  assert.match(ran.out, /LOST: records/);
  // It begins with the same meta data, but its log does not carry on this chain.
  const { report } = await repair(data, '--from', join(home, 'other'));
  assert.ok((report.shards[0]?.lost?.firstSeq ?? 0) > 0);
});

/** Registers people in a folder that is closed. */
async function registerIn(folder: string, ...names: readonly string[]): Promise<void> {
  makeAccountsFolder(folder);
  const { journal, keys } = openAccountStorage(folder);
  const people = accounts(undefined, journal, keys);
  for (const name of names) await register(people, { email: `${name}@example.com` });
  keys.close();
  journal.close();
}

/** How many people can be read. */
async function peopleIn(folder: string): Promise<number | undefined> {
  const { code, out, err } = await gavel(['verify', '--data', folder, '--json']);
  assert.equal(code, 0, err);
  return (JSON.parse(out) as { accounts: { accounts: number } }).accounts.accounts;
}

test('accounts: a log is mended as any other; without their keys they are those of a snapshot', async (t) => {
  const { home, data } = await makeHome(t);
  await registerIn(data, 'ann', 'bob');
  const snapshot = join(home, 'with-accounts');
  await snapshotFolder(data, snapshot, { nowMs: 9, server: '' });
  await registerIn(data, 'cyd');
  const { logFile, keysFile } = accountFiles(data);
  const flip = (file: string, at: number): void => {
    const bytes = readFileSync(file);
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(file, bytes);
  };
  // The hash of the first batch: a page's cells grow from its end.
  const [first] = batchesIn(accountFiles(data));
  flip(logFile, readFileSync(logFile).indexOf(Buffer.from(first?.hash ?? '', 'hex')));
  const plan = await gavel(['repair', '--data', data, '--from', snapshot]);
  assert.match(plan.out, /accounts: DAMAGED[\s\S]*come from the snapshot[\s\S]*nothing is lost/);
  assert.equal((await repair(data, '--from', snapshot, '--execute')).code, 0);
  assert.equal(await peopleIn(data), 3);

  rmSync(keysFile);
  const without = await gavel(['repair', '--data', data, '--execute']);
  assert.equal(without.code, 74);
  assert.match(without.err, /cannot be read without their keys[\s\S]*--from SNAPSHOT/);
  const told = await gavel(['repair', '--data', data, '--from', snapshot]);
  assert.match(told.out, /LOST: every change of an account after 1970-01-01 00:00:00 UTC/);
  const { code, report } = await repair(data, '--from', snapshot, '--execute');
  assert.deepEqual([code, report.mayLose, report.done?.epoch], [0, true, 2]);
  assert.equal(await peopleIn(data), 2);
});

test(`${DAMAGES} damages: what comes out was committed, what is gone was announced`, async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const { home, data, killed, snapshot, batches } = await makeHome(t);
  const random = new Random(SEED);
  const headSeq = batches.at(-1)?.lastSeq ?? 0;
  const counts = { whole: 0, lossless: 0, lossy: 0, uncertain: 0, refused: 0 };
  for (let i = 0; i < DAMAGES; i++) {
    const folder = join(home, `damaged-${i}`);
    cpSync(random.chance(0.5) ? killed : data, folder, { recursive: true });
    const told = `${damage(random, folder)} (seed ${SEED}, damage ${i})`;
    const from = random.chance(0.7) ? ['--from', snapshot] : [];
    const { code, report, err } = await repair(folder, ...from, '--execute');
    if (code !== 0) {
      // Only a snapshot says what gavel.json said; a lock that is no lock is for the operator.
      assert.match(err, /lock\.sqlite cannot be locked|gavel\.json is missing or damaged/, told);
      counts.refused += 1;
    } else if (!report.isDamaged) counts.whole += 1;
    else {
      const [shard] = report.shards;
      assert.ok(report.done !== null && existsSync(report.done.setAside), told);
      assert.equal((await gavel(['verify', '--data', folder])).code, 0, told);
      const kept = batchesOf(folder);
      assert.deepEqual(kept, batches.slice(0, kept.length), told);
      const lastSeq = kept.at(-1)?.lastSeq ?? 0;
      if (from.length > 0)
        assert.ok(kept.length >= batches.length / 3, `the snapshot's part: ${told}`);
      if (lastSeq === headSeq) counts.lossless += 1;
      else if (shard?.isEndKnown === true) {
        assert.deepEqual([shard.lost?.firstSeq, shard.lost?.lastSeq], [lastSeq + 1, headSeq], told);
        counts.lossy += 1;
      } else counts.uncertain += 1;
      assert.equal(report.mayLose || lastSeq === headSeq, true, told);
    }
    for (const name of readdirSync(home).filter((each) => each.startsWith('damaged-'))) {
      rmSync(join(home, name), { recursive: true });
    }
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.lossless > DAMAGES / 10 && counts.lossy > 0, 'the damages bite');
});
