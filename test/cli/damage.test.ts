/**
 * Goal (P8): whatever happens to one file of a data folder, a server never serves a state that is
 * not the one that was answered. Method: seeded single damages (a bit flipped, a page zeroed, the end
 * cut off, the file gone, or another one in its place) to every file, of a folder that was closed
 * and of one whose server was killed; then start a shard on it and verify it.
 *
 *   refused, with a message that names the file or folder and what to do
 *   or harmless: the same state hash; what a start does not look at, `gavel verify` finds
 *
 *   GAVEL_TEST_LONG=1   50,000 damages in place of 1,000
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { stateHash } from '../../src/auction/state-hash.ts';
import { checkShard } from '../../src/cli/inspection/shard-check.ts';
import { openLog, readSnapshot, shardIndexes } from '../../src/cli/inspection/shard-reading.ts';
import { takeDataFolder } from '../../src/journal/data-folder.ts';
import type { ShardStorage } from '../../src/journal/shard-storage.ts';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { recover } from '../../src/shard/recovery.ts';
import { Random } from '../sim/random.ts';
import { damage, makeFolder } from './seeded-damage.ts';

const DAMAGES = process.env['GAVEL_TEST_LONG'] === '1' ? 50_000 : 1_000;
const SEED = Number(process.env['GAVEL_TEST_SEED'] ?? 20_261_123);
const OPTIONS = { shards: null, shardsDefault: 1, nowMs: 1 };

/** How a folder is refused: these names are what the CLI explains, with exit code 74 or 78. */
const REFUSALS = new Set([
  'DamagedJournal',
  'DamagedState',
  'DamagedDataFolder',
  'UnusableDataFolder',
  'WrongFormat',
]);

/** What every refusal has to end with: something that can be done. */
const WAY_OUT = /gavel repair|gavel restore|delete (it|this file)|name an empty or a new folder/;

/** The state hash that a server would serve; or the error with which it refuses. */
function start(folder: string): string | Error {
  let release = (): void => {};
  let storage: ShardStorage | null = null;
  try {
    ({ release } = takeDataFolder(folder, OPTIONS));
    storage = openShardStorage(folder, 0);
    return stateHash(recover(storage.journal, storage.state).state.auctions());
  } catch (error) {
    return error as Error;
  } finally {
    storage?.state.close();
    storage?.journal.close();
    release();
  }
}

/** The files of the log, but for SQLite's shared memory and files without content. */
function logOf(folder: string): readonly (readonly [string, string])[] {
  const shard = join(folder, 'shard-0');
  return ['head', 'log.sqlite', 'log.sqlite-wal']
    .filter((name) => (statSync(join(shard, name), { throwIfNoEntry: false })?.size ?? 0) > 0)
    .map((name) => [name, sha256(readFileSync(join(shard, name)))] as const);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What `gavel verify` says: the state's hash, or what is wrong. */
function verify(folder: string): string {
  try {
    assert.deepEqual(shardIndexes(folder, undefined), [0]);
    const snapshot = readSnapshot(folder, 0);
    const log = openLog(folder, 0);
    if (log === null) return 'no log';
    try {
      const { finding, stateHash: hash } = checkShard(log, snapshot);
      return finding?.what ?? hash ?? 'no state';
    } finally {
      log.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

it(`refuses ${DAMAGES} damages to one file, or serves the same state`, (t) => {
  const random = new Random(SEED);
  const base = mkdtempSync(join(tmpdir(), 'gavel-damage-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const open = join(base, 'open');
  const closed = join(base, 'closed');
  const killed = join(base, 'killed');
  const { storage, hash } = makeFolder(open);
  cpSync(open, killed, { recursive: true });
  storage.state.close();
  storage.journal.close();
  cpSync(open, closed, { recursive: true });

  const counts = { refused: 0, harmless: 0, foundByVerifyOnly: 0 };
  for (let i = 0; i < DAMAGES; i++) {
    const folder = join(base, 'damaged');
    rmSync(folder, { recursive: true, force: true });
    cpSync(random.chance(0.5) ? killed : closed, folder, { recursive: true });
    const what = damage(random, folder);
    const verified = verify(folder);
    const before = logOf(folder);
    const started = start(folder);
    const told = `${what} (seed ${SEED}, damage ${i})`;
    if (typeof started === 'string') {
      assert.equal(started, hash, `served another state: ${told}`);
      if (verified === hash) counts.harmless += 1;
      else counts.foundByVerifyOnly += 1;
      continue;
    }
    counts.refused += 1;
    // A log that is refused stays as it is, to be looked at; one that was good may be folded.
    if (!started.message.includes('state.sqlite')) {
      assert.deepEqual(logOf(folder), before, `changed by a refused start: ${told}`);
    }
    assert.ok(REFUSALS.has(started.name), `${told}: ${started.stack}`);
    assert.ok(started.message.includes(folder), `${told}: names no file: ${started.message}`);
    assert.match(started.message, WAY_OUT, told);
    assert.notEqual(verified, hash, `verify says that all is well: ${told}: ${started.message}`);
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.refused > DAMAGES / 4, 'the damages bite');
});
