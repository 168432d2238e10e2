/**
 * The main thread's side of a shard: its rings, its clock, and the watchdog that brings a dead or
 * stuck thread back. The rings outlive the thread, so a new one goes on with the frames that the
 * old one had not finished; nonces see to it that none of them counts twice.
 *
 *   starting ──ready──▶ running ──died or stuck──▶ waiting ──▶ starting …  (restart-policy.ts)
 *                          └──commit failed──▶ the process stops (the outcome is unknown)
 */
import { Worker } from 'node:worker_threads';
import type { Outage } from '../auction/outage.ts';
import type { RuleSettings } from '../auction/settings.ts';
import { RINGS } from '../config/limits.ts';
import type { ShardPort, ShardReport } from '../gateway/shard-port.ts';
import { STORAGE_FAILURES } from '../journal/disk-failure.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Deliveries } from '../protocol/deliveries.ts';
import type { RingMemory } from './byte-ring.ts';
import { makeRing, RingConsumer, RingProducer } from './byte-ring.ts';
import { CHANGE_TABLE_BYTES, ChangeTable } from './change-table.ts';
import { CLOSING_TABLE_BYTES, ClosingTable } from './closing-table.ts';
import { CREDIT, FRAME, InboundCursor, pushInbound, STOP, TICK, UNWATCH } from './inbound.ts';
import { KnownUsers } from './known-users.ts';
import { OutboundReader } from './outbound.ts';
import { RestartPolicy } from './restart-policy.ts';
import { ShardBacklog } from './shard-backlog.ts';
import { ShardClock } from './shard-clock.ts';
import type { FromShard, ShardReady, ShardWorkerData } from './shard-messages.ts';
import { SHARD_STATUS_BYTES, ShardStatus } from './shard-status.ts';

export interface ShardThreadOptions {
  readonly folder: string;
  readonly index: number;
  readonly shards: number;
  readonly epoch: number;
  readonly settings: RuleSettings;
  readonly snapshotEveryMs: number;
  readonly inboundBytes: number;
  readonly outboundBytes: number;
  readonly clock: () => Clock;
  readonly log: Log;
  readonly deliveries: () => Deliveries;
  /** Handles of this shard that somebody watches. */
  readonly watchedHandles: () => readonly number[];
  /** A frame that the shard dies of is given up: its sender has to be answered. */
  readonly onDropped: (conn: number, frame: Uint8Array) => void;
  /** The shard cannot go on: a commit whose outcome is unknown, damage, or it dies at every start. */
  readonly onFatal: (failure: ShardFailure) => void;
  /** What the thread runs, and how much memory it may take; tests put something in front of it. */
  readonly program?: { readonly url: URL; readonly heapMb: number };
}

export interface ShardFailure {
  readonly index: number;
  readonly name: string;
  readonly message: string;
  /** A commit failed: what the unanswered commands did is unknown. */
  readonly uncertain: boolean;
}

const NO_BYTES = new Uint8Array(0);

export class ShardThread implements ShardPort {
  readonly #options: ShardThreadOptions;
  readonly #inbound: RingMemory;
  readonly #outbound: RingMemory;
  readonly #statusMemory = new SharedArrayBuffer(SHARD_STATUS_BYTES);
  readonly #status = new ShardStatus(this.#statusMemory);
  readonly #closingMemory = new SharedArrayBuffer(CLOSING_TABLE_BYTES);
  readonly #closing = new ClosingTable(this.#closingMemory);
  readonly #changesMemory = new SharedArrayBuffer(CHANGE_TABLE_BYTES);
  readonly #changes = new ChangeTable(this.#changesMemory);
  readonly #producer: RingProducer;
  readonly #backlog: ShardBacklog;
  readonly #consumer: RingConsumer;
  readonly #reader: OutboundReader;
  readonly #users = new KnownUsers();
  readonly #clock: ShardClock;
  readonly #restarts = new RestartPolicy();
  #worker: Worker | null = null;
  #running = false;
  /** What is expected of the thread: to go on, to stop when its work is done, to be gone. */
  #wanted: 'on' | 'stop' | 'gone' = 'on';
  #frames = 0;
  #deaths = 0;
  #snapshotFailures = 0;
  /** Finished by nobody: dropped. */
  #droppedBytes = 0;
  #restart: NodeJS.Timeout | null = null;
  #whenReady: ((ready: ShardReady) => void) | null = null;
  #whenCredited: ((auctions: number) => void) | null = null;
  #whenStopped: (() => void) | null = null;

  constructor(options: ShardThreadOptions) {
    this.#options = options;
    this.#inbound = makeRing(options.inboundBytes);
    this.#outbound = makeRing(options.outboundBytes);
    this.#producer = new RingProducer(this.#inbound);
    this.#backlog = new ShardBacklog(this.#producer, this.#status);
    this.#consumer = new RingConsumer(this.#outbound);
    this.#reader = new OutboundReader(options.outboundBytes);
    const { log, index: shard, clock } = options;
    this.#clock = new ShardClock({
      status: this.#status,
      nowUs: () => clock().nowUs(),
      isRunning: () => this.#running,
      hasWork: () => this.#producer.used > 0,
      tick: () => void pushInbound(this.#producer, TICK, 0, 0, clock().nowUs(), NO_BYTES),
      stuck: () => {
        log.error({ shard }, 'a shard is stuck; ending its thread');
        void this.#worker?.terminate();
      },
      diskIsSlow: (forMs) => {
        log.warn(
          { shard, forMs: Math.round(forMs) },
          'a shard waits for the disk; bids on it wait as well: look at the disk of the data folder',
        );
      },
    });
  }

  /** Resolves when the shard has recovered and takes frames. */
  async start(): Promise<ShardReady> {
    const ready = new Promise<ShardReady>((resolve) => {
      this.#whenReady = resolve;
    });
    this.#spawn(false);
    void this.#deliverForever();
    return ready;
  }

  /** Gives back what an outage took, before the first frame; resolves when that is durable. */
  async credit({ fromUs, toUs }: Outage): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#whenCredited = resolve;
    pushInbound(this.#producer, CREDIT, 0, 0, toUs, new Uint8Array(Float64Array.of(fromUs).buffer));
    return promise;
  }

  /** Lets the clock run: from now on auctions start and end. */
  startClock(): void {
    this.#clock.start();
  }

  submit(conn: number, user: number, stampUs: number, frame: Uint8Array): boolean {
    // Room for the clock is left: starts and ends are never shed.
    if (this.#producer.free < RINGS.reservedBytes + frame.length) return false;
    const pushed = pushInbound(this.#producer, FRAME, conn, user, stampUs, frame);
    if (pushed) this.#frames += 1;
    return pushed;
  }

  introduce(user: number, userId: string): boolean {
    return this.#users.introduce(this.#producer, user, userId, this.#options.clock().nowUs());
  }

  keepFeed(user: number, keeps: boolean): boolean {
    return this.#users.keepFeed(this.#producer, user, keeps, this.#options.clock().nowUs());
  }

  forget(user: number): boolean {
    return this.#users.forget(this.#producer, user, this.#options.clock().nowUs());
  }

  unwatch(handle: number): boolean {
    const stampUs = this.#options.clock().nowUs();
    return pushInbound(this.#producer, UNWATCH, handle, 0, stampUs, NO_BYTES);
  }

  waitUs(nowUs: number): number {
    return this.#backlog.waitUs(nowUs);
  }

  endsAtMs(hash: number): number {
    return this.#closing.endsAtMs(hash);
  }

  changes(hash: number): number {
    return this.#changes.changes(hash);
  }

  report(nowUs: number): ShardReport {
    return {
      ...this.#backlog.report(nowUs),
      isUp: this.#running,
      deaths: this.#deaths,
      snapshotFailures: this.#snapshotFailures,
      committedSeq: this.#status.committedSeq,
    };
  }

  /** When the next auction starts or ends, milliseconds since 1970; Infinity: none will. */
  get nextDeadlineMs(): number {
    return this.#status.nextDeadlineMs;
  }

  get committedSeq(): number {
    return this.#status.committedSeq;
  }

  /** What it shows of itself, for threads that follow its log. */
  get statusMemory(): SharedArrayBuffer {
    return this.#statusMemory;
  }

  /** Frames taken since the start. */
  get frames(): number {
    return this.#frames;
  }

  /** Ends the thread at once, as a crash would; the watchdog brings it back. */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Ends the thread at once and for good: the process is about to stop. */
  async abandon(): Promise<void> {
    this.#wanted = 'gone';
    this.#clock.end();
    if (this.#restart !== null) clearTimeout(this.#restart);
    await this.#worker?.terminate();
  }

  /**
   * Works off what is queued, writes a snapshot and ends the thread. Where that fails `onFatal` is
   * told, and this never resolves: what was answered is safe, the rest is unknown.
   */
  async stop(): Promise<void> {
    if (this.#wanted !== 'on') return;
    this.#wanted = 'stop';
    this.#clock.stopping();
    const stopped = new Promise<void>((resolve) => {
      this.#whenStopped = resolve;
    });
    if (this.#restart !== null) this.#startAgain();
    while (!this.#pushStop()) await new Promise((resolve) => setImmediate(resolve));
    await stopped;
    this.#clock.end();
    this.#deliverOnce();
    await this.#worker?.terminate();
  }

  #pushStop(): boolean {
    const stampUs = this.#options.clock().nowUs();
    return pushInbound(this.#producer, STOP, 0, 0, stampUs, NO_BYTES);
  }

  /** Connections whose frames were not finished, oldest first, with the frame. */
  *unfinished(): Iterable<{ readonly conn: number; readonly frame: Uint8Array }> {
    const cursor = this.#peek();
    while (cursor.next()) {
      if (cursor.kind !== FRAME) continue;
      yield { conn: cursor.conn, frame: cursor.bytes.slice(cursor.payloadFrom, cursor.payloadTo) };
    }
  }

  #peek(): InboundCursor {
    const cursor = new InboundCursor(this.#options.inboundBytes);
    cursor.open(new RingConsumer(this.#inbound).copyTo(cursor.bytes));
    return cursor;
  }

  #spawn(cautious: boolean): void {
    const { folder, index, shards, epoch, settings, snapshotEveryMs } = this.#options;
    const workerData: ShardWorkerData = {
      folder,
      index,
      shards,
      epoch,
      settings,
      snapshotEveryMs,
      inbound: this.#inbound,
      outbound: this.#outbound,
      status: this.#statusMemory,
      closing: this.#closingMemory,
      changes: this.#changesMemory,
      users: this.#users.atStart(this.#peek()),
      watched: this.#options.watchedHandles(),
      cautious,
    };
    const { program } = this.#options;
    const worker = new Worker(program?.url ?? new URL('./shard-worker.ts', import.meta.url), {
      workerData,
      name: `shard-${index}`,
      ...(program && { resourceLimits: { maxOldGenerationSizeMb: program.heapMb } }),
    });
    this.#worker = worker;
    let failure: Extract<FromShard, { kind: 'failed' }> | null = null;
    worker.on('message', (message: FromShard) => {
      if (message.kind === 'failed') failure = message;
      else this.#hear(message);
    });
    worker.on('error', (error) => {
      const { name, message, stack = '' } = error as Error;
      failure = { kind: 'failed', uncertain: false, name, message, stack };
    });
    worker.on('exit', () => this.#died(worker, failure));
  }

  #hear(message: Exclude<FromShard, { kind: 'failed' }>): void {
    const { log, index } = this.#options;
    switch (message.kind) {
      case 'progress':
        log.info({ shard: index, seq: message.seq, lastSeq: message.lastSeq }, 'replaying the log');
        return;
      case 'ready':
        this.#running = true;
        this.#clock.resume();
        this.#whenReady?.(message);
        this.#whenReady = null;
        return;
      case 'snapshotFailed':
        this.#snapshotFailures += 1;
        log.error(
          { shard: index, reason: message.message },
          'a snapshot could not be written; bids go on and nothing is lost, but the next start takes ' +
            'longer: look for room and errors on the disk of the data folder',
        );
        return;
      case 'credited':
        return this.#whenCredited?.(message.auctions);
      case 'stopped':
        this.#wanted = 'gone';
        this.#whenStopped?.();
    }
  }

  #died(worker: Worker, failure: Extract<FromShard, { kind: 'failed' }> | null): void {
    if (worker !== this.#worker) return;
    this.#running = false;
    this.#worker = null;
    if (this.#wanted === 'gone') return;
    this.#deaths += 1;
    const { log, index: shard } = this.#options;
    const name = failure?.name ?? 'Died';
    const message = failure?.message ?? 'the thread ended without a word';
    this.#deliverOnce();
    const isUncertain = failure?.uncertain === true;
    // Neither damage nor a failing disk is cured by starting again.
    if (isUncertain || STORAGE_FAILURES.has(name)) return this.#giveUp(name, message, isUncertain);
    const finished = (this.#producer.finished - this.#droppedBytes) >>> 0;
    const { giveUp, dropFront, waitMs } = this.#restarts.died(performance.now(), finished);
    if (giveUp !== null) return this.#giveUp(name, `${giveUp}: ${message}`, false);
    log.error(
      { shard, name, message, waitMs, stack: failure?.stack },
      'a shard died; starting it again',
    );
    if (dropFront) this.#dropFront();
    this.#restart = setTimeout(() => this.#startAgain(), waitMs);
    if (this.#wanted !== 'stop') return;
    // It may have died after it had taken the order to stop; where there is no room, one is queued.
    this.#pushStop();
    this.#startAgain();
  }

  #startAgain(): void {
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#restart = null;
    this.#spawn(true);
  }

  #giveUp(name: string, message: string, uncertain: boolean): void {
    this.#wanted = 'gone';
    this.#clock.end();
    this.#options.onFatal({ index: this.#options.index, name, message, uncertain });
  }

  /** Drops the frame that the shard dies of; its sender learns that sending it again is no use. */
  #dropFront(): void {
    const cursor = this.#peek();
    // Without the credit of an outage the node does not start; no frame has come yet.
    if (!cursor.next() || cursor.kind === CREDIT) return;
    if (cursor.kind === FRAME) {
      const frame = cursor.bytes.slice(cursor.payloadFrom, cursor.payloadTo);
      this.#options.log.error(
        { shard: this.#options.index, conn: cursor.conn },
        'dropping a frame',
      );
      this.#options.onDropped(cursor.conn, frame);
    }
    new RingConsumer(this.#inbound).finish(cursor.passed);
    this.#droppedBytes = (this.#droppedBytes + cursor.passed) >>> 0;
  }

  async #deliverForever(): Promise<void> {
    for (;;) {
      await this.#consumer.waitAsync();
      this.#deliverOnce();
    }
  }

  #deliverOnce(): void {
    const count = this.#consumer.copyTo(this.#reader.bytes);
    if (count === 0) return;
    this.#reader.deliver(count, this.#options.deliveries());
    this.#consumer.finish(count);
    this.#clock.look();
  }
}
