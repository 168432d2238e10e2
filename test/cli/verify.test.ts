/** `gavel verify` and `gavel inspect`: whole data, every kind of damage, records. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { filledFolder } from './filled-folder.ts';
import type { FilledFolder } from './filled-folder.ts';
import { gavel } from './fake-terminal.ts';

interface Report {
  readonly ok: boolean;
  readonly shards: readonly {
    readonly records: number;
    readonly auctions: number;
    readonly snapshotAuctions: number;
    readonly stateHash: string | null;
    readonly finding: { readonly record: number; readonly what: string } | null;
  }[];
}

function change(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

async function verify({ home }: FilledFolder): Promise<{ code: number; report: Report }> {
  const { code, out } = await gavel(['verify', '--json'], { folder: home });
  return { code, report: JSON.parse(out) as Report };
}

test('whole data passes, with and without a snapshot, by the same state hash', async (t) => {
  const bare = await verify(filledFolder(t, { snapshot: false }));
  assert.equal(bare.code, 0);
  assert.equal(bare.report.shards[0]?.snapshotAuctions, 0);
  const folder = filledFolder(t);
  const { code, report } = await verify(folder);
  assert.equal(code, 0);
  assert.equal(report.ok, true);
  assert.equal(report.shards[0]?.auctions, 2);
  assert.equal(report.shards[0]?.snapshotAuctions, 2);
  assert.equal(report.shards[0]?.stateHash, bare.report.shards[0]?.stateHash);
  const text = await gavel(['verify'], { folder: folder.home });
  assert.match(text.out, /shard 0: \d+ records .* records\/s/);
  assert.match(text.out, /the snapshot of 2 auctions says the same/);
  assert.match(text.out, /All is well/);
});

test('a changed byte in the log is found, with the first record that it may concern', async (t) => {
  const folder = filledFolder(t);
  change(
    folder.shard.logFile,
    "UPDATE log SET payload = CAST(payload || x'00' AS BLOB) WHERE first_seq = (SELECT max(first_seq) FROM log)",
  );
  const { code, report } = await verify(folder);
  assert.equal(code, 74);
  assert.ok((report.shards[0]?.finding?.record ?? 0) > 0);
  assert.match(report.shards[0]?.finding?.what ?? '', /checksum/);
  const text = await gavel(['verify'], { folder: folder.home });
  assert.equal(text.code, 74);
  assert.match(text.err, /shard 0: DAMAGED\. first bad record \d+:/);
  assert.match(text.err, /gavel restore/);
});

test('a missing batch in the middle is found', async (t) => {
  const folder = filledFolder(t);
  change(folder.shard.logFile, 'DELETE FROM log WHERE first_seq = 1');
  const { code, report } = await verify(folder);
  assert.equal(code, 74);
  assert.equal(report.shards[0]?.finding?.record, 1);
});

test('a log cut short is found by its head', async (t) => {
  const folder = filledFolder(t);
  change(
    folder.shard.logFile,
    'DELETE FROM log WHERE first_seq = (SELECT max(first_seq) FROM log)',
  );
  const { code, report } = await verify(folder);
  assert.equal(code, 74);
  assert.match(report.shards[0]?.finding?.what ?? '', /cut short/);
});

test('a snapshot that says something else than the log is found', async (t) => {
  const folder = filledFolder(t);
  change(folder.shard.stateFile, 'DELETE FROM state WHERE kind = 3');
  const { code, report } = await verify(folder);
  assert.equal(code, 74);
  assert.match(report.shards[0]?.finding?.what ?? '', /snapshot/);
});

test('a snapshot row with a broken checksum is found', async (t) => {
  const folder = filledFolder(t);
  change(folder.shard.stateFile, 'UPDATE state SET checksum = checksum + 1 WHERE kind = 2');
  assert.equal((await verify(folder)).code, 74);
});

test('a file that is no database is data damage, not an internal error', async (t) => {
  const folder = filledFolder(t);
  truncateSync(folder.shard.logFile, 0);
  writeFileSync(folder.shard.logFile, 'nothing of the kind'.repeat(100));
  assert.equal((await verify(folder)).code, 74);
});

test('a folder that is none of ours is a configuration error', async (t) => {
  const folder = mkdtempSync(`${tmpdir()}/gavel-none-`);
  t.after(() => rmSync(folder, { recursive: true }));
  for (const command of ['verify', 'inspect']) {
    const { code, err } = await gavel([command, '--data', folder], { folder });
    assert.equal(code, 78);
    assert.match(err, /is no data folder/);
  }
});

test('inspect shows the head and counts events by kind', async (t) => {
  const { home } = filledFolder(t);
  const text = await gavel(['inspect'], { folder: home });
  assert.equal(text.code, 0, text.err);
  assert.match(text.out, /BidAccepted +3$/m);
  assert.match(text.out, /BidRefused +1$/m);
  assert.match(text.out, /AuctionListed +2$/m);
  const json = await gavel(['inspect', '--json'], { folder: home });
  const { shards } = JSON.parse(json.out) as {
    shards: { headSeq: number; countsByKind: Record<string, number> }[];
  };
  const counted = Object.values(shards[0]?.countsByKind ?? {}).reduce((a, b) => a + b, 0);
  assert.equal(counted, shards[0]?.headSeq);
});

test('inspect --records prints JSON lines from one record to another', async (t) => {
  const { home } = filledFolder(t);
  const ran = await gavel(['inspect', '--records', '--from', '2', '--to', '4'], { folder: home });
  const seqs = ran.out
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { seq: number }).seq);
  assert.deepEqual(seqs, [2, 3, 4]);
});

test('inspect --records --auction prints only what concerns it', async (t) => {
  const { home } = filledFolder(t);
  const id = '2'.padStart(22, '0');
  const ran = await gavel(['inspect', '--records', '--auction', id], { folder: home });
  const kinds = ran.out
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { kind: string }).kind);
  assert.deepEqual(kinds, ['AuctionListed', 'AuctionStarted', 'BidAccepted', 'AuctionEnded']);
});

test('a shard that is not there is a usage error', async (t) => {
  const { home } = filledFolder(t);
  const ran = await gavel(['verify', '--shard', '7'], { folder: home });
  assert.equal(ran.code, 2);
  assert.match(ran.err, /shard 0 only/);
});

test('inspect tells options that would choose nothing, or not be heard', async (t) => {
  const { home } = filledFolder(t);
  const cases: [string[], RegExp][] = [
    [['--from', '2'], /--from chooses among records[\s\S]*--records/],
    [['--auction', 'a'.repeat(22)], /--auction chooses among records/],
    [['--records', '--from', '5', '--to', '2'], /no records from 5 to 2/],
    [['--records', '--auction', 'lamp'], /is not the id of an auction/],
    [['--shard', '1'], /there is no shard 1[\s\S]*shard 0 only/],
  ];
  for (const [options, message] of cases) {
    const { code, err } = await gavel(['inspect', ...options], { folder: home });
    assert.equal(code, 2, options.join(' '));
    assert.match(err, message);
  }
});
