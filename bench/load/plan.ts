/**
 * What the load generator is told to do, and what it reports: both travel as JSON between the
 * bench and the generator's own process (main.ts).
 */
import type { HistogramData } from './histogram.ts';

/** Every connection keeps `window` bids in flight: the answer to one lets the next one leave. */
export interface ClosedLoop {
  readonly kind: 'closed';
  readonly window: number;
  /** Stops after this many bids, whatever the time. */
  readonly bidsMax?: number;
}

/** Bids leave at fixed times, whether or not earlier ones have been answered. */
export interface OpenLoop {
  readonly kind: 'open';
  readonly bidsPerSecond: number;
  /** So many consecutive bids go to the same connection. */
  readonly run: number;
  /**
   * Bids that the generator itself is this late with are left out and counted as `notOffered`:
   * where more is asked for than it can send. Absent: they are sent late.
   */
  readonly skipLateMs?: number;
  /** With `skipLateMs`: nor does a connection get more than so many that wait for their answer. */
  readonly inFlightMax?: number;
}

export interface LoadPlan {
  readonly port: number;
  readonly path: string;
  /** Sub-protocol to ask for. */
  readonly protocol: string;
  /** One connection each. */
  readonly tokens: readonly string[];
  /** Whether the connections want outbid notices. */
  readonly feed: boolean;
  readonly auctionIds: readonly string[];
  /** Amount of step k: `baseCents + k × stepCents`. */
  readonly baseCents: number;
  readonly stepCents: number;
  /** Bids on an auction start at this step; a later run on the same auctions starts higher. */
  readonly firstStep: number;
  readonly load: ClosedLoop | OpenLoop;
  /** Not counted. */
  readonly warmupMs: number;
  readonly durationMs: number;
}

export interface CpuUse {
  readonly userMs: number;
  readonly systemMs: number;
  /** Of one core, over the measured time. */
  readonly share: number;
}

export interface LoadResult {
  readonly measuredMs: number;
  readonly answers: number;
  readonly accepted: number;
  /** Count by refusal code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Count by message number: outbid notices and other pushes, over the whole run. */
  readonly pushes: Readonly<Record<string, number>>;
  readonly answersPerSecond: number;
  readonly acceptedPerSecond: number;
  /** Over the whole run, warm-up and tail included. */
  readonly bidsSent: number;
  readonly unanswered: number;
  /** Closed loop: from sending. Open loop: from the scheduled time. Microseconds. */
  readonly latencyUs: HistogramData;
  /** Open loop: how late the generator itself sent, microseconds; part of the latency. */
  readonly sendLagUs: HistogramData;
  /** The same, of bids that reached an auction, and of those refused with OVERLOADED. */
  readonly decidedUs: HistogramData;
  readonly shedUs: HistogramData;
  /** When the last bid that was refused with OVERLOADED was due, ms after the start; −1: none was. */
  readonly lastShedMs: number;
  /** Bids that the generator was too late for, over the whole run. */
  readonly notOffered: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly cpu: CpuUse;
  /** First step that no auction has seen. */
  readonly nextStep: number;
}
