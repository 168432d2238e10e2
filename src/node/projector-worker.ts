/**
 * Entry of the projector's thread: follows the log of each shard and keeps the read model. It yields
 * to bids: it has a low share of the processor, and where it falls behind only lists are older.
 */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { DISCOVERY } from '../config/limits.ts';
import { shardFiles } from '../journal/data-folder.ts';
import { LogTail } from '../journal/log-tail.ts';
import type { Seq } from '../journal/seq.ts';
import { must } from '../lib/assert.ts';
import { Projector } from '../projection/projector.ts';
import { openReadModel, readModelFile } from '../projection/read-model-file.ts';
import { ReadModelStatus } from './read-model-status.ts';
import { ShardStatus } from './shard-status.ts';

export interface ProjectorWorkerData {
  readonly folder: string;
  readonly shards: number;
  readonly epoch: number;
  /** What each shard shows of itself. */
  readonly shardStatuses: readonly SharedArrayBuffer[];
  readonly status: SharedArrayBuffer;
}

export interface FromProjector {
  readonly kind: 'ready';
  /** Why the read model is made anew; null: it goes on. */
  readonly startsOver: string | null;
}

const data = workerData as ProjectorWorkerData;
const port = must(parentPort, 'a projector has a parent');

yieldToOthers();
const { db, startsOver } = openReadModel(readModelFile(data.folder), data);
const projector = new Projector(db, data.shards);
const tails = data.shardStatuses.map((_, shard) => new LogTail(shardFiles(data.folder, shard)));
const shards = data.shardStatuses.map((memory) => new ShardStatus(memory));
const status = new ReadModelStatus(data.status);
for (const shard of shards.keys()) show(shard);
port.postMessage({ kind: 'ready', startsOver } satisfies FromProjector);
port.on('message', () => {
  for (const tail of tails) tail.close();
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  process.exit(0);
});
turn();

/** Takes in what is new, and comes back soon. */
function turn(): void {
  let taken = 0;
  for (const [shard, tail] of tails.entries()) {
    const { seq } = projector.watermark(shard);
    const committedSeq = must(shards[shard], 'a status for each shard').committedSeq as Seq;
    if (seq >= committedSeq) continue;
    taken += projector.take(shard, tail.after(seq, committedSeq), DISCOVERY.recordsPerTurn);
    show(shard);
  }
  if (taken > 0) keepLogShort();
  // A full turn leaves work behind: only what else is to be heard comes first.
  setTimeout(turn, taken < DISCOVERY.recordsPerTurn ? DISCOVERY.pollMs : 0);
}

function show(shard: number): void {
  const { seq, atUs } = projector.watermark(shard);
  status.show(shard, seq, atUs);
}

let sinceCopied = 0;

/** The write-ahead file starts over as soon as no reader is in it. */
function keepLogShort(): void {
  sinceCopied += 1;
  if (sinceCopied < DISCOVERY.turnsPerCheckpoint) return;
  sinceCopied = 0;
  db.pragma('wal_checkpoint(PASSIVE)');
}

/** On Linux a thread has a priority of its own; elsewhere all of the process stays as it is. */
function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), DISCOVERY.niceness);
}
