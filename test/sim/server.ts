/**
 * One process of the simulated server: the real gateway over simulated lines, and a simulated
 * thread for each shard on its disk. It ends by being killed, by a failed commit or with the power;
 * the next process starts on what is left.
 */
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import type { GatewayParts } from '../../src/gateway/gateway-parts.ts';
import { makeParts } from '../../src/gateway/gateway-parts.ts';
import { Session } from '../../src/gateway/session.ts';
import type { Shards } from '../../src/gateway/shard-port.ts';
import type { TokenVerifier } from '../../src/gateway/token-verifier.ts';
import { BIDDER, SELLER } from '../../src/gateway/user.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { CommitFailure } from '../../src/journal/journal.ts';
import type { StateStore } from '../../src/journal/state-store.ts';
import { must } from '../../src/lib/assert.ts';
import { MonotonicClock } from '../../src/lib/clock.ts';
import type { Deliveries } from '../../src/protocol/deliveries.ts';
import { HashRing, hashText } from '../../src/routing/hash-ring.ts';
import type { Disk } from './disk.ts';
import { TEST_OFFICE } from '../receipt/office.ts';
import { Stopped } from './disk.ts';
import { DiskJournal, DiskStateStore } from './disk-journal.ts';
import { Line } from './line.ts';
import type { Outages } from './outages.ts';
import { Thread } from './thread.ts';
import type { World } from './world.ts';

const BEAT_US = 250_000;
const THREAD_RESTART_US = 30_000;
/** Fewer than there are, so that users are forgotten and come back under other numbers. */
const USERS_MAX = 1;
const SLOW_BYTES = 2_000;
const BUFFER_BYTES = 4_000;
/** Longer than any queue may be. */
const OVERLOAD_US = 10_000_000;

/** What a thread dies of. */
class ThreadDeath extends Error {
  override name = 'ThreadDeath';
}

/** What a planted bug may put between the parts. */
export interface Wraps {
  readonly journal?: (journal: Journal, disk: Disk) => Journal;
  readonly state?: (state: StateStore) => StateStore;
  readonly clock?: (clock: MonotonicClock, world: World) => { nowUs(): number };
  /** Whether the log's syncs do anything. */
  readonly syncs?: boolean;
  /** Called before a process opens a disk. */
  readonly opening?: (disk: Disk, world: World) => void;
  /** Whether an update goes out. */
  readonly publish?: (world: World) => boolean;
  readonly deliveries?: (deliveries: Deliveries) => Deliveries;
  readonly stamp?: (stampUs: number) => number;
  /** Whether auctions get back what an outage took. */
  readonly credits?: boolean;
  /** Whether the clock of auctions runs. */
  readonly ticks?: boolean;
}

export interface ServerOptions {
  readonly world: World;
  readonly disks: readonly Disk[];
  readonly wraps: Wraps;
  readonly outages: Outages;
  /** The process is no more. */
  readonly died: (power: boolean) => void;
  /** A frame with a command was read: when, by the server's clock. */
  readonly read: (bytes: Uint8Array, stampUs: number) => void;
  /** Something broke that must never break. */
  readonly broke: (error: unknown) => void;
}

export class Server {
  readonly #options: ServerOptions;
  readonly #world: World;
  readonly #threads: Thread[];
  readonly #parts: GatewayParts;
  readonly #clock: { nowUs(): number };
  readonly #lines = new Set<Line>();
  readonly #turnAsked: boolean[] = [];
  #pausedUntilUs = 0;
  #alive = true;

  constructor(options: ServerOptions) {
    this.#options = options;
    const { world, disks, wraps } = options;
    this.#world = world;
    const bootUs = world.nowUs;
    let clock = clockFrom(world, bootUs, 0);
    const { bidsPerMinuteMax, outageCreditWithinMs } = world.plan;
    const settings = { ...RULE_SETTINGS, bidsPerMinuteMax, outageCreditWithinMs };
    for (const disk of disks) wraps.opening?.(disk, world);
    this.#threads = disks.map((disk, index) => {
      return new Thread({
        index,
        shards: disks.length,
        epoch: 1,
        settings,
        open: () => this.#open(disk),
        batchMax: () => world.random.between(1, world.plan.batchMax),
        snapshotEveryUs: world.plan.snapshotEveryUs,
        nowUs: () => this.#clock.nowUs(),
        waitUs: () => (world.strikes('overload') ? OVERLOAD_US : 0),
        wake: () => this.#wake(index),
        watchedHandles: () =>
          Array.from(this.#parts.watched.all(), ({ handle }) => handle).filter(
            (handle) => handle % disks.length === index,
          ),
        mayDie: () => {
          if (this.#dying.delete(index)) throw new ThreadDeath('the thread was ended');
        },
        stamp: wraps.stamp ?? ((stampUs) => stampUs),
      });
    });
    const shards = shardsOf(this.#threads);
    this.#parts = makeParts(
      {
        host: '',
        port: 0,
        internalHost: '',
        internalPort: 0,
        shards,
        clock: { nowUs: () => this.#clock.nowUs() },
        after: (ms, run) => this.#timer(ms, run),
        receipts: TEST_OFFICE,
        verifier: VERIFIER,
        log: { info: () => {}, warn: () => {}, error: (fields) => options.broke(fields) },
        limits: {
          slowConsumerBytes: SLOW_BYTES,
          backPressureBytesMax: BUFFER_BYTES,
          conflationMs: world.plan.conflationMs,
          usersMax: USERS_MAX,
        },
      },
      {
        publish: (topic, message) => this.#publish(topic, message as Uint8Array),
        httpSockets: () => 0,
      },
    );
    this.#clock = clock;
    for (const thread of this.#threads) thread.start(false);
    const newestUs = Math.max(...this.#threads.map((one) => one.lastAtUs));
    const downFromUs = options.outages.downFromUs(newestUs);
    clock = clockFrom(world, bootUs, Math.max(newestUs, downFromUs));
    this.#clock = wraps.clock?.(clock, world) ?? clock;
    this.#endOutage(downFromUs);
    this.#parts.life.setReady(true);
    world.say('server started');
    this.#beat();
  }

  readonly #dying = new Set<number>();

  get alive(): boolean {
    return this.#alive;
  }

  get nowUs(): number {
    return this.#clock.nowUs();
  }

  /** The states in memory; null where a thread is not running. */
  get states(): readonly Thread[] {
    return this.#threads;
  }

  /** Lists an auction as the REST door would; nobody waits for the reply. */
  list(auctionId: string, seller: string, frame: Uint8Array): void {
    const shards = shardsOf(this.#threads);
    const index = shards.ownerOf(hashText(auctionId));
    const user = this.#parts.users.user(seller);
    const port = shards.port(index);
    if (!this.#parts.users.introduce(user, index, port)) return;
    port.submit(NOBODY_CONN, user.number, this.#clock.nowUs(), frame);
  }

  /** A client's line comes in. */
  accept(heard: (bytes: Uint8Array) => void, closed: (code: number) => void): Line {
    const { door, addresses, limits } = this.#parts;
    const line = new Line(
      this.#world,
      {
        heard,
        closed,
        take: (session, bytes) => this.#takeFrame(session, bytes),
        gone: (session, code) => {
          this.#lines.delete(line);
          if (this.#alive) door.close(session, code);
        },
      },
      BUFFER_BYTES,
    );
    const nowUs = this.#clock.nowUs();
    const address = must(addresses.entry('client', nowUs), 'an address');
    const session = new Session(false, address, nowUs, limits.tickMs * 1000);
    line.session = session;
    this.#lines.add(line);
    door.open(session, line);
    return line;
  }

  /** Ends the process at once. */
  kill(power: boolean): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#world.say(power ? 'power cut' : 'process killed');
    this.#parts.metrics.stop();
    for (const line of this.#lines) line.cut();
    this.#options.died(power);
  }

  /** One thread ends at its next batch. */
  killThread(): void {
    this.#dying.add(this.#world.random.below(this.#threads.length));
  }

  /** The main thread stops for a while. */
  pause(us: number): void {
    this.#pausedUntilUs = this.#world.nowUs + us;
    this.#world.say(`main thread pauses for ${Math.round(us / 1000)} ms`);
  }

  cutSomeLine(): void {
    const lines = [...this.#lines];
    if (lines.length > 0) this.#world.random.pick(lines).cut();
  }

  slowSomeLine(): void {
    const lines = [...this.#lines];
    if (lines.length === 0) return;
    const line = this.#world.random.pick(lines);
    line.isSlow = true;
    this.#world.schedule.after(this.#world.random.between(1_000, 400_000), () => line.readAgain());
  }

  #endOutage(fromUs: number): void {
    const outage = { fromUs, toUs: this.#clock.nowUs() };
    for (const [index, thread] of this.#threads.entries()) {
      if (fromUs > 0) this.#options.outages.end(outage, index, thread.lastAtUs);
      if (fromUs > 0 && this.#options.wraps.credits !== false) thread.credit(outage);
      else thread.credited = true;
    }
  }

  #open(disk: Disk): { journal: Journal; state: StateStore } {
    const { wraps } = this.#options;
    const journal = new DiskJournal(disk, (at) => this.#trouble(at));
    const state = new DiskStateStore(disk, () => this.#world.strikes('snapshot error'));
    return {
      journal: wraps.journal?.(journal, disk) ?? journal,
      state: wraps.state?.(state) ?? state,
    };
  }

  #trouble(at: 'before write' | 'before sync' | 'after sync'): void {
    const world = this.#world;
    if (world.strikes('crash in commit')) throw new Stopped(world.random.chance(0.5));
    if (at !== 'after sync' && world.strikes('commit error')) {
      throw new CommitFailure(`simulated: the disk failed ${at}`);
    }
  }

  /** Runs on the main thread: not while it pauses. */
  #later(delayUs: number, run: () => void): void {
    this.#world.schedule.after(delayUs, () => {
      if (!this.#alive) return;
      const waitUs = this.#pausedUntilUs - this.#world.nowUs;
      if (waitUs > 0) this.#later(waitUs, run);
      else this.#guarded(run);
    });
  }

  #timer(ms: number, run: () => void): () => void {
    let isOn = true;
    this.#later(ms * 1000, () => {
      if (isOn) run();
    });
    return () => void (isOn = false);
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.broke(error);
    }
  }

  #takeFrame(session: Session, bytes: Uint8Array): void {
    this.#later(0, () => {
      if (session.socket === null) return;
      // Twice: the clock follows the wall clock by a step after it was asked.
      this.#clock.nowUs();
      this.#options.read(bytes, this.#clock.nowUs());
      this.#parts.door.message(session, Uint8Array.from(bytes).buffer, true);
    });
  }

  #wake(index: number): void {
    if (this.#turnAsked[index] === true) return;
    this.#turnAsked[index] = true;
    this.#world.schedule.after(this.#world.random.between(1, 200), () => {
      this.#turnAsked[index] = false;
      if (this.#alive) this.#guarded(() => this.#turn(index));
    });
  }

  #turn(index: number): void {
    const thread = must(this.#threads[index], 'a thread');
    if (!thread.running) return;
    try {
      thread.turn();
    } catch (error) {
      if (error instanceof Stopped) return this.kill(error.power);
      if (error instanceof CommitFailure) return this.#commitFailed(error);
      if (!(error instanceof ThreadDeath)) throw error;
      this.#threadDied(index, thread);
    }
    this.#later(this.#world.random.between(1, 100), () => {
      this.#deliver(thread);
      this.#armDeadline(thread);
    });
  }

  #deliver(thread: Thread): void {
    const { deliveries } = this.#parts;
    thread.deliver(this.#options.wraps.deliveries?.(deliveries) ?? deliveries);
  }

  #threadDied(index: number, thread: Thread): void {
    this.#world.say(`thread ${index} died`);
    thread.die();
    this.#world.schedule.after(THREAD_RESTART_US, () => {
      if (!this.#alive) return;
      this.#guarded(() => {
        thread.start(true);
        this.#wake(index);
      });
    });
  }

  /** As the real process: what is out is out, the rest is unknown, and it ends. */
  #commitFailed(failure: CommitFailure): void {
    this.#world.say(failure.message);
    for (const thread of this.#threads) this.#deliver(thread);
    this.kill(false);
  }

  #armDeadline(thread: Thread): void {
    const dueUs = thread.nextDeadlineMs * 1000 - this.#clock.nowUs();
    if (dueUs > BEAT_US || this.#options.wraps.ticks === false) return;
    this.#later(Math.max(1, dueUs), () => thread.tick());
  }

  #beat(): void {
    this.#later(BEAT_US, () => {
      if (this.#threads.every(({ credited }) => credited)) this.#options.outages.mark(this.nowUs);
      for (const thread of this.#threads) {
        if (this.#options.wraps.ticks !== false) thread.tick();
        this.#armDeadline(thread);
      }
      this.#beat();
    });
  }

  #publish(topic: string, message: Uint8Array): void {
    if (!(this.#options.wraps.publish?.(this.#world) ?? true)) return;
    for (const line of this.#lines) if (line.topics.has(topic)) line.send(message);
  }
}

/** Replies to it reach nobody. */
const NOBODY_CONN = 0xffff_ffff;

function shardsOf(threads: readonly Thread[]): Shards {
  const ring = new HashRing(threads.length);
  return {
    count: threads.length,
    ownerOf: (hash) => ring.ownerOf(hash),
    port: (index) => must(threads[index], 'a shard index within the count'),
    ownerOfHandle: (handle) => handle % threads.length,
  };
}

function clockFrom(world: World, bootUs: number, notBeforeUs: number): MonotonicClock {
  return new MonotonicClock(
    { monotonicMs: () => (world.nowUs - bootUs) / 1000, wallMs: () => world.wallMs },
    notBeforeUs,
  );
}

/** A token that never ends. */
const FAR_MS = 8_640_000_000_000_000;

/** The token is the user's id. */
const VERIFIER: TokenVerifier = {
  known: () => undefined,
  verify: (token) =>
    Promise.resolve({ userId: token, roles: BIDDER | SELLER, expiresAtMs: FAR_MS }),
};
