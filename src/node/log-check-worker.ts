/**
 * Entry of the thread that reads the logs of all shards once, from the first record to the newest:
 * each batch against its checksum and its place in the chain. It rests more than it reads.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { LOG_CHECK } from '../config/limits.ts';
import { shardFiles } from '../journal/data-folder.ts';
import { DamagedJournal } from '../journal/journal.ts';
import { LogTail } from '../journal/log-tail.ts';
import type { Seq } from '../journal/seq.ts';
import { SEQ_NONE, seqAfter } from '../journal/seq.ts';
import { must } from '../lib/assert.ts';
import type { FromLogCheck, LogCheckWorkerData } from './log-check.ts';
import { yieldToOthers } from './low-priority.ts';
import { ShardStatus } from './shard-status.ts';

const { folder, shardStatuses } = workerData as LogCheckWorkerData;
const port = must(parentPort, 'a log check has a parent');
const say = (message: FromLogCheck): void => port.postMessage(message);
const neverWoken = new Int32Array(new SharedArrayBuffer(4));

/** The newest record that is good, as far as the log was committed when this began. */
function check(shard: number, committedSeq: Seq): Seq {
  const tail = new LogTail(shardFiles(folder, shard));
  try {
    let seq = SEQ_NONE;
    let sinceMs = performance.now();
    for (const { firstSeq, count } of tail.after(SEQ_NONE, committedSeq)) {
      seq = seqAfter(firstSeq, count - 1);
      const workedMs = performance.now() - sinceMs;
      if (workedMs < LOG_CHECK.turnMs) continue;
      Atomics.wait(neverWoken, 0, 0, workedMs * (1 / LOG_CHECK.share - 1));
      sinceMs = performance.now();
    }
    return seq;
  } finally {
    tail.close();
  }
}

yieldToOthers(LOG_CHECK.niceness);
for (const [shard, memory] of shardStatuses.entries()) {
  try {
    const seq = check(shard, new ShardStatus(memory).committedSeq as Seq);
    say({ shard, seq, damage: null });
  } catch (error) {
    if (!(error instanceof DamagedJournal)) throw error;
    say({ shard, seq: 0, damage: error.message });
  }
}
