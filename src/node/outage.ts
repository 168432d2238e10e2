/**
 * From one run to the next: how long nobody could bid. While the node runs it notes again and again
 * that it is alive; the next start reads that, gives auctions back what they lost, and only then
 * begins to note its own time. So a crash in between leaves the outage as long as it was.
 *
 *   mark of the last run ──▶ credit in every shard, durable ──▶ doors open ──▶ mark, mark, mark …
 */
import { OUTAGE } from '../config/limits.ts';
import { AliveFile, readAliveUs } from '../journal/alive-file.ts';
import { aliveFile } from '../journal/data-folder.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ShardSet } from './shard-set.ts';

/** When the last run was alive for the last time, microseconds; 0: there was none. */
export function lastAliveUs(folder: string, newestRecordUs: number): number {
  // A copy of a folder has no mark, and neither has one of an older version.
  return readAliveUs(aliveFile(folder)) ?? newestRecordUs;
}

export class Outages {
  readonly #file: AliveFile;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;

  private constructor(file: AliveFile, clock: Clock, log: Log) {
    this.#file = file;
    this.#clock = clock;
    this.#log = log;
    this.#timer = setInterval(() => this.#mark(), OUTAGE.markEveryMs);
    this.#timer.unref();
  }

  /** Credits the outage that ends now, and begins to mark. No frame may have been taken yet. */
  static async end(
    folder: string,
    fromUs: number,
    shards: ShardSet,
    clock: Clock,
    log: Log,
  ): Promise<Outages> {
    const path = aliveFile(folder);
    if (fromUs > 0) {
      // Where the mark was missing: shards that come to be credited later must not see another time.
      const file = await AliveFile.begin(path, fromUs);
      await file.close();
      const outage = { fromUs, toUs: clock.nowUs() };
      const auctions = await shards.credit(outage);
      const downMs = Math.round((outage.toUs - fromUs) / 1000);
      log.info({ downMs, auctions }, 'auctions near their end got back the time of the outage');
    }
    return new Outages(await AliveFile.begin(path, clock.nowUs()), clock, log);
  }

  /** Nobody can bid from now on. */
  async begin(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    try {
      await this.#file.end(this.#clock.nowUs());
    } catch (error) {
      this.#tell(error);
    }
  }

  /** The node failed: what was noted last stands. */
  abandon(): void {
    clearInterval(this.#timer);
    void this.#writing.finally(() => this.#file.close());
  }

  #mark(): void {
    this.#writing = this.#writing
      .then(() => this.#file.write(this.#clock.nowUs()))
      .then(
        () => void (this.#failed = false),
        (error: unknown) => {
          if (!this.#failed) this.#tell(error);
          this.#failed = true;
        },
      );
  }

  #tell(error: unknown): void {
    this.#log.warn(
      { reason: String(error) },
      'could not note that the server is alive; the next outage will count as longer than it was',
    );
  }
}
