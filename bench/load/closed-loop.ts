/**
 * Closed loop: every connection keeps its window full. What one read brings as answers is sent
 * again as bids in one write.
 */
import type { BidSource } from './bid-source.ts';
import type { Connection } from './connection.ts';
import { InFlight } from './in-flight.ts';
import type { LoadPlan } from './plan.ts';
import type { Tally } from './tally.ts';

/** Room for far more than a window: a late answer never meets the slot of a newer bid. */
const IN_FLIGHT_BITS = 12;
export const WINDOW_MAX = 1024;

export class ClosedLoopRun {
  readonly #source: BidSource;
  readonly #tally: Tally;
  readonly #window: number;
  readonly #bidsMax: number;
  readonly #endMs: number;
  readonly #flights: readonly InFlight[];
  readonly #done: () => void;
  #inFlight = 0;
  /** Read once for all that one read brings. */
  #nowMs = 0;

  constructor(plan: LoadPlan, source: BidSource, tally: Tally, endMs: number, done: () => void) {
    if (plan.load.kind !== 'closed') throw new Error('a closed loop needs a window');
    if (plan.load.window > WINDOW_MAX) throw new Error(`a window is at most ${WINDOW_MAX}`);
    this.#source = source;
    this.#tally = tally;
    this.#window = plan.load.window;
    this.#bidsMax = plan.load.bidsMax ?? Number.MAX_SAFE_INTEGER;
    this.#endMs = endMs;
    this.#flights = plan.tokens.map(() => new InFlight(IN_FLIGHT_BITS));
    this.#done = done;
  }

  get unanswered(): number {
    return this.#inFlight;
  }

  start(connections: readonly Connection[]): void {
    this.#nowMs = performance.now();
    for (const connection of connections) this.#refill(connection);
  }

  answer(connection: Connection, id: number, code: number): void {
    if (this.#nowMs === 0) this.#nowMs = performance.now();
    const sinceMs = (this.#flights[connection.index] as InFlight).close(id);
    this.#inFlight -= 1;
    this.#tally.answer(this.#nowMs, code, this.#nowMs - sinceMs);
  }

  drained(connection: Connection): void {
    if (this.#nowMs === 0) return;
    this.#tally.clock(this.#nowMs);
    this.#refill(connection);
    this.#nowMs = 0;
  }

  #refill(connection: Connection): void {
    const isOver = this.#nowMs >= this.#endMs || this.#source.bids >= this.#bidsMax;
    if (isOver) {
      if (this.#inFlight === 0) this.#finish();
      return;
    }
    const flight = this.#flights[connection.index] as InFlight;
    const left = this.#bidsMax - this.#source.bids;
    let missing = Math.min(this.#window - flight.count, left);
    this.#inFlight += missing;
    while (missing > 0) {
      const count = Math.min(missing, this.#source.framesMax);
      const buffer = this.#source.take();
      for (let i = 0; i < count; i++) this.#source.write(buffer, i, flight.open(this.#nowMs));
      this.#source.send(connection, buffer, count);
      missing -= count;
    }
  }

  #finish(): void {
    this.#tally.stop(this.#nowMs);
    this.#done();
  }
}
