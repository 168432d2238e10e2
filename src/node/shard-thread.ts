/**
 * The main thread's side of a shard: its rings, its clock, and the watchdog that brings a dead or
 * stuck thread back. The rings outlive the thread, so a new one goes on with the frames that the
 * old one had not finished; nonces see to it that none of them counts twice.
 *
 *   starting ──ready──▶ running ──died or stuck──▶ starting …
 *                          └──commit failed──▶ the process stops (the outcome is unknown)
 */
import { Worker } from 'node:worker_threads';
import type { RuleSettings } from '../auction/settings.ts';
import { RINGS } from '../config/limits.ts';
import type { ShardPort, ShardReport } from '../gateway/shard-port.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Deliveries } from '../protocol/deliveries.ts';
import type { RingMemory } from './byte-ring.ts';
import { makeRing, RingConsumer, RingProducer } from './byte-ring.ts';
import { CLOSING_TABLE_BYTES, ClosingTable } from './closing-table.ts';
import { FRAME, INTRODUCE, InboundCursor, pushInbound, STOP, TICK, UNWATCH } from './inbound.ts';
import { OutboundReader } from './outbound.ts';
import { ShardBacklog } from './shard-backlog.ts';
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
}

export interface ShardFailure {
  readonly index: number;
  readonly name: string;
  readonly message: string;
  /** A commit failed: what the unanswered commands did is unknown. */
  readonly uncertain: boolean;
}

export interface ShardWorkerData {
  readonly folder: string;
  readonly index: number;
  readonly shards: number;
  readonly epoch: number;
  readonly settings: RuleSettings;
  readonly snapshotEveryMs: number;
  readonly inbound: RingMemory;
  readonly outbound: RingMemory;
  readonly status: SharedArrayBuffer;
  readonly closing: SharedArrayBuffer;
  readonly users: readonly (readonly [number: number, id: string])[];
  readonly watched: readonly number[];
  /** One frame at a time: the last run died. */
  readonly cautious: boolean;
}

export type FromShard =
  | { readonly kind: 'progress'; readonly seq: number; readonly lastSeq: number }
  | ({ readonly kind: 'ready' } & ShardReady)
  | { readonly kind: 'stopped' }
  | { readonly kind: 'snapshotFailed'; readonly message: string }
  | {
      readonly kind: 'failed';
      readonly uncertain: boolean;
      readonly name: string;
      readonly message: string;
      readonly stack: string;
    };

export interface ShardReady {
  readonly lastAtUs: number;
  readonly lastSeq: number;
  readonly auctions: number;
  readonly replayed: number;
  readonly fromSnapshot: number;
  readonly tookMs: number;
}

/** Damage is not cured by starting again. */
const FATAL_ERRORS = new Set(['DamagedJournal', 'DamagedState', 'DamagedDataFolder']);
const HEARTBEAT_MS = 250;
/** A thread that has work and does not turn its loop for this long is stuck. */
const STUCK_MS = 4_000;
/** Deaths without a single finished frame in between before the frame in front is dropped. */
const DEATHS_BEFORE_DROP = 2;
/** Deaths in a row before the process gives up. */
const DEATHS_MAX = 8;
/** Longest wait of one timer: Node's are 32 bits. */
const TIMER_MS_MAX = 60_000;
const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();

export class ShardThread implements ShardPort {
  readonly #options: ShardThreadOptions;
  readonly #inbound: RingMemory;
  readonly #outbound: RingMemory;
  readonly #statusMemory = new SharedArrayBuffer(SHARD_STATUS_BYTES);
  readonly #status = new ShardStatus(this.#statusMemory);
  readonly #closingMemory = new SharedArrayBuffer(CLOSING_TABLE_BYTES);
  readonly #closing = new ClosingTable(this.#closingMemory);
  readonly #producer: RingProducer;
  readonly #backlog: ShardBacklog;
  readonly #consumer: RingConsumer;
  readonly #reader: OutboundReader;
  readonly #users = new Map<number, string>();
  #worker: Worker | null = null;
  #running = false;
  #stopping = false;
  #frames = 0;
  #deaths = 0;
  #usedAtDeath = -1;
  #timer: NodeJS.Timeout | null = null;
  #timerForMs = Infinity;
  #beats = 0;
  #beatSeenMs = 0;
  #heartbeat: NodeJS.Timeout | null = null;
  #whenReady: ((ready: ShardReady) => void) | null = null;
  #whenStopped: (() => void) | null = null;

  constructor(options: ShardThreadOptions) {
    this.#options = options;
    this.#inbound = makeRing(options.inboundBytes);
    this.#outbound = makeRing(options.outboundBytes);
    this.#producer = new RingProducer(this.#inbound);
    this.#backlog = new ShardBacklog(this.#producer, this.#status);
    this.#consumer = new RingConsumer(this.#outbound);
    this.#reader = new OutboundReader(options.outboundBytes);
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

  /** Lets the clock run: from now on auctions start and end. */
  startClock(): void {
    this.#beatSeenMs = performance.now();
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#tick();
  }

  submit(conn: number, user: number, stampUs: number, frame: Uint8Array): boolean {
    // Room for the clock is left: starts and ends are never shed.
    if (this.#producer.free < RINGS.reservedBytes + frame.length) return false;
    const pushed = pushInbound(this.#producer, FRAME, conn, user, stampUs, frame);
    if (pushed) this.#frames += 1;
    return pushed;
  }

  introduce(user: number, userId: string): boolean {
    this.#users.set(user, userId);
    const stampUs = this.#options.clock().nowUs();
    return pushInbound(this.#producer, INTRODUCE, 0, user, stampUs, encoder.encode(userId));
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

  report(nowUs: number): ShardReport {
    return this.#backlog.report(nowUs);
  }

  get committedSeq(): number {
    return this.#status.committedSeq;
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
    this.#endClock();
    await this.#worker?.terminate();
  }

  /** Works off what is queued, writes a snapshot and ends the thread. */
  async stop(): Promise<void> {
    this.#endClock();
    const worker = this.#worker;
    if (worker === null) return;
    const stopped = new Promise<void>((resolve) => {
      this.#whenStopped = resolve;
    });
    const stampUs = this.#options.clock().nowUs();
    while (!pushInbound(this.#producer, STOP, 0, 0, stampUs, NO_BYTES)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await stopped;
    this.#deliverOnce();
    await worker.terminate();
  }

  /** Connections whose frames were not finished, oldest first, with the frame. */
  *unfinished(): Iterable<{ readonly conn: number; readonly frame: Uint8Array }> {
    const cursor = this.#peek();
    while (cursor.next()) {
      if (cursor.kind !== FRAME) continue;
      yield { conn: cursor.conn, frame: cursor.bytes.slice(cursor.payloadFrom, cursor.payloadTo) };
    }
  }

  #endClock(): void {
    this.#stopping = true;
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    if (this.#timer !== null) clearTimeout(this.#timer);
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
      users: [...this.#users],
      watched: this.#options.watchedHandles(),
      cautious,
    };
    const worker = new Worker(new URL('./shard-worker.ts', import.meta.url), {
      workerData,
      name: `shard-${index}`,
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
        this.#beatSeenMs = performance.now();
        this.#whenReady?.(message);
        this.#whenReady = null;
        return;
      case 'snapshotFailed':
        log.error(
          { shard: index, reason: message.message },
          'a snapshot could not be written; bids go on and nothing is lost, but the next start takes ' +
            'longer: look for room and errors on the disk of the data folder',
        );
        return;
      case 'stopped':
        this.#whenStopped?.();
    }
  }

  #died(worker: Worker, failure: Extract<FromShard, { kind: 'failed' }> | null): void {
    if (worker !== this.#worker) return;
    this.#running = false;
    this.#worker = null;
    if (this.#stopping) return this.#whenStopped?.();
    const { log, index, onFatal } = this.#options;
    const name = failure?.name ?? 'Died';
    const message = failure?.message ?? 'the thread ended without a word';
    this.#deliverOnce();
    if (failure !== null && (failure.uncertain || FATAL_ERRORS.has(name))) {
      return onFatal({ index, name, message, uncertain: failure.uncertain });
    }
    const used = this.#producer.used;
    this.#deaths = used === this.#usedAtDeath || this.#usedAtDeath === -1 ? this.#deaths + 1 : 1;
    this.#usedAtDeath = used;
    log.error(
      { shard: index, name, message, stack: failure?.stack },
      'a shard died; starting it again',
    );
    if (this.#deaths > DEATHS_MAX) {
      return onFatal({
        index,
        name,
        message: `it died ${this.#deaths} times in a row: ${message}`,
        uncertain: false,
      });
    }
    if (this.#deaths > DEATHS_BEFORE_DROP) this.#dropFront();
    this.#spawn(true);
  }

  /** Drops the frame that the shard dies of; its sender learns that the outcome is unknown. */
  #dropFront(): void {
    const cursor = this.#peek();
    if (!cursor.next()) return;
    if (cursor.kind === FRAME) {
      const frame = cursor.bytes.slice(cursor.payloadFrom, cursor.payloadTo);
      this.#options.log.error(
        { shard: this.#options.index, conn: cursor.conn },
        'dropping a frame',
      );
      this.#options.onDropped(cursor.conn, frame);
    }
    new RingConsumer(this.#inbound).finish(cursor.passed);
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
    if (this.#status.nextDeadlineMs < this.#timerForMs) this.#arm();
  }

  #tick(): void {
    if (this.#stopping) return;
    pushInbound(this.#producer, TICK, 0, 0, this.#options.clock().nowUs(), NO_BYTES);
    this.#arm();
  }

  /** Wakes up when the next auction starts or ends. */
  #arm(): void {
    if (this.#heartbeat === null || this.#stopping) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerForMs = this.#status.nextDeadlineMs;
    const waitMs = this.#timerForMs - this.#options.clock().nowUs() / 1000;
    const timerMs = Math.min(TIMER_MS_MAX, Math.max(1, Math.ceil(waitMs)));
    this.#timer = setTimeout(() => this.#tick(), timerMs);
  }

  /** The sign of life: a tick goes in, and the loop has to turn. */
  #beat(): void {
    this.#tick();
    const nowMs = performance.now();
    if (this.#status.beats !== this.#beats || !this.#running || this.#producer.used === 0) {
      this.#beats = this.#status.beats;
      this.#beatSeenMs = nowMs;
      return;
    }
    if (nowMs - this.#beatSeenMs < STUCK_MS) return;
    this.#options.log.error({ shard: this.#options.index }, 'a shard is stuck; ending its thread');
    this.#beatSeenMs = nowMs;
    void this.#worker?.terminate();
  }
}
