/** The logs as the checks read them: every record that is on the disks, with names for numbers. */
import type { ShardEvent } from '../../../src/auction/events.ts';
import type { UserRef } from '../../../src/auction/ids.ts';
import { readRecord } from '../../../src/journal/record.ts';
import { recover } from '../../../src/shard/recovery.ts';
import type { ShardState } from '../../../src/shard/shard-state.ts';
import type { Disk } from '../disk.ts';
import { DiskJournal } from '../disk-journal.ts';

export interface Entry {
  readonly shard: number;
  readonly seq: number;
  readonly epoch: number;
  readonly event: ShardEvent;
  /** The auction's id, where the event is of one. */
  readonly auctionId: string;
  /** Who did it, where somebody did. */
  readonly user: string;
}

export interface ShardLog {
  readonly entries: readonly Entry[];
  /** The state that replaying the log alone gives. */
  readonly state: ShardState;
}

/** @throws DamagedJournal */
export function readLogs(disks: readonly Disk[]): readonly ShardLog[] {
  return disks.map((disk, shard) => {
    const journal = new DiskJournal(disk, () => {});
    const { state } = recover(journal, null);
    const entries: Entry[] = [];
    for (const batch of journal.scan(1 as never)) {
      for (let i = 0; i < batch.count; i++) {
        const bytes = batch.bytes.slice(batch.offsets[i], batch.offsets[i + 1]);
        const event = readRecord(bytes);
        const auctionId = 'auction' in event ? state.auction(event.auction).id : '';
        const user = 'bidder' in event ? state.userId(event.bidder as UserRef) : '';
        entries.push({
          shard,
          seq: batch.firstSeq + i,
          epoch: batch.epoch,
          event,
          auctionId,
          user,
        });
      }
    }
    return { entries, state };
  });
}

/** The entries of each auction, in the order of the log. */
export function byAuction(logs: readonly ShardLog[]): ReadonlyMap<string, readonly Entry[]> {
  const found = new Map<string, Entry[]>();
  for (const entry of logs.flatMap((log) => log.entries)) {
    if (entry.auctionId === '') continue;
    const known = found.get(entry.auctionId);
    if (known === undefined) found.set(entry.auctionId, [entry]);
    else known.push(entry);
  }
  return found;
}
