/**
 * Checks one shard's files against themselves, for `gavel verify`:
 *
 *   log ──scan: checksum, chain, no hole──▶ records ──evolve──▶ state ──┐
 *   snapshot rows + log after them ────────────recovery───────▶ state ──┴▶ equal hashes?
 *
 * The first record or auction that does not fit is named; nothing is written.
 */
import { DamagedJournal } from '../../journal/journal.ts';
import type { Journal } from '../../journal/journal.ts';
import { readRecordWith } from '../../journal/record.ts';
import type { Seq } from '../../journal/seq.ts';
import { SEQ_NONE, seqAfter } from '../../journal/seq.ts';
import type { StateStore } from '../../journal/state-store.ts';
import { MsgpackReader } from '../../lib/msgpack-reader.ts';
import { stateHash } from '../../auction/state-hash.ts';
import { recover } from '../../shard/recovery.ts';
import { ShardState } from '../../shard/shard-state.ts';

export interface ShardFinding {
  /** The first record that cannot be trusted; 0 where it is not about a record. */
  readonly record: number;
  readonly what: string;
}

export interface ShardCheck {
  readonly headSeq: number;
  /** Chain hash at the head, hex. */
  readonly headHash: string;
  readonly batches: number;
  readonly records: number;
  readonly auctions: number;
  readonly users: number;
  /** Hash over the replayed state, hex; null where the replay did not get through. */
  readonly stateHash: string | null;
  /** Auctions whose snapshot was compared. */
  readonly snapshotAuctions: number;
  /** Null: all is well. */
  readonly finding: ShardFinding | null;
}

type LogReading = Pick<Journal, 'head' | 'scan'>;

interface Replayed {
  readonly state: ShardState;
  readonly batches: number;
  readonly records: number;
  readonly finding: ShardFinding | null;
}

/** `store` is null where there is no snapshot. */
export function checkShard(
  journal: LogReading,
  store: StateStore | null,
  onProgress: (seq: number, lastSeq: number) => void = () => {},
): ShardCheck {
  const { state, batches, records, finding } = replayAll(journal, onProgress);
  const { head } = journal;
  const common = {
    headSeq: head.seq,
    headHash: Buffer.from(head.hash).toString('hex'),
    batches,
    records,
    auctions: state.auctionCount,
    users: state.userCount,
  };
  if (finding !== null) return { ...common, stateHash: null, snapshotAuctions: 0, finding };
  const hash = stateHash(state.auctions());
  if (store === null) return { ...common, stateHash: hash, snapshotAuctions: 0, finding: null };
  const compared = compareSnapshot(journal, store, state, hash);
  return { ...common, stateHash: hash, ...compared };
}

function replayAll(
  journal: LogReading,
  onProgress: (seq: number, lastSeq: number) => void,
): Replayed {
  const state = new ShardState();
  const reader = new MsgpackReader();
  const lastSeq = journal.head.seq;
  let batches = 0;
  let records = 0;
  let seq: Seq = SEQ_NONE;
  try {
    for (const batch of journal.scan(1 as Seq)) {
      for (let i = 0; i < batch.count; i++) {
        seq = seqAfter(batch.firstSeq, i);
        const from = batch.offsets[i] ?? 0;
        const to = batch.offsets[i + 1] ?? 0;
        state.apply(readRecordWith(reader, batch.bytes, from, to), seq);
      }
      batches += 1;
      records += batch.count;
      onProgress(seq, lastSeq);
      // A server may be appending; what came after our head is for the next check.
      if (seq >= lastSeq) break;
    }
  } catch (error) {
    return { state, batches, records, finding: findingOf(error, seq) };
  }
  const short = seq < lastSeq;
  const what = `the log ends at record ${seq}, but its head is ${lastSeq}`;
  return { state, batches, records, finding: short ? { record: seq + 1, what } : null };
}

function findingOf(error: unknown, seq: Seq): ShardFinding {
  if (error instanceof DamagedJournal) return { record: error.seq, what: error.message };
  const reason = error instanceof Error ? error.message : String(error);
  return { record: seq, what: `record ${seq} cannot be applied: ${reason}` };
}

function compareSnapshot(
  journal: LogReading,
  store: StateStore,
  replayed: ShardState,
  hash: string,
): Pick<ShardCheck, 'snapshotAuctions' | 'finding'> {
  try {
    const { state, fromSnapshot } = recover(asJournal(journal), store);
    const equal = stateHash(state.auctions()) === hash;
    const finding = equal ? userFinding(replayed, state) : firstDifference(replayed, state);
    return { snapshotAuctions: fromSnapshot, finding };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const what = `the snapshot does not fit the log: ${reason}`;
    return { snapshotAuctions: 0, finding: { record: SEQ_NONE, what } };
  }
}

function userFinding(replayed: ShardState, recovered: ShardState): ShardFinding | null {
  if (replayed.userCount === recovered.userCount) return null;
  const what = `the snapshot knows ${recovered.userCount} users, the log ${replayed.userCount}`;
  return { record: SEQ_NONE, what };
}

/** The first auction whose state from the snapshot is not the one from the log. */
function firstDifference(replayed: ShardState, recovered: ShardState): ShardFinding {
  for (const auction of replayed.auctions()) {
    const other = auction.ref < recovered.nextAuction ? recovered.auction(auction.ref) : undefined;
    if (other !== undefined && stateHash([other]) === stateHash([auction])) continue;
    const missing = other === undefined ? 'is missing' : 'differs from the log';
    return { record: SEQ_NONE, what: `the snapshot of auction ${auction.id} ${missing}` };
  }
  return { record: SEQ_NONE, what: 'the snapshot has auctions that the log does not know' };
}

/** What recovery takes; it only reads. */
function asJournal(journal: LogReading): Journal {
  const { head } = journal;
  const scan = (fromSeq: Seq): ReturnType<Journal['scan']> => journal.scan(fromSeq);
  const never = (): never => {
    throw new Error('a check does not write');
  };
  return {
    head,
    committedSeq: head.seq,
    lastAtUs: 0,
    append: never,
    read: never,
    linked: never,
    scan,
    close: never,
  };
}
