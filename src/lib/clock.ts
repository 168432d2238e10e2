/**
 * The process's one clock: microseconds since 1970, never running back. It follows the monotonic
 * clock from its start, so that a step of the system clock changes nothing; small drift against
 * the system clock is worked off at 500 µs a second at most, as NTP does.
 */
export interface Clock {
  /** Microseconds since 1970. */
  nowUs(): number;
}

/** A larger difference is a step of the system clock, not drift: kept, and reported. */
export const STEP_MS = 5_000;
const SLEW_US_PER_S = 500;
const CHECK_EVERY_US = 1_000_000;

export interface ClockSources {
  /** Milliseconds since some fixed point, monotonic. */
  readonly monotonicMs: () => number;
  /** Milliseconds since 1970, by the system clock. */
  readonly wallMs: () => number;
}

export class MonotonicClock implements Clock {
  readonly #sources: ClockSources;
  /** Added to the monotonic clock, microseconds. */
  #offsetUs: number;
  #newestUs: number;
  #checkedUs: number;

  /** @param notBeforeUs the newest time already logged; the clock starts above it. */
  constructor(sources: ClockSources, notBeforeUs = 0) {
    this.#sources = sources;
    const startUs = Math.max(sources.wallMs() * 1000, notBeforeUs + 1);
    this.#offsetUs = startUs - sources.monotonicMs() * 1000;
    this.#newestUs = Math.floor(startUs);
    this.#checkedUs = startUs;
  }

  nowUs(): number {
    const nowUs = Math.floor(this.#sources.monotonicMs() * 1000 + this.#offsetUs);
    if (nowUs - this.#checkedUs >= CHECK_EVERY_US) this.#slew(nowUs);
    if (nowUs > this.#newestUs) this.#newestUs = nowUs;
    return this.#newestUs;
  }

  /** How far the system clock is ahead of this one, ms. */
  aheadMs(): number {
    return this.#sources.wallMs() - this.nowUs() / 1000;
  }

  #slew(nowUs: number): void {
    const seconds = Math.min(10, (nowUs - this.#checkedUs) / 1e6);
    this.#checkedUs = nowUs;
    const aheadUs = this.#sources.wallMs() * 1000 - nowUs;
    if (Math.abs(aheadUs) > STEP_MS * 1000) return;
    const most = SLEW_US_PER_S * seconds;
    this.#offsetUs += Math.max(-most, Math.min(most, aheadUs));
  }
}
