/**
 * Takes a snapshot of the data folder every so often, beside the running server, and keeps the
 * newest ones. It runs on a thread of its own at a low priority; one that fails is said and counted,
 * stops no bid, and lets no older one go.
 */
import { existsSync, readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { SNAPSHOT_KEEPER } from '../config/limits.ts';
import type { SnapshotReport } from '../gateway/shard-port.ts';
import { takenAtMsOf } from '../journal/snapshot-names.ts';
import type { Log } from '../lib/log.ts';

export interface SnapshotWorkerData {
  /** The data folder. */
  readonly folder: string;
  /** Where they lie; of this server alone. */
  readonly snapshots: string;
  readonly keep: number;
  readonly nowMs: number;
}

export interface FromSnapshotWorker {
  readonly path: string;
  readonly seconds: number;
  readonly bytes: number;
  readonly storedBytes: number;
}

export interface SnapshotKeeperOptions extends Omit<SnapshotWorkerData, 'nowMs'> {
  /** 0: never. */
  readonly everyMs: number;
  /** The machine's clock: names of snapshots are for people. */
  readonly nowMs: () => number;
  readonly log: Log;
}

export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions;
  #report: SnapshotReport;
  #timer: NodeJS.Timeout | null = null;
  #worker: Worker | null = null;

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options;
    const takenAtMs = newestIn(options.snapshots) ?? 0;
    this.#report = { takenAtMs, seconds: 0, bytes: 0, storedBytes: 0, taken: 0, failed: 0 };
  }

  get report(): SnapshotReport {
    return this.#report;
  }

  /** The first one comes when the newest that is there is old enough, but not right at the start. */
  start(): void {
    const { everyMs, nowMs } = this.#options;
    if (everyMs === 0) return;
    const dueInMs = this.#report.takenAtMs + everyMs - nowMs();
    this.#in(Math.max(dueInMs, Math.min(everyMs, SNAPSHOT_KEEPER.firstAfterMs)));
  }

  /** One that is being taken is given up: what it leaves is removed by the next one. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #in(ms: number): void {
    // Timers have 31 bits; and a newest one from the future must not stop them all.
    this.#timer = setTimeout(() => this.#run(), Math.min(ms, this.#options.everyMs));
    this.#timer.unref();
  }

  #run(): void {
    const { folder, snapshots, keep, everyMs, nowMs, log } = this.#options;
    const workerData: SnapshotWorkerData = { folder, snapshots, keep, nowMs: nowMs() };
    const url = new URL('./snapshot-worker.ts', import.meta.url);
    const worker = new Worker(url, { workerData, name: 'snapshot' });
    this.#worker = worker;
    worker.on('message', (taken: FromSnapshotWorker) => {
      const { seconds, bytes, storedBytes } = taken;
      const { taken: before, failed } = this.#report;
      const takenAtMs = workerData.nowMs;
      this.#report = { takenAtMs, seconds, bytes, storedBytes, taken: before + 1, failed };
      log.info(taken, 'snapshot taken');
    });
    worker.on('error', (error) => {
      this.#report = { ...this.#report, failed: this.#report.failed + 1 };
      const { message } = error as Error;
      log.error(
        { snapshots, message },
        'no snapshot could be taken; bids go on, older snapshots stay, and the next is tried in time',
      );
    });
    worker.on('exit', () => {
      if (worker !== this.#worker) return;
      this.#worker = null;
      this.#in(everyMs);
    });
  }
}

/** When the newest snapshot in a folder was taken; undefined: there is none. */
function newestIn(snapshots: string): number | undefined {
  const names = existsSync(snapshots) ? readdirSync(snapshots) : [];
  const times = names.map(takenAtMsOf).filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}
