/** What a scenario of the benchmark is, what it works with, and how it says that it cannot run. */
import type { ScenarioReport } from './figure.ts';

export interface BenchOptions {
  /** Runs of each figure; the median counts. */
  readonly runs: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Where folders for data are made; null: beside the bench. */
  readonly folder: string | null;
  /** Whether the server is started with the profiler of Node. */
  readonly profile: boolean;
  /** Bids that are in the log before the restart is timed. */
  readonly loggedBids: number;
  /** Live auctions where there are very many. */
  readonly liveAuctions: number;
  /** What is going on, for a person who waits. */
  readonly say: (line: string) => void;
}

/** What a scenario works with. */
export interface Bench extends BenchOptions {
  /** An own folder for data, on a real disk; removed at the end. */
  readonly folder: string;
  /** Called at the end, the newest first, whatever happens. */
  defer(cleanUp: () => Promise<void>): void;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<ScenarioReport>;
}

/** A scenario cannot run here; the message says what to install. */
export class Skipped extends Error {
  override name = 'Skipped';
}
