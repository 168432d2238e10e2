/** What the process of watchers is told to do, and what it reports: one line of JSON each. */
import type { HistogramData } from '../load/histogram.ts';

export interface WatchPlan {
  /** What the server speaks. */
  readonly dialect: 'gavel' | 'socket.io';
  readonly port: number;
  readonly path: string;
  readonly protocol: string;
  readonly auctionId: string;
  readonly watchers: number;
  readonly watcherToken: string;
  /** They bid in turns, so that each bid outbids the one before it. None: nobody bids. */
  readonly bidderTokens: readonly string[];
  readonly bidsPerSecond: number;
  /** Amount of bid k: `baseCents + k × stepCents`. */
  readonly baseCents: number;
  readonly stepCents: number;
  readonly warmupMs: number;
  readonly durationMs: number;
}

/** Watchers that ended at the same position and price. */
export interface Ended {
  readonly seq: number;
  readonly currentPriceCents: number;
  readonly watchers: number;
}

export interface WatchResult {
  readonly measuredMs: number;
  /** Updates that arrived at watchers in the measured time. */
  readonly deliveries: number;
  /** Bids that were accepted, over the whole run. */
  readonly accepted: number;
  readonly bids: number;
  /** Updates that did not follow on from the one before them, over the whole run. */
  readonly gaps: number;
  /**
   * From sending the oldest bid that an update stands for to its arrival, microseconds; where nobody
   * bids, from when the update was made.
   */
  readonly latencyUs: HistogramData;
  /** The same from sending the newest bid, whose price the update carries. */
  readonly newestLatencyUs: HistogramData;
  /** Updates with a bid that was not answered yet when they arrived: not in the histograms. */
  readonly untimed: number;
  readonly ended: readonly Ended[];
  /** Of one core, over the measured time. */
  readonly cpuCores: number;
}
