/** A data folder with a shard that two auctions went through, made without a server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { planOf } from '../../src/cli/replay/play.ts';
import { COLUMNS, readRecording } from '../../src/cli/replay/recorded-bids.ts';
import { playWithJournal } from '../../src/cli/replay/shard-player.ts';
import { openDataFolder, shardFiles } from '../../src/journal/data-folder.ts';
import type { ShardFiles } from '../../src/journal/data-folder.ts';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { recover } from '../../src/shard/recovery.ts';
import { Snapshotter } from '../../src/shard/snapshotter.ts';

export interface FilledFolder {
  /** Above the data folder, which is `data` in it. */
  readonly home: string;
  readonly data: string;
  readonly shard: ShardFiles;
}

const ROWS = [
  '1,20,0.1,ann,0,10,15.5,Lamp,3 day auction',
  '1,15,0.2,bob,0,10,15.5,Lamp,3 day auction',
  '1,15.6,0.3,bob,0,10,15.5,Lamp,3 day auction',
  '2,5,0.4,cyd,0,5,5,Bell,5 day auction',
];

/** `snapshot`: whether rows of state are written as well. */
export function filledFolder(t: TestContext, { snapshot = true } = {}): FilledFolder {
  const home = mkdtempSync(join(tmpdir(), 'gavel-cli-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const data = join(home, 'data');
  openDataFolder(data, { shards: 1, shardsDefault: 1, nowMs: 1 });
  const { journal, state } = openShardStorage(data, 0);
  const recording = readRecording([COLUMNS.join(','), ...ROWS].join('\n'));
  playWithJournal(planOf(recording, [null, null]), journal, () => {});
  if (snapshot) {
    const snapshotter = new Snapshotter(recover(journal, null).state, state);
    snapshotter.begin(journal.committedSeq);
    while (snapshotter.slice(journal.committedSeq));
  }
  state.close();
  journal.close();
  return { home, data, shard: shardFiles(data, 0) };
}
