/** One clock for the processes of a run: what one of them publishes says when, and the other reads it. */

/** Fits the four bytes that a price of an auction takes; goes round after five days. */
const ROUND = 2 ** 32;

/** Now, in tenths of a millisecond. */
export function tenthsOfMs(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 10) % ROUND;
}

/** What has passed since then, in microseconds. */
export function usSince(tenths: number): number {
  return ((tenthsOfMs() - tenths + ROUND) % ROUND) * 100;
}
