/** Time that only moves when a test says so, and a seeded source of chance. */
import type { Timers } from '../../src/client/timers.ts';

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

export class FakeTimers implements Timers {
  #nowMs = 1000;
  #lastId = 0;
  readonly #timers = new Map<number, Timer>();

  readonly now = (): number => this.#nowMs;

  readonly setTimeout = (run: () => void, ms: number): unknown => {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { atMs: this.#nowMs + Math.max(0, ms), run });
    return this.#lastId;
  };

  readonly clearTimeout = (timer: unknown): void => {
    this.#timers.delete(timer as number);
  };

  /** Timers that are set. */
  get count(): number {
    return this.#timers.size;
  }

  /** Lets time pass, timer by timer, with all that promises have to do in between. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#next(untilMs); next !== null; next = this.#next(untilMs)) {
      const [id, { atMs, run }] = next;
      this.#timers.delete(id);
      this.#nowMs = Math.max(this.#nowMs, atMs);
      run();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  /** Moves time without running what is due: the machine slept. */
  skip(ms: number): void {
    this.#nowMs += ms;
  }

  /** The earliest; of equal ones the one that was set first. */
  #next(untilMs: number): [number, Timer] | null {
    let first: [number, Timer] | null = null;
    for (const entry of this.#timers) {
      if (entry[1].atMs > untilMs) continue;
      if (first === null || entry[1].atMs < first[1].atMs) first = entry;
    }
    return first;
  }
}

/** Everything that promises have to do has been done. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Numbers from 0 up to 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
