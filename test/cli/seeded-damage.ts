/** A data folder with a story, and single damages to its files that a seed chooses. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stateHash } from '../../src/auction/state-hash.ts';
import { openDataFolder } from '../../src/journal/data-folder.ts';
import type { ShardStorage } from '../../src/journal/shard-storage.ts';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { Snapshotter } from '../../src/shard/snapshotter.ts';
import { auctionId, ShardFixture } from '../shard/fixture.ts';
import type { Random } from '../sim/random.ts';

const OPTIONS = { shards: null, shardsDefault: 1, nowMs: 1 };
const PAGE_BYTES = 4096;

/** A folder with three auctions, many bids, an incremental snapshot of the first half and a log after it. */
export function makeFolder(
  folder: string,
  atHalf: () => void = () => {},
): { readonly storage: ShardStorage; readonly hash: string } {
  openDataFolder(folder, OPTIONS);
  const storage = openShardStorage(folder, 0);
  const fixture = new ShardFixture({ journal: storage.journal, store: storage.state });
  for (let i = 1; i <= 3; i++) fixture.list({}, auctionId(i));
  const snapshotter = new Snapshotter(fixture.state, storage.state);
  for (let i = 0; i < 150; i++) {
    const id = auctionId(1 + (i % 3));
    fixture.bid(1 + (i % 5), 2_000 + i * 400, { auctionId: id });
    if (i !== 75) continue;
    snapshotter.begin(storage.journal.committedSeq);
    while (snapshotter.slice(storage.journal.committedSeq));
    atHalf();
  }
  return { storage, hash: stateHash(fixture.state.auctions()) };
}

/** Harms one file; returns what was done, empty: nothing. */
export function damage(random: Random, folder: string): string {
  const files = filesOf(folder);
  const file = random.pick(files);
  const path = join(folder, file);
  const bytes = readFileSync(path);
  const at = random.below(Math.max(1, bytes.length));
  switch (random.pick(['bit', 'bit', 'bit', 'page', 'cut', 'gone', 'other'])) {
    case 'bit':
      if (bytes.length === 0) return '';
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      writeFileSync(path, bytes);
      return `${file}: a bit of byte ${at} flipped`;
    case 'page': {
      const from = Math.floor(at / PAGE_BYTES) * PAGE_BYTES;
      bytes.fill(0, from, Math.min(bytes.length, from + PAGE_BYTES));
      writeFileSync(path, bytes);
      return `${file}: bytes ${from} to ${from + PAGE_BYTES} zeroed`;
    }
    case 'cut':
      writeFileSync(path, bytes.subarray(0, at));
      return `${file}: cut to ${at} bytes`;
    case 'gone':
      rmSync(path);
      return `${file}: gone`;
    default: {
      const other = random.pick(files);
      writeFileSync(path, readFileSync(join(folder, other)));
      return `${file}: replaced by ${other}`;
    }
  }
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .toSorted();
}
