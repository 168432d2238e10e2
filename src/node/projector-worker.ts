/**
 * Entry of the projector's thread: follows the log of each shard and keeps the read model. It yields
 * to bids: it has a low share of the processor, and where it falls behind only lists are older.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { DISCOVERY } from '../config/limits.ts';
import { accountFiles, shardFiles } from '../journal/data-folder.ts';
import { LogTail } from '../journal/log-tail.ts';
import type { Seq } from '../journal/seq.ts';
import type { Connection } from '../journal/sqlite-connection.ts';
import { must } from '../lib/assert.ts';
import { Projector } from '../projection/projector.ts';
import { openReadModel, readModelFile } from '../projection/read-model-file.ts';
import { yieldToOthers } from './low-priority.ts';
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

class ProjectorLoop {
  readonly #db: Connection;
  readonly #projector: Projector;
  readonly #tails: readonly LogTail[];
  readonly #accounts: LogTail;
  readonly #shards = data.shardStatuses.map((memory) => new ShardStatus(memory));
  readonly #status = new ReadModelStatus(data.status);
  #turnsSinceCopy = 0;
  #lookedMs = performance.now();
  #lookedSeq: number;

  constructor(db: Connection) {
    this.#db = db;
    this.#projector = new Projector(db, data.shards);
    this.#tails = this.#shards.map((_, shard) => new LogTail(shardFiles(data.folder, shard)));
    this.#accounts = new LogTail(accountFiles(data.folder));
    this.#lookedSeq = this.#committed();
    for (const shard of this.#shards.keys()) this.#show(shard);
  }

  /** Takes in what is new, and comes back soon; later, while bids come by the ten thousand. */
  turn(): void {
    const startMs = performance.now();
    const isBusy = this.#comingPerSecond(startMs) > DISCOVERY.busyRecordsPerSecond;
    const taken = this.#take();
    const workedMs = performance.now() - startMs;
    const restMs = workedMs * (1 / DISCOVERY.busyShare - 1);
    const turn = (): void => this.turn();
    if (isBusy) setTimeout(turn, Math.max(DISCOVERY.pollMs, restMs));
    // A full turn leaves work behind: only what else is to be heard comes first.
    else setTimeout(turn, taken < DISCOVERY.recordsPerTurn ? DISCOVERY.pollMs : 0);
  }

  close(): void {
    for (const tail of this.#tails) tail.close();
    this.#accounts.close();
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
    this.#db.close();
  }

  #take(): number {
    // Before the shards' own: what was watched up to here has been listed up to there.
    const accountsSeq = this.#accounts.lastSeq();
    let taken = 0;
    let isBehind = false;
    for (const [shard, tail] of this.#tails.entries()) {
      const { seq } = this.#projector.watermark(shard);
      const committedSeq = must(this.#shards[shard], 'a status for each').committedSeq as Seq;
      if (seq >= committedSeq) continue;
      const batches = tail.after(seq, committedSeq);
      taken += this.#projector.take(shard, batches, DISCOVERY.recordsPerTurn);
      isBehind ||= this.#projector.watermark(shard).seq < committedSeq;
      this.#show(shard);
    }
    const { seq } = this.#projector.accountsWatermark;
    if (!isBehind && seq < accountsSeq) {
      const batches = this.#accounts.after(seq, accountsSeq);
      taken += this.#projector.takeAccounts(batches, DISCOVERY.recordsPerTurn);
    }
    if (taken > 0) this.#keepLogShort();
    return taken;
  }

  #show(shard: number): void {
    const { seq, atUs } = this.#projector.watermark(shard);
    this.#status.show(shard, seq, atUs);
  }

  /** Records that the shards have committed a second, since the last look. */
  #comingPerSecond(nowMs: number): number {
    const seq = this.#committed();
    const perSecond = ((seq - this.#lookedSeq) * 1000) / Math.max(1, nowMs - this.#lookedMs);
    this.#lookedSeq = seq;
    this.#lookedMs = nowMs;
    return perSecond;
  }

  #committed(): number {
    return this.#shards.reduce((sum, { committedSeq }) => sum + committedSeq, 0);
  }

  /** The write-ahead file starts over as soon as no reader is in it. */
  #keepLogShort(): void {
    this.#turnsSinceCopy += 1;
    if (this.#turnsSinceCopy < DISCOVERY.turnsPerCheckpoint) return;
    this.#turnsSinceCopy = 0;
    this.#db.pragma('wal_checkpoint(PASSIVE)');
  }
}

yieldToOthers(DISCOVERY.niceness);
const { db, startsOver } = openReadModel(readModelFile(data.folder), data);
const loop = new ProjectorLoop(db);
port.postMessage({ kind: 'ready', startsOver } satisfies FromProjector);
port.on('message', () => {
  loop.close();
  process.exit(0);
});
loop.turn();
