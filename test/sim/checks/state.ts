/**
 * P2: the same log gives the same state, every time. The state in memory, the state from the log
 * alone, and the state from the snapshot and the rest of the log are one. And what had once been
 * synced is still the beginning of the log.
 */
import { stateHash } from '../../../src/auction/state-hash.ts';
import { recover } from '../../../src/shard/recovery.ts';
import type { ShardState } from '../../../src/shard/shard-state.ts';
import type { Disk } from '../disk.ts';
import { DiskJournal, DiskStateStore } from '../disk-journal.ts';
import type { History } from '../history.ts';
import type { ShardLog } from './log.ts';

export function checkStates(
  history: History,
  logs: readonly ShardLog[],
  disks: readonly Disk[],
  live: readonly (ShardState | null)[],
): void {
  logs.forEach(({ state }, shard) => {
    const disk = disks[shard] as Disk;
    const fromLog = hashOf(state);
    const inMemory = live[shard];
    if (inMemory !== null && inMemory !== undefined && hashOf(inMemory) !== fromLog) {
      history.violated(`shard ${shard}: the state in memory is not that of its log`);
    }
    const recovered = recover(
      new DiskJournal(disk, () => {}),
      new DiskStateStore(disk, () => false),
    );
    if (hashOf(recovered.state) !== fromLog) {
      history.violated(`shard ${shard}: snapshot and log do not give the state of the log alone`);
    }
    for (const { index, hash } of disk.promises) {
      if (Buffer.compare(disk.log[index]?.hash ?? new Uint8Array(), hash) !== 0) {
        history.violated(`shard ${shard}: row ${index} of the log was synced, and is another now`);
      }
    }
  });
}

function hashOf(state: ShardState): string {
  return stateHash(state.auctions());
}
