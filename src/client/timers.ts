/**
 * Time, timers and chance as the SDK takes them: handed in, so that a test can run an hour of
 * reconnecting in a millisecond, twice with the same outcome.
 */
export interface Timers {
  /** Milliseconds since some fixed point; never runs back. */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const SYSTEM_TIMERS: Timers = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/** What a 32-bit timer can hold; longer waits are looked at again then. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** One timer that can be set again and again: the newest setting counts. */
export class Alarm {
  readonly #timers: Timers;
  readonly #ring: () => void;
  #timer: unknown = null;
  #atMs = Infinity;

  constructor(timers: Timers, ring: () => void) {
    this.#timers = timers;
    this.#ring = ring;
  }

  /** Rings at this time of the timers' clock. */
  set(atMs: number): void {
    this.clear();
    if (atMs === Infinity) return;
    this.#atMs = atMs;
    const waitMs = Math.min(Math.max(0, atMs - this.#timers.now()), TIMER_MS_MAX);
    this.#timer = this.#timers.setTimeout(() => this.#fire(), waitMs);
  }

  clear(): void {
    if (this.#timer !== null) this.#timers.clearTimeout(this.#timer);
    this.#timer = null;
    this.#atMs = Infinity;
  }

  #fire(): void {
    const atMs = this.#atMs;
    this.#timer = null;
    // Some clocks let a timer go off a fraction of a millisecond early.
    if (atMs - this.#timers.now() >= 1) return this.set(atMs);
    this.#atMs = Infinity;
    this.#ring();
  }
}
