/**
 * Open loop: bid i is due at `start + i / rate`, whatever happened to the bids before it, and its
 * latency counts from then. A server that stalls is therefore charged for every bid that it kept
 * waiting, also for those that could only be sent late (no coordinated omission). What the
 * generator itself adds, because a timer fires late, is part of the latency and told apart as well.
 */
import type { BidSource, SendBuffer } from './bid-source.ts';
import type { Connection } from './connection.ts';
import { InFlight } from './in-flight.ts';
import type { LoadPlan } from './plan.ts';
import type { Tally } from './tally.ts';

/** Bids of one connection that may wait: at 58,000 a second over 50 connections, 14 s. */
const IN_FLIGHT_BITS = 14;
/** The shortest timer there is; between two of its ticks, reads look what is due. */
const TICK_MS = 1;
const PUMP_MS = 0.25;

interface Lane {
  readonly connection: Connection;
  readonly flight: InFlight;
  /** Bids written and not yet sent. */
  buffer: SendBuffer | null;
  pending: number;
}

export class OpenLoopRun {
  readonly #source: BidSource;
  readonly #tally: Tally;
  readonly #perMs: number;
  readonly #run: number;
  readonly #skipLateMs: number;
  readonly #inFlightMax: number;
  readonly #startMs: number;
  readonly #countedFromMs: number;
  readonly #bids: number;
  readonly #done: () => void;
  #lanes: readonly Lane[] = [];
  /** Lanes with pending bids. */
  readonly #touched: Lane[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sent = 0;
  #inFlight = 0;
  #pumpedMs = 0;
  /** Read once for all that one read brings. */
  #nowMs = 0;

  constructor(plan: LoadPlan, source: BidSource, tally: Tally, startMs: number, done: () => void) {
    if (plan.load.kind !== 'open') throw new Error('an open loop needs a rate');
    this.#source = source;
    this.#tally = tally;
    this.#perMs = plan.load.bidsPerSecond / 1000;
    this.#run = plan.load.run;
    this.#skipLateMs = plan.load.skipLateMs ?? Infinity;
    this.#inFlightMax = plan.load.inFlightMax ?? Infinity;
    this.#startMs = startMs;
    this.#countedFromMs = startMs + plan.warmupMs;
    this.#bids = Math.round((plan.warmupMs + plan.durationMs) * this.#perMs);
    this.#done = done;
  }

  get #skipsLate(): boolean {
    return this.#skipLateMs < Infinity;
  }

  get unanswered(): number {
    return this.#inFlight;
  }

  start(connections: readonly Connection[]): void {
    this.#lanes = connections.map((connection) => ({
      connection,
      flight: new InFlight(IN_FLIGHT_BITS),
      buffer: null,
      pending: 0,
    }));
    this.#timer = setInterval(() => this.#pump(performance.now()), TICK_MS);
  }

  answer(connection: Connection, id: number, code: number): void {
    if (this.#nowMs === 0) this.#nowMs = performance.now();
    const dueMs = (this.#lanes[connection.index] as Lane).flight.close(id);
    this.#inFlight -= 1;
    // Whether it counts depends on when it was due, so that late answers are not left out.
    const counts = dueMs >= this.#countedFromMs;
    if (counts) this.#tally.answer(dueMs, code, this.#nowMs - dueMs);
  }

  drained(): void {
    this.#nowMs = 0;
    if (this.#sent === this.#bids && this.#inFlight === 0) return this.#finish();
    const nowMs = performance.now();
    if (nowMs - this.#pumpedMs >= PUMP_MS) this.#pump(nowMs);
  }

  /** Bids that were never answered count with the time that they have waited. */
  chargeUnanswered(nowMs: number): void {
    for (const { flight } of this.#lanes) {
      for (const dueMs of flight.waiting()) this.#tally.latencyUs.record((nowMs - dueMs) * 1000);
    }
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #pump(nowMs: number): void {
    this.#pumpedMs = nowMs;
    this.#tally.clock(nowMs);
    const due = Math.min(this.#bids, Math.floor((nowMs - this.#startMs) * this.#perMs) + 1);
    this.#skipTo(
      Math.min(due, Math.floor((nowMs - this.#startMs - this.#skipLateMs) * this.#perMs)),
    );
    for (; this.#sent < due; this.#sent++) this.#write(nowMs);
    for (const lane of this.#touched) this.#flush(lane);
    this.#touched.length = 0;
  }

  /** Leaves out what is too late, so that a generator at its limit does not measure itself. */
  #skipTo(number: number): void {
    if (number <= this.#sent) return;
    this.#tally.notOffered += number - this.#sent;
    this.#sent = number;
  }

  #write(nowMs: number): void {
    const lane = this.#lanes[Math.floor(this.#sent / this.#run) % this.#lanes.length] as Lane;
    if (lane.flight.count >= this.#inFlightMax || (this.#skipsLate && lane.flight.isFull)) {
      this.#tally.notOffered += 1;
      return;
    }
    if (lane.flight.isFull) throw new Error('the server is so far behind that the run is stopped');
    if (lane.pending === this.#source.framesMax) this.#flush(lane);
    if (lane.buffer === null) {
      lane.buffer = this.#source.take();
      this.#touched.push(lane);
    }
    const dueMs = this.#startMs + this.#sent / this.#perMs;
    if (dueMs >= this.#countedFromMs) this.#tally.sendLagUs.record((nowMs - dueMs) * 1000);
    this.#source.write(lane.buffer, lane.pending, lane.flight.open(dueMs));
    lane.pending += 1;
    this.#inFlight += 1;
  }

  #flush(lane: Lane): void {
    if (lane.buffer === null) return;
    this.#source.send(lane.connection, lane.buffer, lane.pending);
    lane.buffer = null;
    lane.pending = 0;
  }

  #finish(): void {
    this.stop();
    this.#tally.stop(performance.now());
    this.#done();
  }
}
