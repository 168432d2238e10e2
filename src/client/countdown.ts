/**
 * How long an auction still runs, and how long a bid may wait here. A bid counts when the server
 * reads it before the end:
 *
 *   here     ──┬──────────────┬─▶ sent          bidWithinMs = leftMs − way there − jitter − 1
 *              │ bidWithinMs  │ ╲ way there
 *   server   ──┴──────────────┴──▶ read ─┤ end
 *
 * The clock is told from the quickest ping, as if both of its ways had taken equally long. Where
 * they did not, clock and way there are wrong by the same and in opposite directions, so half of
 * that round trip is the whole truth about a bid that is as quick; the jitter is for one that is not.
 */
import type { ServerClock } from './server-clock.ts';

export interface Countdown {
  /** Until the end, by the server's clock; 0 or below: it is over, if nothing moved the end. */
  readonly leftMs: number;
  /** A bid that leaves within this time counts; 0 or below: it may come too late. */
  readonly bidWithinMs: number;
}

/** The server tells whole milliseconds, rounded down. */
const ROUNDED_MS = 1;

/** Both are NaN as long as the clock is not known. */
export function countdown(clock: ServerClock, endsAtMs: number): Countdown {
  const leftMs = endsAtMs - clock.now();
  const { roundTripMs, jitterMs } = clock;
  const isMeasured = roundTripMs < Infinity;
  const bidWithinMs = isMeasured ? leftMs - roundTripMs / 2 - jitterMs - ROUNDED_MS : Number.NaN;
  return { leftMs, bidWithinMs };
}
