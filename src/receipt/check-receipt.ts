/**
 * Holds a receipt against a log:
 *
 *   signature good? ─▶ log long enough? ─▶ records 1 … N, chain checked ─▶ same chain seal at N?
 *        │                   │                                               ─▶ same record?
 *   other key, forged     restored                                    rewritten, contradicted
 *
 * The chain's hash stands for all records up to N: where it is the same, nothing that was in the log
 * when the receipt was given has been changed, taken out or put in since.
 */
import type { ShardEvent } from '../auction/events.ts';
import type { Journal, StoredBatch } from '../journal/journal.ts';
import { kindOf, readRecordWith } from '../journal/record.ts';
import type { Seq } from '../journal/seq.ts';
import { SEQ_NONE, seqAfter } from '../journal/seq.ts';
import { MsgpackReader } from '../lib/msgpack-reader.ts';
import type { Claims, Seal, Statement } from './statement.ts';
import { claimsOf, isBidEvent } from './statement.ts';

export type Contradiction = 'restored' | 'rewritten' | 'not in the log';

export interface ReceiptCheck {
  /** Records that are proven to be what they were when the receipt was given. */
  readonly records: number;
  /** Null: the log says the same as the receipt. */
  readonly finding: { readonly kind: Contradiction; readonly what: string } | null;
}

type LogReading = Pick<Journal, 'head' | 'scan'>;

/** Numbers behind the ids that the receipt names; 0: not met yet. */
interface Named {
  auction: number;
  bidder: number;
}

/**
 * @param seal of the key that signed the receipt.
 * @throws DamagedJournal where the log contradicts itself before it comes to the record.
 */
export function checkReceipt(
  statement: Statement,
  log: LogReading,
  seal: Seal,
  onProgress: (seq: number, lastSeq: number) => void = () => {},
): ReceiptCheck {
  const { record, lastRecord, chainSeal } = statement;
  const headSeq = log.head.seq;
  if (headSeq < lastRecord) {
    const what =
      `the log ends at record ${headSeq}, before record ${lastRecord} of the receipt: ` +
      'it was restored to an earlier state, or cut';
    return found(0, 'restored', what);
  }
  const named: Named = { auction: 0, bidder: 0 };
  const reader = new MsgpackReader();
  for (const batch of log.scan(seqAfter(SEQ_NONE))) {
    const last = seqAfter(batch.firstSeq, batch.count - 1);
    note(batch, statement, named, reader);
    onProgress(last, lastRecord);
    if (last < record) continue;
    const sealed = seal(batch.hash);
    if (last === lastRecord && sealed === chainSeal) {
      return { records: last, finding: differenceIn(statement, batch, named, reader) };
    }
    return batch.epoch > statement.epoch
      ? found(batch.firstSeq - 1, 'restored', restoredSince(statement, batch))
      : found(0, 'rewritten', rewritten(statement, last, sealed));
  }
  return found(0, 'not in the log', `the log has no record ${record}`);
}

function found(records: number, kind: Contradiction, what: string): ReceiptCheck {
  return { records, finding: { kind, what } };
}

function restoredSince({ record, epoch }: Statement, batch: StoredBatch): string {
  return (
    `record ${record} is of epoch ${batch.epoch} here and of epoch ${epoch} in the receipt: ` +
    'the log was restored to a state before it, and has gone on since'
  );
}

function rewritten({ lastRecord, chainSeal }: Statement, last: Seq, sealed: string): string {
  return (
    `the receipt has the chain seal ${chainSeal.slice(0, 16)}… after record ${lastRecord}, ` +
    `the log ${sealed.slice(0, 16)}… after record ${last}: records up to there were changed after ` +
    'the receipt was given, or this is the log of another server'
  );
}

/** Learns the numbers of the receipt's auction and bidder. */
function note(batch: StoredBatch, statement: Statement, named: Named, reader: MsgpackReader): void {
  for (let i = 0; i < batch.count; i++) {
    const from = batch.offsets[i] ?? 0;
    const to = batch.offsets[i + 1] ?? 0;
    const kind = kindOf(reader, batch.bytes, from, to);
    if (kind !== 'UserIntroduced' && kind !== 'AuctionListed') continue;
    const event = readRecordWith(reader, batch.bytes, from, to);
    if (event.kind === 'UserIntroduced' && event.id === statement.bidder) named.bidder = event.user;
    if (event.kind === 'AuctionListed' && event.id === statement.auctionId) {
      named.auction = event.auction;
    }
  }
}

/** The chain is the one of the receipt; whether the record in it is, too. */
function differenceIn(
  statement: Statement,
  batch: StoredBatch,
  named: Named,
  reader: MsgpackReader,
): ReceiptCheck['finding'] {
  const { record, shard, auctionId, bidder = null } = statement;
  const i = record - batch.firstSeq;
  const event: ShardEvent = readRecordWith(
    reader,
    batch.bytes,
    batch.offsets[i] ?? 0,
    batch.offsets[i + 1] ?? 0,
  );
  const kind = 'not in the log';
  const isOfBoth =
    isBidEvent(event) &&
    event.auction === named.auction &&
    (bidder === null || event.bidder === named.bidder);
  if (!isOfBoth) {
    const what = `record ${record} is not a bid of this bidder on auction ${auctionId}`;
    return { kind, what: `${what}, although the server signed that it is` };
  }
  const lastSeq = seqAfter(batch.firstSeq, batch.count - 1);
  const place = { seq: record as Seq, epoch: batch.epoch, lastSeq };
  const stored = claimsOf(event, place, { auctionId, shard, bidder });
  const { chainSeal: _, ...told } = statement;
  for (const name of Object.keys({ ...stored, ...told }) as (keyof Claims)[]) {
    if (stored[name] === statement[name]) continue;
    const what = `${name} of record ${record} is ${stored[name]}, the receipt says`;
    return { kind, what: `${what} ${statement[name]}` };
  }
  return null;
}
