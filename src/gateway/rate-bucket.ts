/**
 * A token bucket as arithmetic: one number says when the bucket will be full again. No timer fills
 * it, and a bucket that nobody draws from costs nothing.
 */
const SECOND_US = 1_000_000;

export class RateBucket {
  /** When all that was taken will have been refilled. */
  #fullAtUs = 0;

  /**
   * Takes `units` at a rate of `perSecond`, with a burst of so many seconds' worth.
   * @returns 0 if they were there; else the microseconds until they would be. Then none are taken.
   */
  take(nowUs: number, units: number, perSecond: number, burstSeconds: number): number {
    const from = this.#fullAtUs > nowUs ? this.#fullAtUs : nowUs;
    const until = from + (units * SECOND_US) / perSecond;
    const over = until - nowUs - burstSeconds * SECOND_US;
    if (over > 0) return over;
    this.#fullAtUs = until;
    return 0;
  }

  /** Whether nothing is missing: then the bucket may be forgotten. */
  isFull(nowUs: number): boolean {
    return this.#fullAtUs <= nowUs;
  }
}
