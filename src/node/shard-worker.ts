/**
 * Entry of a shard's thread: recovers, says ready, then turns frames into committed answers until
 * it is told to stop. The loop blocks on the ring and nothing else; there is no event loop here.
 *
 *   1 copy out what the ring holds   2 decide up to a batch   3 commit   4 release, give room back
 */
import { parentPort, workerData } from 'node:worker_threads';
import { BATCH, OVERLOAD, SNAPSHOT, WATCHDOG } from '../config/limits.ts';
import { asDiskFailure } from '../journal/disk-failure.ts';
import { CommitFailure } from '../journal/journal.ts';
import { openShardStorage } from '../journal/shard-storage.ts';
import { must } from '../lib/assert.ts';
import { hashText } from '../routing/hash-ring.ts';
import { recover } from '../shard/recovery.ts';
import { Shard } from '../shard/shard.ts';
import { SnapshotSchedule } from '../shard/snapshot-schedule.ts';
import { Snapshotter } from '../shard/snapshotter.ts';
import { RingConsumer, RingProducer } from './byte-ring.ts';
import { ChangeTable } from './change-table.ts';
import { ClosingTable } from './closing-table.ts';
import {
  CREDIT,
  FEED,
  FORGET,
  FRAME,
  INTRODUCE,
  InboundCursor,
  STOP,
  TICK,
  UNWATCH,
} from './inbound.ts';
import { OutboundWriter } from './outbound.ts';
import { ShardStatus } from './shard-status.ts';
import type { FromShard, ShardWorkerData } from './shard-messages.ts';

const data = workerData as ShardWorkerData;
const port = must(parentPort, 'a shard worker has a parent');
const say = (message: FromShard): void => port.postMessage(message);
const decoder = new TextDecoder();

function start(): ShardLoop {
  const startedMs = performance.now();
  const storage = openShardStorage(data.folder, data.index);
  let saidMs = startedMs;
  const recovered = recover(storage.journal, storage.state, ({ seq, lastSeq }) => {
    if (performance.now() - saidMs < WATCHDOG.progressEveryMs) return;
    saidMs = performance.now();
    say({ kind: 'progress', seq, lastSeq });
  });
  const changes = new ChangeTable(data.changes);
  changes.allChanged();
  const shard = new Shard({
    index: data.index,
    shards: data.shards,
    epoch: data.epoch,
    journal: storage.journal,
    state: recovered.state,
    settings: data.settings,
    deliveries: new OutboundWriter(new RingProducer(data.outbound)),
    changed: (auctionId) => changes.changed(hashText(auctionId)),
  });
  for (const [number, id, hasFeed] of data.users) {
    shard.introduce(number, id);
    shard.keepFeed(number, hasFeed);
  }
  for (const handle of data.watched) shard.rewatch(handle);
  const snapshots = new SnapshotSchedule({
    snapshotter: new Snapshotter(recovered.state, storage.state),
    everyMs: data.snapshotEveryMs,
    retryMs: SNAPSHOT.retryMs,
    everyRecords: SNAPSHOT.everyRecords,
    lowSeq: storage.state.lowSeq,
    nowMs: () => performance.now(),
    failed: snapshotFailed,
  });
  const loop = new ShardLoop(shard, storage, snapshots);
  say({
    kind: 'ready',
    lastAtUs: storage.journal.lastAtUs,
    lastSeq: storage.journal.head.seq,
    auctions: recovered.state.auctionCount,
    replayed: recovered.replayed,
    fromSnapshot: recovered.fromSnapshot,
    tookMs: Math.round(performance.now() - startedMs),
  });
  return loop;
}

function snapshotFailed(error: unknown): void {
  say({ kind: 'snapshotFailed', message: error instanceof Error ? error.message : `${error}` });
}

class ShardLoop {
  readonly #shard: Shard;
  readonly #storage: ReturnType<typeof openShardStorage>;
  readonly #snapshots: SnapshotSchedule;
  readonly #ring = new RingConsumer(data.inbound);
  readonly #cursor = new InboundCursor(data.inbound.data.byteLength);
  readonly #status = new ShardStatus(data.status);
  readonly #closing = new ClosingTable(data.closing);
  #closingToldMs = -Infinity;
  /** Frames that are still taken one by one. */
  #carefully: number;
  #stopping = false;

  constructor(
    shard: Shard,
    storage: ReturnType<typeof openShardStorage>,
    snapshots: SnapshotSchedule,
  ) {
    this.#shard = shard;
    this.#storage = storage;
    this.#snapshots = snapshots;
    // After a crash one frame at a time, so that a frame that breaks the shard stands alone in
    // front. It was in the batch that the crash cut short, and no batch was longer than this.
    this.#carefully = data.cautious ? BATCH.commandsMax : 0;
    this.#status.atDisk(false);
  }

  run(): void {
    while (!this.#stopping) {
      this.#status.beat(this.#shard.nextDeadlineMs, this.#storage.journal.committedSeq);
      const count = this.#ring.copyTo(this.#cursor.bytes);
      if (count === 0) {
        if (!this.#snapshot()) this.#ring.wait(WATCHDOG.idleWaitMs);
        continue;
      }
      this.#cursor.open(count);
      this.#drain(count);
      this.#snapshot();
    }
    this.#finish();
  }

  /** Works off what was copied out, batch by batch. */
  #drain(count: number): void {
    let finished = 0;
    while (finished < count) {
      const startMs = performance.now();
      const framesMax = this.#carefully > 0 ? 1 : BATCH.commandsMax;
      let frames = 0;
      while (frames < framesMax && this.#shard.pendingBytes < BATCH.bytesMax) {
        if (!this.#cursor.next()) break;
        this.#take();
        frames += 1;
      }
      this.#carefully -= frames;
      const decidedMs = performance.now();
      this.#status.atDisk(true);
      this.#shard.commit();
      this.#status.atDisk(false);
      const bytes = this.#cursor.passed - finished;
      this.#ring.finish(bytes);
      finished = this.#cursor.passed;
      const committedMs = performance.now();
      this.#status.batch(
        frames,
        bytes,
        (decidedMs - startMs) * 1000,
        (committedMs - decidedMs) * 1000,
      );
      this.#tellClosing(committedMs);
      this.#status.beat(this.#shard.nextDeadlineMs, this.#storage.journal.committedSeq);
    }
  }

  #take(): void {
    const cursor = this.#cursor;
    switch (cursor.kind) {
      case FRAME:
        return this.#shard.take(
          cursor.conn,
          cursor.user,
          cursor.stampUs,
          cursor.bytes,
          cursor.payloadFrom,
          cursor.payloadTo,
        );
      case TICK:
        return this.#shard.tick(cursor.stampUs);
      case INTRODUCE:
        return this.#shard.introduce(cursor.user, this.#text());
      case FEED:
        return this.#shard.keepFeed(cursor.user, cursor.conn === 1);
      case FORGET:
        return this.#shard.forget(cursor.user);
      case UNWATCH:
        return this.#shard.unwatch(cursor.conn);
      case CREDIT:
        return this.#credit();
      case STOP:
        this.#stopping = true;
    }
  }

  #credit(): void {
    const { bytes, payloadFrom, stampUs: toUs } = this.#cursor;
    const fromUs = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(payloadFrom, true);
    const auctions = this.#shard.creditOutage({ fromUs, toUs });
    this.#shard.commit();
    say({ kind: 'credited', auctions });
  }

  /** Which auctions end soon: the main thread refuses those last. */
  #tellClosing(nowMs: number): void {
    if (nowMs < this.#closingToldMs + OVERLOAD.closingEveryMs) return;
    this.#closingToldMs = nowMs;
    for (const auction of this.#shard.closing(OVERLOAD.closingMs, OVERLOAD.closingAuctionsMax)) {
      this.#closing.mark(hashText(auction.id), auction.endsAtMs);
    }
  }

  #text(): string {
    return decoder.decode(
      this.#cursor.bytes.subarray(this.#cursor.payloadFrom, this.#cursor.payloadTo),
    );
  }

  /** @returns whether there is more of it to write. */
  #snapshot(): boolean {
    this.#status.atDisk(true);
    const more = this.#snapshots.turn(this.#storage.journal.committedSeq);
    this.#status.atDisk(false);
    return more;
  }

  /** Leaves a snapshot behind, so that the next start is quick. */
  #finish(): void {
    const { journal, state } = this.#storage;
    this.#status.atDisk(true);
    this.#snapshots.finish(journal.committedSeq);
    try {
      state.close();
    } catch (error) {
      snapshotFailed(error);
    }
    journal.close();
    say({ kind: 'stopped' });
  }
}

try {
  start().run();
} catch (error) {
  const uncertain = error instanceof CommitFailure;
  const failure = asDiskFailure(error, data.folder);
  const reason = failure instanceof Error ? failure : new Error(String(failure));
  const cause = reason.cause instanceof Error ? `: ${reason.cause.message}` : '';
  say({
    kind: 'failed',
    uncertain,
    name: reason.name,
    message: `${reason.message}${cause}`,
    stack: reason.stack ?? '',
  });
  // The main thread decides what follows; nothing here can be trusted any more.
  process.exit(1);
}
