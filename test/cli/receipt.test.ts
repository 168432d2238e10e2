/** `gavel verify --receipt` and `gavel report` on a data folder: what they say, and every refusal. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { openDataFolder, shardFiles } from '../../src/journal/data-folder.ts';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { loadOrCreateReceiptKeys, receiptKeyFile } from '../../src/receipt/key-file.ts';
import type { SigningKey } from '../../src/receipt/signature.ts';
import { signCompact } from '../../src/receipt/signature.ts';
import { playHistory, reportOf, statementText } from '../receipt/history.ts';
import { makeKey } from '../receipt/office.ts';
import { randomFrom, root } from '../server/harness.ts';
import { AUCTION, auctionId } from '../shard/fixture.ts';
import type { Ran } from './fake-terminal.ts';
import { gavel } from './fake-terminal.ts';

interface Folder {
  readonly home: string;
  readonly data: string;
  readonly key: SigningKey;
  readonly logFile: string;
}

interface Filled extends Folder {
  /** What the shard stated of a bid in the middle, and that signed. */
  readonly statement: string;
  readonly receipt: string;
  readonly lastRecord: number;
  readonly priceCents: number | null;
}

function emptyFolder(t: TestContext): Folder {
  const home = mkdtempSync(join(tmpdir(), 'gavel-receipt-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const data = join(home, 'data');
  openDataFolder(data, { shards: 1, shardsDefault: 1, nowMs: 1 });
  const [key = makeKey()] = loadOrCreateReceiptKeys(data);
  return { home, data, key, logFile: shardFiles(data, 0).logFile };
}

async function filledFolder(t: TestContext, seed = 5): Promise<Filled> {
  const folder = emptyFolder(t);
  const { key } = folder;
  const { journal, state } = openShardStorage(folder.data, 0);
  const { shard, bids } = playHistory(randomFrom(seed), journal);
  const { record, user } = bids[Math.floor(bids.length / 2)] ?? { record: 0, user: 0 };
  const statement = statementText(shard, user, record, key) ?? '';
  const { priceCents } = reportOf(shard, key).result;
  state.close();
  journal.close();
  const receipt = await signCompact('gavel-receipt', statement, key);
  const { lastRecord } = JSON.parse(statement) as { lastRecord: number };
  return { ...folder, statement, receipt, lastRecord, priceCents };
}

function verify({ home }: Folder, ...args: readonly string[]): Promise<Ran> {
  return gavel(['verify', '--receipt', ...args], { folder: home });
}

test('a good receipt: what it proves, as text, as a file, as the answer of REST, as JSON', async (t) => {
  const folder = await filledFolder(t);
  const { receipt, statement, home, lastRecord } = folder;
  const { code, out } = await verify(folder, receipt);
  assert.equal(code, 0);
  assert.match(out, /The receipt is genuine, and the log bears it out:/);
  assert.match(out, new RegExp(`Records 1 to ${lastRecord} of that shard are what they were`));
  writeFileSync(join(home, 'receipt.txt'), `${receipt}\n`);
  assert.deepEqual(await verify(folder, 'receipt.txt'), { code, out, err: '' });
  writeFileSync(join(home, 'answer.json'), JSON.stringify({ code: 0, receipt }));
  assert.deepEqual(await verify(folder, 'answer.json'), { code, out, err: '' });
  const json = await verify(folder, receipt, '--json');
  const verdict = JSON.parse(json.out) as Record<string, unknown>;
  assert.deepEqual([verdict['ok'], verdict['records']], [true, lastRecord]);
  assert.deepEqual(verdict['statement'], JSON.parse(statement));
});

test('a folder that has another key cannot be held against it, and says what is needed', async (t) => {
  const folder = await filledFolder(t);
  const { home, data, key, receipt } = folder;
  writeFileSync(join(home, 'keys.json'), JSON.stringify({ keys: [key.publicJwk] }));
  assert.equal((await verify(folder, receipt, '--keys', 'keys.json')).code, 0);
  const former = join(home, 'former.jwk');
  renameSync(receiptKeyFile(data), former);
  const none = await verify(folder, receipt);
  assert.equal(none.code, 74);
  assert.match(none.err, /there is no .*receipt-signing\.jwk\nPut it back from a snapshot/);

  loadOrCreateReceiptKeys(data);
  const other = await verify(folder, receipt);
  assert.equal(other.code, 1);
  assert.match(other.err, /the receipt is of another key: .*\n.*GET \/v1\/keys with --keys FILE/);
  const genuine = await verify(folder, receipt, '--keys', 'keys.json');
  assert.equal(genuine.code, 74);
  assert.match(genuine.err, /is genuine, but the log cannot be held against it: .* lacks the key/);
  writeFileSync(join(home, 'none.json'), '[]');
  const noKeys = await verify(folder, receipt, '--keys', 'none.json');
  assert.equal(noKeys.code, 2);
  assert.match(noKeys.err, /no set of keys \(JWKS\)/);

  // Changed in good order: the former key stays beside the new one.
  renameSync(former, join(data, 'keys', 'receipt-signing-2026.jwk'));
  assert.deepEqual(
    loadOrCreateReceiptKeys(data).map(({ kid }) => kid === key.kid),
    [false, true],
  );
  assert.equal((await verify(folder, receipt)).code, 0);
});

test('a forged receipt, and what is no receipt at all', async (t) => {
  const folder = await filledFolder(t);
  const { key, receipt, statement, home } = folder;
  const forger = { ...makeKey(), kid: key.kid };
  for (const forged of [
    await signCompact('gavel-receipt', statement, forger),
    receipt.replace(/\.[\w-]{4}/, '.eyJi'),
  ]) {
    const { code, err } = await verify(folder, forged);
    assert.equal(code, 1);
    assert.match(err, /the receipt is forged or damaged/);
  }
  const asReport = await signCompact('gavel-report', statement, key);
  const noStatement = await signCompact('gavel-receipt', '{"record":1}', key);
  writeFileSync(join(home, 'empty.txt'), '');
  for (const text of [asReport, noStatement, 'empty.txt', 'a.b.c']) {
    const { code, err } = await verify(folder, text);
    assert.equal(code, 2, text);
    assert.match(err, /this is no receipt/);
  }
  assert.equal((await verify(folder, 'missing.txt')).code, 74);
  const alone = await gavel(['verify', '--keys', 'keys.json'], { folder: home });
  assert.equal(alone.code, 2);
  assert.match(alone.err, /--keys goes with --receipt/);
});

test('a log that was restored to before it, rewritten, of another server, or damaged', async (t) => {
  const folder = await filledFolder(t);
  const { receipt, home, key } = folder;
  writeFileSync(join(home, 'keys.json'), JSON.stringify({ keys: [key.publicJwk] }));
  const keys = join(home, 'keys.json');

  const earlier = emptyFolder(t);
  copyFileSync(receiptKeyFile(folder.data), receiptKeyFile(earlier.data));
  const restored = await verify(earlier, receipt, '--keys', keys);
  assert.equal(restored.code, 1);
  assert.match(restored.err, /contradicts it \(restored\)[\s\S]*the log ends at record 0/);

  const another = await filledFolder(t, 6);
  copyFileSync(receiptKeyFile(folder.data), receiptKeyFile(another.data));
  const other = await verify(another, receipt, '--keys', keys);
  assert.equal(other.code, 1);
  assert.match(other.err, /contradicts it \((rewritten|restored)\)/);

  const db = new Database(folder.logFile);
  db.exec('UPDATE log SET hash = zeroblob(32) WHERE first_seq = 1');
  db.close();
  const damaged = await verify(folder, receipt);
  assert.equal(damaged.code, 74);
  assert.match(damaged.err, /does not carry on the chain/);
});

test('a server that signed what its log does not hold is told as such', async (t) => {
  const folder = await filledFolder(t);
  const lie = { ...(JSON.parse(folder.statement) as object), currentPriceCents: 1 };
  const receipt = await signCompact('gavel-receipt', JSON.stringify(lie), folder.key);
  const { code, err } = await verify(folder, receipt);
  assert.equal(code, 1);
  assert.match(
    err,
    /\(not in the log\):\n {2}currentPriceCents of record \d+ is \d+, the receipt says 1/,
  );
  const json = await verify(folder, receipt, '--json');
  assert.equal((JSON.parse(json.out) as { ok: boolean }).ok, false);
});

test('gavel report writes what the script checks, the same each time', async (t) => {
  const folder = await filledFolder(t);
  const { home, key, receipt, priceCents } = folder;
  const first = await gavel(['report', AUCTION], { folder: home });
  assert.equal(first.code, 0, first.err);
  assert.deepEqual(await gavel(['report', AUCTION], { folder: home }), first);
  const { report } = JSON.parse(first.out) as { report: { result: { priceCents: number | null } } };
  assert.equal(report.result.priceCents, priceCents);
  writeFileSync(join(home, 'report.json'), first.out);
  writeFileSync(join(home, 'keys.json'), JSON.stringify({ keys: [key.publicJwk] }));
  writeFileSync(join(home, 'receipt.txt'), receipt);
  const script = join(root, 'docs/examples/check-report.mjs');
  const args = [script, 'report.json', 'keys.json', 'receipt.txt'];
  assert.match(execFileSync(process.execPath, args, { cwd: home }).toString(), /genuine/);
});

test('gavel report refuses an auction that the log does not have', async (t) => {
  const folder = await filledFolder(t);
  const unknown = await gavel(['report', auctionId(9)], { folder: folder.home });
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /the log has no auction/);
});

test('a receipt key that is damaged is refused, in either half', async (t) => {
  const folder = await filledFolder(t);
  const path = receiptKeyFile(folder.data);
  const whole = readFileSync(path, 'utf8');
  const jwk = JSON.parse(whole) as { x: string; d: string };
  const others = [
    '',
    '{}',
    whole.slice(0, 40),
    JSON.stringify({ ...jwk, x: makeKey().publicJwk.x }),
    JSON.stringify({ ...jwk, d: jwk.x }),
    JSON.stringify({ ...jwk, d: undefined }),
  ];
  for (const other of others) {
    writeFileSync(path, other);
    const { code, err } = await verify(folder, folder.receipt);
    assert.equal(code, 78, other);
    assert.match(err, /is not a private Ed25519 key; put it back from a snapshot/);
    assert.throws(() => loadOrCreateReceiptKeys(folder.data), { name: 'UnusableKey' });
  }
});
