/**
 * How long to wait before connecting again: exponential with full jitter, so that ten thousand
 * clients that lost the same server do not come back at the same moment.
 */
export interface Backoff {
  /** The longest wait before the first attempt; it doubles with each failure. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/** @param failures attempts that failed since the last good connection. */
export function backoffMs(
  failures: number,
  random: () => number,
  { baseMs, maxMs }: Backoff,
): number {
  return random() * Math.min(maxMs, baseMs * 2 ** Math.min(failures, 30));
}
