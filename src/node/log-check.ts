/**
 * Reads the whole log again now and then, beside the running server: a start looks only at what
 * comes after the snapshot, so damage in an older record would stay unseen until somebody asks for
 * it. What is found is said and shown; bids go on, because they do not need those records.
 */
import { Worker } from 'node:worker_threads';
import { LOG_CHECK } from '../config/limits.ts';
import type { LogHealth } from '../gateway/shard-port.ts';
import type { Log } from '../lib/log.ts';

export interface LogCheckWorkerData {
  readonly folder: string;
  /** What each shard shows of itself. */
  readonly shardStatuses: readonly SharedArrayBuffer[];
}

export interface FromLogCheck {
  readonly shard: number;
  /** The newest record that was read and is good. */
  readonly seq: number;
  /** What is wrong; null: nothing. */
  readonly damage: string | null;
}

export interface LogCheckOptions extends LogCheckWorkerData {
  /** 0: never. */
  readonly everyMs: number;
  readonly log: Log;
}

export class LogCheck {
  readonly #options: LogCheckOptions;
  readonly #health: LogHealth[];
  #timer: NodeJS.Timeout | null = null;
  #worker: Worker | null = null;

  constructor(options: LogCheckOptions) {
    this.#options = options;
    this.#health = options.shardStatuses.map(() => ({ checkedSeq: 0, isDamaged: false }));
  }

  /** By shard. */
  get health(): readonly LogHealth[] {
    return this.#health;
  }

  start(): void {
    const { everyMs } = this.#options;
    if (everyMs > 0) this.#in(Math.min(everyMs, LOG_CHECK.firstAfterMs));
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #in(ms: number): void {
    // Timers have 31 bits.
    this.#timer = setTimeout(() => this.#run(), Math.min(ms, LOG_CHECK.everyMsMax));
    this.#timer.unref();
  }

  #run(): void {
    const { folder, shardStatuses, everyMs, log } = this.#options;
    const workerData: LogCheckWorkerData = { folder, shardStatuses };
    const url = new URL('./log-check-worker.ts', import.meta.url);
    const worker = new Worker(url, { workerData, name: 'log-check' });
    this.#worker = worker;
    worker.on('message', (found: FromLogCheck) => this.#hear(found));
    worker.on('error', (error) => {
      const { message } = error as Error;
      log.error({ message }, 'the logs could not be checked; it is tried again');
    });
    worker.on('exit', () => {
      if (worker !== this.#worker) return;
      this.#worker = null;
      this.#in(everyMs);
    });
  }

  #hear({ shard, seq, damage }: FromLogCheck): void {
    const { log } = this.#options;
    this.#health[shard] = { checkedSeq: seq, isDamaged: damage !== null };
    if (damage === null) return log.info({ shard, seq }, 'the log was checked, and is good');
    log.error(
      { shard, damage },
      'the log is damaged; bids go on, and prices and winners are right, but this record is lost: ' +
        'keep the last good snapshots, and see gavel verify',
    );
  }
}
