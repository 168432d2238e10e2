/**
 * One seed from beginning to end: a hostile part, in which everything that the plan names goes
 * wrong, and a calm one, in which everything has to come right; then the checks.
 */
import type { ShardState } from '../../src/shard/shard-state.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import { CREATE_AUCTION } from '../../src/protocol/messages/create-auction.ts';
import { checkAnswers } from './checks/answers.ts';
import { readLogs } from './checks/log.ts';
import { checkOrder } from './checks/order.ts';
import { checkStates } from './checks/state.ts';
import { checkWatchers } from './checks/watchers.ts';
import { checkWinners } from './checks/winner.ts';
import { Client } from './client.ts';
import { Disk } from './disk.ts';
import { History } from './history.ts';
import type { Fault, Plan } from './plan.ts';
import type { Wraps } from './server.ts';
import { Outages } from './outages.ts';
import { Server } from './server.ts';
import { World } from './world.ts';
import { UNSAID } from '../unsaid.ts';

/** Simulated time in which everything has to come right once the faults have stopped. */
const CALM_US = 120_000_000;
const LOOK_US = 100_000;
const RELIST_US = 150_000;
const SELLER = 'seller';

export interface Outcome {
  readonly violations: readonly string[];
  readonly steps: number;
  readonly commands: number;
  readonly records: number;
  readonly injected: ReadonlyMap<Fault, number>;
  readonly traceHash: string;
  readonly trace: readonly string[];
}

export async function simulate(plan: Plan, wraps: Wraps = {}): Promise<Outcome> {
  const random = Math.random;
  const simulation = new Simulation(plan, wraps);
  // Jitter in the product comes from here; under a seed it must come again.
  Math.random = () => simulation.world.random.next();
  try {
    return await simulation.run();
  } finally {
    Math.random = random;
    // The runtime lets go of closed handles, and hears Ctrl-C, in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

class Simulation {
  readonly world: World;
  readonly #plan: Plan;
  readonly #wraps: Wraps;
  readonly #history = new History();
  readonly #disks: readonly Disk[];
  readonly #outages: Outages;
  readonly #auctionIds: readonly string[];
  readonly #clients: Client[] = [];
  #server: Server | null = null;

  constructor(plan: Plan, wraps: Wraps) {
    this.#plan = plan;
    this.#wraps = wraps;
    this.world = new World(plan);
    this.#outages = new Outages(plan.shards);
    this.#disks = Array.from({ length: plan.shards }, () => new Disk(wraps.syncs ?? true));
    this.#auctionIds = Array.from(
      { length: plan.auctions },
      (_, i) => `sim${String(i).padStart(19, '0')}`,
    );
  }

  /** As far as a failure needs it; then the checks. */
  async run(): Promise<Outcome> {
    const { world } = this;
    this.#startServer();
    this.#auctionIds.forEach((id) => this.#list(id));
    this.#letFaultsStrike();
    for (let i = 1; i <= this.#plan.clients; i++) this.#clients.push(this.#makeClient(`user-${i}`));
    for (let i = 0; i < this.#plan.commands; i++) {
      const client = world.random.pick(this.#clients);
      world.schedule.after(world.random.below(this.#plan.faultyUs), () => client.act());
    }
    await this.#runUntil(this.#plan.faultyUs, () => false);
    world.heal();
    const isCalm = await this.#runUntil(world.nowUs + CALM_US, () => this.#isDone());
    if (!isCalm) this.#history.violated(`no progress after the faults stopped: ${this.#missing()}`);
    const records = this.#check();
    this.#server?.kill(false);
    return {
      violations: this.#history.violations,
      steps: world.schedule.steps,
      commands: this.#history.commands.size,
      records,
      injected: world.injected,
      traceHash: world.traceHash,
      trace: world.trace,
    };
  }

  /** Whether `done` became true in time. Stops at the first violation. */
  async #runUntil(untilUs: number, done: () => boolean): Promise<boolean> {
    const { schedule } = this.world;
    let lookedUs = schedule.nowUs;
    while (this.#history.violations.length === 0 && schedule.step(untilUs)) {
      // Lets promises of the product go on (signing in).
      await Promise.resolve();
      if (schedule.nowUs - lookedUs < LOOK_US) continue;
      lookedUs = schedule.nowUs;
      if (done()) return true;
    }
    return done() || this.#history.violations.length > 0;
  }

  #startServer(): void {
    const { world } = this;
    try {
      this.#server = new Server({
        world,
        disks: this.#disks,
        wraps: this.#wraps,
        outages: this.#outages,
        died: (power) => this.#serverDied(power),
        read: (bytes, stampUs) => this.#noteRead(bytes, stampUs),
        broke: (error) => this.#broke(error),
      });
    } catch (error) {
      this.#broke(error);
    }
  }

  #serverDied(power: boolean): void {
    const { world } = this;
    if (power) this.#outages.losePower(world.random);
    for (const disk of this.#disks) {
      disk.promise();
      if (power) disk.losePower(world.random, this.#plan.lostShare);
      else disk.settle();
    }
    world.schedule.after(world.random.between(5_000, 200_000), () => this.#startServer());
  }

  #broke(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
    this.#history.violated(`something threw: ${text}`);
  }

  #noteRead(bytes: Uint8Array, stampUs: number): void {
    const { value } = decodeFrame(bytes);
    const { nonce } = value as { readonly nonce?: string };
    if (nonce === undefined) return;
    const known = this.#history.readUs.get(nonce);
    if (known === undefined) this.#history.readUs.set(nonce, [stampUs]);
    else known.push(stampUs);
  }

  #makeClient(user: string): Client {
    return new Client({
      world: this.world,
      history: this.#history,
      user,
      auctionIds: this.#auctionIds,
      connect: (heard, closed) =>
        this.#server?.alive === true ? this.#server.accept(heard, closed) : null,
    });
  }

  #letFaultsStrike(): void {
    const { world } = this;
    world.repeat('process kill', () => this.#server?.kill(false));
    world.repeat('power cut', () => this.#server?.kill(true));
    world.repeat('thread death', () => this.#server?.killThread());
    world.repeat('connection reset', () => this.#server?.cutSomeLine());
    world.repeat('slow reader', () => this.#server?.slowSomeLine());
    world.repeat('server pause', () => this.#server?.pause(world.random.between(1_000, 800_000)));
    world.repeat('clock step', () => {
      // Up to two seconds is drift for the clock, which it works off; eight are a step, which it keeps.
      world.wallAheadMs += world.random.between(-2_000, 2_000) * world.random.pick([1, 4]);
      world.say(`the wall clock is ${world.wallAheadMs} ms ahead`);
    });
  }

  /** Lists an auction, again and again until it is there: a listing has no answer here. */
  #list(id: string): void {
    const { world } = this;
    // What is there may be lost again as long as there are faults.
    if (this.#server?.alive === true) {
      const isThere = this.#find(id) !== undefined;
      if (isThere && world.healed) return;
      if (!isThere) this.#server.list(id, SELLER, this.#listing(id));
    }
    world.schedule.after(RELIST_US, () => this.#list(id));
  }

  #listing(auctionId: string): Uint8Array {
    const { random } = this.world;
    const nowMs = Math.floor((this.#server?.nowUs ?? 0) / 1000);
    const lastsMs = Math.round((this.#plan.faultyUs / 1000) * (0.2 + random.next()));
    const startPriceCents = random.pick([1, 100, 1_000, 99_900]);
    const writer = new MsgpackWriter(512);
    CREATE_AUCTION.write(writer, {
      id: 1,
      auctionId,
      listing: {
        title: 'A watch',
        currency: 'USD',
        startPriceCents,
        endsAtMs: nowMs + lastsMs,
        description: null,
        category: null,
        format: random.pick(['proxy', 'proxy', 'proxy', 'direct']),
        reserveCents: random.chance(0.3) ? startPriceCents * 3 : null,
        buyNowCents: random.chance(0.3) ? startPriceCents * 40 : null,
        startsAtMs: random.chance(0.2) ? nowMs + Math.floor(lastsMs / 4) : null,
        softClose: random.chance(0.7)
          ? { windowMs: 300, extensionMs: 400, extensionsMax: random.pick([1, 5]) }
          : { windowMs: 0, extensionMs: 0, extensionsMax: null },
        increments: null,
        fatFingerFactor: 0,
        ...UNSAID,
      },
    });
    return writer.copy();
  }

  #states(): readonly (ShardState | null)[] {
    return (this.#server?.states ?? []).map((thread) => thread.state);
  }

  #find(id: string) {
    for (const state of this.#states()) {
      const auction = state?.auctionById(id as never);
      if (auction !== undefined) return auction;
    }
    return undefined;
  }

  #isDone(): boolean {
    return this.#missing() === '';
  }

  /** What has still to happen; '': nothing. */
  #missing(): string {
    if (this.#server?.alive !== true) return 'the server is down';
    if (this.#states().includes(null)) return 'a thread is down';
    for (const id of this.#auctionIds) {
      const auction = this.#find(id);
      if (auction === undefined) return `${id} is not listed`;
      const isOpen = auction.status === 'active' || auction.status === 'scheduled';
      if (isOpen) return `${id} is ${auction.status}, ends at ${auction.endsAtMs}`;
      for (const { user, views } of this.#clients) {
        if (views.get(id)?.seq !== auction.auctionSeq) return `${user} is behind on ${id}`;
      }
    }
    const waiting = this.#clients.find((client) => !client.isDone);
    return waiting === undefined ? '' : `${waiting.user} waits for an answer`;
  }

  /** How many records there are. */
  #check(): number {
    const history = this.#history;
    try {
      const logs = readLogs(this.#disks);
      const records = logs.reduce((sum, { entries }) => sum + entries.length, 0);
      if (history.violations.length > 0) return records;
      checkAnswers(history, logs);
      checkOrder(history, logs);
      checkWinners(history, logs, this.#outages, this.#plan);
      checkStates(history, logs, this.#disks, this.#states());
      checkWatchers(history, logs, this.#clients);
      return records;
    } catch (error) {
      this.#broke(error);
      return 0;
    }
  }
}
