/**
 * A shard's thread without a thread: the same rings, records, batches, recovery and snapshots as in
 * node/, turned by the simulation's clock instead of blocking. It can die at any point of a turn;
 * its rings outlive it, as they do in the real process.
 */
import type { Outage } from '../../src/auction/outage.ts';
import type { RuleSettings } from '../../src/auction/settings.ts';
import type { ShardPort, ShardReport } from '../../src/gateway/shard-port.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { StateStore } from '../../src/journal/state-store.ts';
import type { RingMemory } from '../../src/node/byte-ring.ts';
import { makeRing, RingConsumer, RingProducer } from '../../src/node/byte-ring.ts';
import {
  CREDIT,
  FEED,
  FORGET,
  FRAME,
  InboundCursor,
  pushInbound,
  TICK,
  UNWATCH,
} from '../../src/node/inbound.ts';
import { KnownUsers } from '../../src/node/known-users.ts';
import { OutboundReader, OutboundWriter } from '../../src/node/outbound.ts';
import type { Deliveries } from '../../src/protocol/deliveries.ts';
import { recover } from '../../src/shard/recovery.ts';
import { Shard } from '../../src/shard/shard.ts';
import type { ShardState } from '../../src/shard/shard-state.ts';
import { SnapshotSchedule } from '../../src/shard/snapshot-schedule.ts';
import { Snapshotter } from '../../src/shard/snapshotter.ts';
import { SnapshotError } from './disk-journal.ts';

export interface ThreadOptions {
  readonly index: number;
  readonly shards: number;
  readonly epoch: number;
  readonly settings: RuleSettings;
  /** Opens the shard's files, as each start of the thread does. */
  readonly open: () => { readonly journal: Journal; readonly state: StateStore };
  /** How many frames the next batch may have. */
  readonly batchMax: () => number;
  readonly snapshotEveryUs: number;
  readonly nowUs: () => number;
  /** The stamp that a frame gets, of the one that it should get. */
  readonly stamp: (stampUs: number) => number;
  /** How long the next frame will have to wait. */
  readonly waitUs: () => number;
  /** Something waits for a turn. */
  readonly wake: () => void;
  readonly watchedHandles: () => readonly number[];
  /** Asked between two batches; throws where the thread is to die. */
  readonly mayDie: () => void;
}

/** Small, so that full rings are part of the game. */
const INBOUND_BYTES = 1 << 15;
const OUTBOUND_BYTES = 1 << 19;
const NO_BYTES = new Uint8Array(0);
const decoder = new TextDecoder();

interface Running {
  readonly shard: Shard;
  readonly state: ShardState;
  readonly journal: Journal;
  readonly snapshots: SnapshotSchedule;
  readonly ring: RingConsumer;
  readonly cursor: InboundCursor;
}

export class Thread implements ShardPort {
  /** Nothing is kept of reads here. */
  #changes = 0;
  readonly #options: ThreadOptions;
  readonly #inbound: RingMemory = makeRing(INBOUND_BYTES);
  readonly #outbound: RingMemory = makeRing(OUTBOUND_BYTES);
  readonly #producer = new RingProducer(this.#inbound);
  readonly #consumer = new RingConsumer(this.#outbound);
  readonly #reader = new OutboundReader(OUTBOUND_BYTES);
  readonly #users = new KnownUsers();
  #running: Running | null = null;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  changes(): number {
    this.#changes += 1;
    return this.#changes;
  }

  /** Recovers, in the first start and after each death. @throws what recovery throws */
  start(cautious: boolean): void {
    const { index, shards, epoch, settings, open, watchedHandles } = this.#options;
    const { snapshotEveryUs, nowUs } = this.#options;
    const { journal, state: store } = open();
    const { state } = recover(journal, store);
    const shard = new Shard({
      index,
      shards,
      epoch,
      journal,
      state,
      settings,
      deliveries: new OutboundWriter(new RingProducer(this.#outbound)),
    });
    const unfinished = new InboundCursor(INBOUND_BYTES);
    unfinished.open(new RingConsumer(this.#inbound).copyTo(unfinished.bytes));
    for (const [number, id, hasFeed] of this.#users.atStart(unfinished)) {
      shard.introduce(number, id);
      shard.keepFeed(number, hasFeed);
    }
    for (const handle of watchedHandles()) shard.rewatch(handle);
    this.#running = {
      shard,
      state,
      journal,
      snapshots: new SnapshotSchedule({
        snapshotter: new Snapshotter(state, store, SLICES),
        everyMs: snapshotEveryUs / 1000,
        retryMs: 50,
        everyRecords: 60,
        lowSeq: store.lowSeq,
        nowMs: () => nowUs() / 1000,
        failed: (error) => {
          if (!(error instanceof SnapshotError)) throw error;
        },
      }),
      ring: new RingConsumer(this.#inbound),
      cursor: new InboundCursor(INBOUND_BYTES),
    };
    this.#cautious = cautious;
    // What `rewatch` said has to leave, also when nothing else comes.
    this.#options.wake();
  }

  #cautious = false;
  /** Whether the outage before this process has been given back. */
  credited = false;

  get running(): boolean {
    return this.#running !== null;
  }

  get state(): ShardState | null {
    return this.#running?.state ?? null;
  }

  get lastAtUs(): number {
    return this.#running?.journal.lastAtUs ?? 0;
  }

  get nextDeadlineMs(): number {
    return this.#running?.shard.nextDeadlineMs ?? Infinity;
  }

  /** The thread is gone; rings stay. */
  die(): void {
    this.#running = null;
  }

  /** One turn of the loop: everything that the ring holds, batch by batch, then a slice. */
  turn(): void {
    const running = this.#running;
    if (running === null) return;
    const { shard, ring, cursor } = running;
    const count = ring.copyTo(cursor.bytes);
    cursor.open(count);
    let finished = 0;
    do {
      this.#options.mayDie();
      const max = this.#cautious ? 1 : this.#options.batchMax();
      for (let frames = 0; frames < max && cursor.next(); frames++) this.#take(running);
      shard.commit();
      this.#options.mayDie();
      ring.finish(cursor.passed - finished);
      finished = cursor.passed;
    } while (finished < count);
    if (running.snapshots.turn(running.journal.committedSeq)) this.#options.wake();
  }

  /** Hands over what the thread has published. */
  deliver(deliveries: Deliveries): void {
    const count = this.#consumer.copyTo(this.#reader.bytes);
    if (count === 0) return;
    this.#reader.deliver(count, deliveries);
    this.#consumer.finish(count);
  }

  credit({ fromUs, toUs }: Outage): void {
    this.#push(CREDIT, 0, 0, toUs, new Uint8Array(Float64Array.of(fromUs).buffer));
  }

  tick(): void {
    this.#push(TICK, 0, 0, this.#options.nowUs(), NO_BYTES);
  }

  submit(conn: number, user: number, stampUs: number, frame: Uint8Array): boolean {
    return this.#push(FRAME, conn, user, this.#options.stamp(stampUs), frame);
  }

  introduce(user: number, userId: string): boolean {
    this.#options.wake();
    return this.#users.introduce(this.#producer, user, userId, this.#options.nowUs());
  }

  keepFeed(user: number, keeps: boolean): boolean {
    this.#options.wake();
    return this.#users.keepFeed(this.#producer, user, keeps, this.#options.nowUs());
  }

  forget(user: number): boolean {
    this.#options.wake();
    return this.#users.forget(this.#producer, user, this.#options.nowUs());
  }

  unwatch(handle: number): boolean {
    return this.#push(UNWATCH, handle, 0, this.#options.nowUs(), NO_BYTES);
  }

  waitUs(): number {
    return this.#options.waitUs();
  }

  endsAtMs(): number {
    return 0;
  }

  report(): ShardReport {
    const none = { bounds: [], counts: [0], sum: 0 };
    const { used: bytes } = this.#producer;
    const queue = { frames: 0, bytes, ageUs: 0, batchFrames: none, commitSeconds: none };
    return { ...queue, isUp: this.running, deaths: 0, snapshotFailures: 0, committedSeq: 0 };
  }

  #push(kind: number, conn: number, user: number, stampUs: number, payload: Uint8Array): boolean {
    const pushed = pushInbound(this.#producer, kind, conn, user, stampUs, payload);
    this.#options.wake();
    return pushed;
  }

  #take({ shard, cursor }: Running): void {
    const { kind, conn, user, stampUs, bytes, payloadFrom, payloadTo } = cursor;
    if (kind === FRAME) shard.take(conn, user, stampUs, bytes, payloadFrom, payloadTo);
    else if (kind === TICK) shard.tick(stampUs);
    else if (kind === CREDIT) {
      const fromUs = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(payloadFrom, true);
      shard.creditOutage({ fromUs, toUs: stampUs });
      shard.commit();
      this.credited = true;
    } else if (kind === UNWATCH) shard.unwatch(conn);
    else if (kind === FEED) shard.keepFeed(user, conn === 1);
    else if (kind === FORGET) shard.forget(user);
    else shard.introduce(user, decoder.decode(bytes.subarray(payloadFrom, payloadTo)));
  }
}

/** Small slices, so that a snapshot takes many turns. */
const SLICES = { rowsMax: 2, bytesMax: 2_048 };
