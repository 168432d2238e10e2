/** What every journal asserts of a batch before it becomes part of the log. */
import { JOURNAL } from '../config/limits.ts';
import { assert } from '../lib/assert.ts';
import type { Batch } from './journal.ts';
import type { Seq } from './seq.ts';
import { SEQ_NONE } from './seq.ts';

/** How far a log has come, as the next batch has to know it. */
export interface LogEnd {
  readonly seq: Seq;
  readonly atUs: number;
  readonly epoch: number;
}

export const EMPTY_LOG: LogEnd = { seq: SEQ_NONE, atUs: 0, epoch: 0 };

/** That the offsets ascend is checked where they are used (chain.ts). */
export function assertNext(batch: Batch, end: LogEnd): void {
  const { firstSeq, count, atUs, epoch, offsets, bytes } = batch;
  assert(count >= 1 && count <= JOURNAL.batchRecordsMax, 'a batch has records, and not too many');
  assert(offsets.length === count + 1, 'a batch has one more offset than records');
  assert(offsets[0] === 0 && offsets[count] === bytes.length, 'the offsets span the bytes');
  assert(bytes.length < JOURNAL.batchBytesMax, 'a batch fits into a row');
  assert(firstSeq === end.seq + 1, `a batch follows the last record, ${end.seq}`);
  assert(
    Number.isSafeInteger(atUs) && atUs >= end.atUs,
    'time in the log is whole, and never back',
  );
  assert(Number.isInteger(epoch) && epoch >= end.epoch && epoch < 2 ** 32, 'the epoch never falls');
}
