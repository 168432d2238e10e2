/**
 * Goal: a copy of a data folder is whole and of one moment per shard, also while a server writes;
 * what is put back is what was copied, under a new epoch. Method: copies beside a writing process,
 * damage to every file of a copy, and what restoring leaves in every case.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describe, it } from 'node:test';
import type { CopyProgress } from '../../src/journal/check-snapshot.ts';
import { checkSnapshot } from '../../src/journal/check-snapshot.ts';
import type { Until } from '../../src/journal/log-cut.ts';
import { restoreFolder } from '../../src/journal/restore-folder.ts';
import { snapshotFolder } from '../../src/journal/snapshot-folder.ts';
import {
  keysFolder,
  lockDataFolder,
  metaFile,
  openDataFolder,
  raiseEpoch,
  readFolderMeta,
  shardFiles,
} from '../../src/journal/data-folder.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { openSqliteJournalForReading } from '../../src/journal/sqlite-journal.ts';
import { SqliteStateStore } from '../../src/journal/sqlite-state-store.ts';
import { startChild } from './child.ts';
import { appendNext, contentOf, recordsOf, seededRandom, temporaryFolder } from './fixture.ts';

const NOW = { nowMs: 5_000, server: '0.1.0' };
const PLAIN = { ...NOW, force: false };

/** Two shards: the first has 30 batches and a snapshot row, the second was never used. */
function usedFolder(t: TestContext): string {
  const folder = join(temporaryFolder(t), 'data');
  openDataFolder(folder, { shards: 2, shardsDefault: 1, nowMs: 1 });
  fill(folder, 30);
  writeFileSync(join(keysFolder(folder), 'signing.json'), '{"secret":1}', { mode: 0o600 });
  return folder;
}

function fill(folder: string, batches: number, epoch = 1): void {
  const { journal, state } = openShardStorage(folder, 0);
  for (let i = 0; i < batches; i++) appendNext(journal, { records: [`a${i}`, `b${i}`], epoch });
  const appliedSeq = journal.head.seq;
  state.put([{ kind: 1, key: 1, part: 0, appliedSeq, bytes: Buffer.from('row') }]);
  state.finish(appliedSeq);
  state.close();
  journal.close();
}

function logOf(folder: string, index = 0): object[] {
  const reading = openSqliteJournalForReading(shardFiles(folder, index));
  try {
    return contentOf(reading);
  } finally {
    reading.close();
  }
}

/** Every file below a folder, relative to it. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

const COPIED = [
  'gavel.json',
  'keys/signing.json',
  'shard-0/head',
  'shard-0/log.sqlite',
  'shard-0/state.sqlite',
  'shard-1/head',
];
const WHOLE_SNAPSHOT = [...COPIED.map((path) => `${path}.zst`), 'manifest.json'].toSorted();

describe('a copy', () => {
  it('has everything, says what it has, and tells how far it is', async (t) => {
    const [source, target] = [usedFolder(t), join(temporaryFolder(t), 'copies', 'monday')];
    const told: CopyProgress[] = [];
    const onProgress = (progress: CopyProgress): void => void told.push(progress);
    const manifest = await snapshotFolder(source, target, { ...NOW, onProgress });
    assert.deepEqual(filesIn(target), WHOLE_SNAPSHOT);
    assert.deepEqual(
      manifest.shards.map(({ seq }) => seq),
      [60, 0],
    );
    assert.equal(manifest.takenAtMs, 5_000);
    assert.deepEqual(manifest.files.map(({ path }) => path).toSorted(), COPIED);
    assert.deepEqual(
      told.map(({ file, done, total }) => [file, done, total]),
      manifest.files.map(({ path }, i) => [path, i + 1, 6]),
    );
    assert.equal(statSync(join(target, 'keys/signing.json.zst')).mode & 0o777, 0o600);
    assert.equal(statSync(join(target, 'keys')).mode & 0o777, 0o700);
    assert.deepEqual(await checkSnapshot(target), manifest);
  });

  it('is smaller than what it holds, and says of which moment and version it is', async (t) => {
    const [source, target] = [usedFolder(t), join(temporaryFolder(t), 'snapshot')];
    const manifest = await snapshotFolder(source, target, NOW);
    for (const { path, bytes, storedBytes } of manifest.files) {
      assert.equal(statSync(join(target, `${path}.zst`)).size, storedBytes);
      if (path.endsWith('.sqlite')) assert.ok(storedBytes < bytes / 2, path);
    }
    assert.deepEqual([manifest.snapshotFormat, manifest.server], [2, '0.1.0']);
    const newest = (logOf(source) as { readonly atUs: number }[]).at(-1)?.atUs;
    assert.deepEqual(
      manifest.shards.map(({ atUs }) => atUs),
      [newest, 0],
    );
  });

  it('is of one moment while a server goes on writing', async (t) => {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    rmSync(source, { recursive: true });
    openDataFolder(source, { shards: 1, shardsDefault: 1, nowMs: 1 });
    const child = startChild(t, 'appending-child.ts', [source, '1000000', '2000']);
    let lastSeq = 0;
    for (let round = 0; round < 4; round++) {
      const target = join(base, `copy-${round}`);
      for (let lines = 0; lines < 50; lines++) assert.ok((await child.line()) !== undefined);
      const manifest = await snapshotFolder(source, target, NOW);
      const [shard] = manifest.shards;
      assert.ok(shard !== undefined && shard.seq > lastSeq);
      lastSeq = shard.seq;
      const restored = join(base, `restored-${round}`);
      await restoreFolder(target, restored, PLAIN);
      const reading = openSqliteJournalForReading(shardFiles(restored, 0));
      assert.equal(reading.head.seq, lastSeq);
      assert.equal(recordsOf(reading).length, lastSeq);
      reading.close();
      const store = new SqliteStateStore(shardFiles(restored, 0).stateFile, 'read');
      for (const row of store.rows()) assert.ok(row.appliedSeq <= lastSeq);
      store.close();
    }
    await child.kill();
  });

  it('has its name only once it is whole; until then it is something else', async (t) => {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    const target = join(base, 'copy');
    mkdirSync(target);
    const seen: string[][] = [];
    const onProgress = (): void => void seen.push(readdirSync(base), readdirSync(target));
    await snapshotFolder(source, target, { ...NOW, onProgress });
    const [names, inTarget] = [seen.filter((_, i) => i % 2 === 0), seen.filter((_, i) => i % 2)];
    assert.deepEqual(new Set(names.map(String)), new Set(['copy,copy.taking-5000']));
    assert.deepEqual(inTarget.flat(), []);
    assert.deepEqual(readdirSync(base), ['copy']);
    assert.deepEqual(filesIn(target), WHOLE_SNAPSHOT);
  });

  it('is refused where something else is, and where there is nothing to copy', async (t) => {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    writeFileSync(join(base, 'other'), '');
    await assert.rejects(snapshotFolder(source, base, NOW), /not empty/);
    await assert.rejects(
      snapshotFolder(join(base, 'none'), join(base, 'new'), NOW),
      /no data folder/,
    );
  });

  it('is not taken of damaged data', async (t) => {
    const harms: Readonly<Record<string, (folder: string) => void>> = {
      DamagedJournal: (folder) => {
        const { logFile } = shardFiles(folder, 0);
        const bytes = readFileSync(logFile);
        bytes[bytes.indexOf('a7b7')] = 0x41;
        writeFileSync(logFile, bytes);
      },
      DamagedState: (folder) => {
        const { stateFile } = shardFiles(folder, 0);
        const bytes = readFileSync(stateFile);
        bytes[bytes.lastIndexOf('row')] = 0x52;
        writeFileSync(stateFile, bytes);
      },
      DamagedDataFolder: (folder) => writeFileSync(metaFile(folder), '{}'),
    };
    for (const [name, harm] of Object.entries(harms)) {
      const [source, target] = [usedFolder(t), join(temporaryFolder(t), 'copy')];
      harm(source);
      await assert.rejects(snapshotFolder(source, target, NOW), { name });
      assert.deepEqual(readdirSync(join(target, '..')), [], 'nothing is left behind');
    }
  });

  it('is checked file by file: what a change would spoil is not restored', async (t) => {
    const { random } = seededRandom(t);
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    await snapshotFolder(source, join(base, 'whole'), NOW);
    await restoreFolder(join(base, 'whole'), join(base, 'as-it-is'), PLAIN);
    for (const name of WHOLE_SNAPSHOT) {
      for (const harm of ['flip', 'cut', 'delete']) {
        const copy = join(base, `${harm}-${name.replaceAll('/', '-')}`);
        await snapshotFolder(source, copy, NOW);
        const file = join(copy, name);
        const bytes = readFileSync(file);
        const at = Math.floor(random() * bytes.length);
        if (harm === 'flip') bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 7));
        if (harm === 'delete') rmSync(file);
        else writeFileSync(file, harm === 'cut' ? bytes.subarray(0, at) : bytes);
        const target = join(base, 'restored');
        const noticed = await restoreFolder(copy, target, PLAIN).then(
          () => false,
          (error: Error) => error.name === 'DamagedCopy',
        );
        assert.equal(noticed, !existsSync(target));
        if (noticed) continue;
        // Some bits of a packed file mean nothing: what comes out is the same.
        assert.equal(harm, 'flip', name);
        const plain = name.replace(/\.zst$/, '');
        const taken = readFileSync(join(target, plain));
        assert.deepEqual(taken, readFileSync(join(base, 'as-it-is', plain)), name);
        rmSync(target, { recursive: true });
      }
    }
  });

  it('cannot lead out of itself', async (t) => {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    const copy = join(base, 'copy');
    const manifest = await snapshotFolder(source, copy, NOW);
    const { sealedJson } = await import('../../src/journal/sealed-json.ts');
    for (const path of [
      '../outside',
      'keys/../../outside',
      '/etc/hostname',
      'keys/.',
      'shard-0/x',
    ]) {
      const outside = { path, bytes: 0, storedBytes: 0, sha256: '0'.repeat(64) };
      const files = [...manifest.files, outside];
      writeFileSync(join(copy, 'manifest.json'), sealedJson({ ...manifest, files }));
      await assert.rejects(checkSnapshot(copy), /manifest\.json is damaged/);
    }
  });
});

describe('restoring', () => {
  it('puts back what was copied, under a new epoch, and a server goes on from there', async (t) => {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    const [copy, target] = [join(base, 'copy'), join(base, 'new', 'data')];
    mkdirSync(join(base, 'new'));
    await snapshotFolder(source, copy, NOW);
    const told: string[] = [];
    const onProgress = ({ file }: CopyProgress): void => void told.push(file);
    const restored = await restoreFolder(copy, target, { ...PLAIN, onProgress });
    assert.deepEqual([restored.epoch, restored.setAside, told.length], [2, null, 6]);
    assert.equal(readFolderMeta(target).epoch, 2);
    assert.equal(statSync(join(target, 'keys/signing.json')).mode & 0o777, 0o600);
    assert.equal(statSync(join(target, 'keys')).mode & 0o777, 0o700);
    assert.ok(!existsSync(join(target, 'manifest.json')));
    assert.deepEqual(logOf(target), logOf(source));
    fill(target, 5, 2);
    assert.equal(logOf(target).length, 35);
    assert.deepEqual(readdirSync(join(base, 'new')), ['data']);
  });

  it('refuses a folder that is not empty, unless forced; that one is kept', async (t) => {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    const copy = join(base, 'copy');
    await snapshotFolder(source, copy, NOW);
    fill(source, 10);
    raiseEpoch(source, 40);
    await assert.rejects(restoreFolder(copy, source, PLAIN), /not empty; with --force/);
    assert.equal(logOf(source).length, 40);
    const { epoch, setAside } = await restoreFolder(copy, source, { ...NOW, force: true });
    assert.equal(epoch, 42, 'above both histories');
    assert.equal(logOf(source).length, 30);
    assert.ok(setAside !== null);
    assert.equal(logOf(setAside).length, 40);
  });

  it('replaces a damaged folder, with an epoch that was hardly ever used', async (t) => {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    const copy = join(base, 'copy');
    await snapshotFolder(source, copy, NOW);
    writeFileSync(metaFile(source), 'scribble');
    const { epoch } = await restoreFolder(copy, source, { ...NOW, force: true });
    assert.equal(epoch, 1_002);
    assert.equal(logOf(source).length, 30);
  });

  it('does not touch a folder that a server uses', async (t) => {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    const copy = join(base, 'copy');
    await snapshotFolder(source, copy, NOW);
    const letGo = lockDataFolder(source);
    t.after(letGo);
    await assert.rejects(restoreFolder(copy, source, { ...NOW, force: true }), {
      name: 'DataFolderInUse',
    });
    assert.equal(logOf(source).length, 30);
  });

  it('leaves nothing behind when it fails on the way', async (t) => {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    const copy = join(base, 'copy');
    await snapshotFolder(source, copy, NOW);
    const onProgress = ({ done }: CopyProgress): void => {
      if (done === 4) throw new Error('interrupted');
    };
    const options = { ...PLAIN, onProgress };
    await assert.rejects(restoreFolder(copy, join(base, 'data'), options), /interrupted/);
    assert.deepEqual(readdirSync(base), ['copy']);
  });

  it('recovers from the snapshot rows, which never go beyond the log', async (t) => {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    const [copy, target] = [join(base, 'copy'), join(base, 'data')];
    await snapshotFolder(source, copy, NOW);
    await restoreFolder(copy, target, PLAIN);
    const { journal, state } = openShardStorage(target, 0);
    t.after(() => state.close());
    t.after(() => journal.close());
    assert.ok(state.lowSeq <= journal.head.seq);
    assert.deepEqual([...journal.scan((state.lowSeq + 1) as Seq)], []);
  });
});

describe('restoring to a moment in the past', () => {
  interface Moment {
    readonly firstSeq: number;
    readonly count: number;
    readonly atUs: number;
  }

  async function restoredUntil(t: TestContext, until: Until): Promise<object[]> {
    const [source, base] = [usedFolder(t), temporaryFolder(t)];
    const [copy, target] = [join(base, 'copy'), join(base, 'data')];
    await snapshotFolder(source, copy, NOW);
    const { shards, epoch } = await restoreFolder(copy, target, { ...PLAIN, until });
    const before = logOf(source) as Moment[];
    const after = logOf(target) as Moment[];
    assert.deepEqual(after, before.slice(0, after.length), 'the beginning, hashes and all');
    const seq = after.reduce((sum, { count }) => sum + count, 0);
    assert.deepEqual(shards[0], { index: 0, seq, atUs: after.at(-1)?.atUs ?? 0, cut: 60 - seq });
    assert.equal(epoch, 2);
    assert.equal(existsSync(shardFiles(target, 0).stateFile), seq === 60);
    // A server goes on from there.
    const goneOn = seq / 2 + 5;
    fill(target, 5, 2);
    assert.equal(logOf(target).length, goneOn);
    return after;
  }

  it('by number: batches stay whole, and none goes beyond it', async (t) => {
    for (const [seq, batches] of [
      [0, 0],
      [1, 0],
      [2, 1],
      [31, 15],
      [32, 16],
      [60, 30],
      [1_000, 30],
    ] as const) {
      assert.equal((await restoredUntil(t, { shard: 0, seq })).length, batches, String(seq));
    }
  });

  it('by time: what was committed in that microsecond stays', async (t) => {
    const times = (logOf(usedFolder(t)) as Moment[]).map(({ atUs }) => atUs);
    for (const [i, batches] of [
      [0, 1],
      [11, 12],
      [29, 30],
    ] as const) {
      assert.equal((await restoredUntil(t, { atUs: times[i] ?? 0 })).length, batches);
    }
    assert.equal((await restoredUntil(t, { atUs: (times[0] ?? 0) - 1 })).length, 0);
  });

  it('only of a shard that there is; the others stay whole', async (t) => {
    assert.equal((await restoredUntil(t, { shard: 1, seq: 0 })).length, 30);
    await assert.rejects(
      restoredUntil(t, { shard: 2, seq: 0 }),
      /has shards 0 to 1, and no shard 2/,
    );
  });
});
