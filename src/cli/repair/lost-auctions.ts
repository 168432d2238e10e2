/** Which auctions the lost records of a shard were about, as far as that can still be read. */
import type { ShardEvent } from '../../auction/events.ts';
import type { AuctionRef } from '../../auction/ids.ts';
import type { StoredBatch } from '../../journal/journal.ts';
import { readRecordWith } from '../../journal/record.ts';
import { MsgpackReader } from '../../lib/msgpack-reader.ts';
import { batchOf } from '../../journal/sqlite-journal.ts';
import { unpack } from '../../journal/chain.ts';
import type { LogLoss, LogPlan } from './log-plan.ts';
import { plannedRows } from './log-plan.ts';

export interface LostAuctions {
  readonly auctions: readonly { readonly auctionId: string; readonly records: number }[];
  /** Records of which nothing can be read, or which do not name an auction that is known. */
  readonly unknown: number;
}

export function lostAuctions(plan: LogPlan, loss: LogLoss): LostAuctions {
  const recordsByRef = new Map<AuctionRef, number>();
  const idsByRef = new Map<AuctionRef, string>();
  let readable = 0;
  for (const batch of loss.readable()) {
    noteIds(batch, idsByRef);
    readable += countRecords(batch, recordsByRef);
  }
  for (const { row } of plannedRows(plan)) {
    const parts = unpack(row.payload, row.count);
    if (parts !== undefined) noteIds(batchOf({ row, parts }), idsByRef);
  }
  const auctions: { auctionId: string; records: number }[] = [];
  for (const [ref, records] of recordsByRef) {
    const auctionId = idsByRef.get(ref);
    if (auctionId === undefined) readable -= records;
    else auctions.push({ auctionId, records });
  }
  auctions.sort((a, b) => b.records - a.records || (a.auctionId < b.auctionId ? -1 : 1));
  return { auctions, unknown: loss.lastSeq - loss.firstSeq + 1 - readable };
}

/** Returns how many of the batch's records could be read. */
function countRecords(batch: StoredBatch, recordsByRef: Map<AuctionRef, number>): number {
  const reader = new MsgpackReader();
  let readable = 0;
  for (let i = 0; i < batch.count; i++) {
    const event = recordOf(reader, batch, i);
    if (event === null) continue;
    readable += 1;
    // New users and bids on unknown auctions touch none.
    if (event.kind === 'UserIntroduced' || event.kind === 'StrayBidRefused') continue;
    recordsByRef.set(event.auction, (recordsByRef.get(event.auction) ?? 0) + 1);
  }
  return readable;
}

function noteIds(batch: StoredBatch, idsByRef: Map<AuctionRef, string>): void {
  const reader = new MsgpackReader();
  for (let i = 0; i < batch.count; i++) {
    const event = recordOf(reader, batch, i);
    if (event?.kind === 'AuctionListed') idsByRef.set(event.auction, event.id);
  }
}

/** Null where it is no record of a shard: another file lies in the place of the log. */
function recordOf(reader: MsgpackReader, batch: StoredBatch, i: number): ShardEvent | null {
  try {
    return readRecordWith(reader, batch.bytes, batch.offsets[i] ?? 0, batch.offsets[i + 1] ?? 0);
  } catch {
    return null;
  }
}
