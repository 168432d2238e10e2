/** What runs beside the bids, now and then and at a low priority, to keep the data safe. */
import type { Settings } from '../config/settings.ts';
import type { LogHealth, SnapshotReport } from '../gateway/shard-port.ts';
import type { Log } from '../lib/log.ts';
import { LogCheck } from './log-check.ts';
import type { ShardSet } from './shard-set.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';

export class Upkeep {
  readonly #logCheck: LogCheck;
  readonly #snapshots: SnapshotKeeper;

  constructor({ data, snapshots }: Settings, shards: ShardSet, log: Log) {
    const { folder, checkEveryMs } = data;
    const shardStatuses = [...shards].map(({ statusMemory }) => statusMemory);
    this.#logCheck = new LogCheck({ folder, shardStatuses, everyMs: checkEveryMs, log });
    this.#snapshots = new SnapshotKeeper({
      folder,
      snapshots: snapshots.folder,
      keep: snapshots.keep,
      everyMs: snapshots.everyMs,
      nowMs: () => Date.now(),
      log,
    });
  }

  logs(): readonly LogHealth[] {
    return this.#logCheck.health;
  }

  snapshots(): SnapshotReport {
    return this.#snapshots.report;
  }

  start(): void {
    this.#logCheck.start();
    this.#snapshots.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#logCheck.stop(), this.#snapshots.stop()]);
  }
}
