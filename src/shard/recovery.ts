/**
 * How a shard's state comes back: the rows of the last snapshot, then the log after it. Without a
 * snapshot the whole log is replayed; the result is the same. This is the normal start, not an
 * exception.
 */
import type { Auction } from '../auction/auction.ts';
import type { AuctionRef, UserId, UserRef } from '../auction/ids.ts';
import { readAuction } from '../auction/state-codec.ts';
import type { Journal } from '../journal/journal.ts';
import { DamagedJournal, WAY_OUT } from '../journal/journal.ts';
import { readRecordWith } from '../journal/record.ts';
import type { Seq } from '../journal/seq.ts';
import { SEQ_NONE, seqAfter } from '../journal/seq.ts';
import type { StateRow, StateStore } from '../journal/state-store.ts';
import { DamagedState } from '../journal/state-store.ts';
import { MsgpackReader } from '../lib/msgpack-reader.ts';
import { ShardState } from './shard-state.ts';
import { ATTEMPTS_ROW, AUCTION_ROW, USERS_ROW } from './snapshotter.ts';

export interface Recovered {
  readonly state: ShardState;
  /** Records replayed from the log. */
  readonly replayed: number;
  /** Auctions taken from the snapshot. */
  readonly fromSnapshot: number;
}

export interface Progress {
  readonly seq: Seq;
  readonly lastSeq: Seq;
}

/**
 * @throws DamagedJournal where the log, and DamagedState where the snapshot contradicts itself.
 */
export function recover(
  journal: Journal,
  store: StateStore | null,
  onProgress: (progress: Progress) => void = () => {},
): Recovered {
  const state = new ShardState();
  const appliedSeqs = store === null ? new Map<AuctionRef, Seq>() : load(store, state);
  const lowSeq = store?.lowSeq ?? SEQ_NONE;
  for (const appliedSeq of appliedSeqs.values()) {
    if (appliedSeq > journal.head.seq) {
      throw new DamagedJournal(
        `the snapshot includes record ${appliedSeq}, but the log ends at ${journal.head.seq}: ` +
          `the log was cut short; ${WAY_OUT}`,
        journal.head.seq,
      );
    }
  }
  const fromSnapshot = state.auctionCount;
  const replayed = replay(journal, state, lowSeq, appliedSeqs, onProgress);
  return { state, replayed, fromSnapshot };
}

function replay(
  journal: Journal,
  state: ShardState,
  lowSeq: Seq,
  appliedSeqs: ReadonlyMap<AuctionRef, Seq>,
  onProgress: (progress: Progress) => void,
): number {
  const reader = new MsgpackReader();
  const lastSeq = journal.head.seq;
  let replayed = 0;
  if (lowSeq >= lastSeq) return 0;
  for (const batch of journal.scan(seqAfter(lowSeq))) {
    for (let i = 0; i < batch.count; i++) {
      const seq = seqAfter(batch.firstSeq, i);
      if (seq <= lowSeq) continue;
      const from = batch.offsets[i] as number;
      const to = batch.offsets[i + 1] as number;
      const event = readRecordWith(reader, batch.bytes, from, to);
      replayed += 1;
      if (event.kind === 'UserIntroduced') {
        if (event.user < state.nextUser) continue;
      } else if (event.kind !== 'StrayBidRefused') {
        if (seq <= (appliedSeqs.get(event.auction) ?? SEQ_NONE)) continue;
      }
      state.apply(event, seq);
    }
    const batchEnd = seqAfter(batch.firstSeq, batch.count - 1);
    onProgress({ seq: batchEnd, lastSeq });
    // A server may be appending while we only look: what comes after the head is not ours.
    if (batchEnd >= lastSeq) break;
  }
  return replayed;
}

/** Puts the rows into the state; returns how far each auction's row goes. */
function load(store: StateStore, state: ShardState): Map<AuctionRef, Seq> {
  const appliedSeqs = new Map<AuctionRef, Seq>();
  const attemptCounts = new Map<AuctionRef, number>();
  const reader = new MsgpackReader();
  for (const row of store.rows()) {
    if (row.kind === USERS_ROW) loadUsers(reader, row, state);
    else if (row.kind === AUCTION_ROW) {
      reader.open(row.bytes).array();
      if (row.key !== state.nextAuction) {
        throw new DamagedState(
          `the snapshot has auction ${row.key} without auction ${state.nextAuction}; ` +
            'without the snapshot the log alone is enough',
        );
      }
      attemptCounts.set(row.key as AuctionRef, reader.uint());
      state.addAuction(readAuction(reader));
      appliedSeqs.set(row.key as AuctionRef, row.appliedSeq);
    } else if (row.kind === ATTEMPTS_ROW) loadAttempts(row, state, attemptCounts);
    else throw new DamagedState(`the snapshot has a row of unknown kind ${row.kind}`);
  }
  for (const [ref, count] of attemptCounts) checkAttempts(state.auction(ref), count);
  return appliedSeqs;
}

function loadUsers(reader: MsgpackReader, row: StateRow, state: ShardState): void {
  for (let left = reader.open(row.bytes).array(); left > 0; left--) {
    state.addUser(state.nextUser as UserRef, reader.str(256) as UserId);
  }
}

/** Attempts may reach beyond what the auction's row includes; the log has those again. */
function loadAttempts(
  row: StateRow,
  state: ShardState,
  counts: ReadonlyMap<AuctionRef, number>,
): void {
  const count = counts.get(row.key as AuctionRef);
  // An unfinished first snapshot wrote attempts and not yet their auction.
  if (count === undefined) return;
  const { attempts } = state.auction(row.key as AuctionRef);
  const copy = row.bytes.slice();
  const numbers = new Float64Array(copy.buffer);
  attempts.appendUpTo(numbers, count);
}

function checkAttempts(auction: Auction, count: number): void {
  if (auction.attempts.count !== count) {
    throw new DamagedState(
      `the snapshot of auction ${auction.id} lacks bids: ${auction.attempts.count} of ${count}`,
    );
  }
  auction.attempts.markSaved(count);
}
