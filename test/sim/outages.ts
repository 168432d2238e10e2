/**
 * The times in which no server ran, as the rules see them: the mark of the last one that lived, and
 * which outage each shard has to give back. The checks compare the log with it.
 */
import type { Outage } from '../../src/auction/outage.ts';
import type { Random } from './random.ts';

export class Outages {
  /** Null: the disk does not say. */
  #markUs: number | null = null;
  readonly #byShard: readonly Outage[][];

  constructor(shards: number) {
    this.#byShard = Array.from({ length: shards }, () => []);
  }

  /** A server notes that it is alive. */
  mark(nowUs: number): void {
    this.#markUs = nowUs;
  }

  /** The mark is not synced: it may be torn afterwards. */
  losePower(random: Random): void {
    if (random.chance(0.3)) this.#markUs = null;
  }

  /** Since when nobody could bid, for a server that comes up; 0: there was none before. */
  downFromUs(newestRecordUs: number): number {
    this.#markUs ??= newestRecordUs === 0 ? null : newestRecordUs;
    return this.#markUs ?? 0;
  }

  /** An outage ends. What a shard has logged since it began was logged by a server that lived. */
  end(outage: Outage, shard: number, lastAtUs: number): void {
    const outages = this.#byShard[shard] as Outage[];
    const fromUs = Math.max(outage.fromUs, lastAtUs);
    // Ended before, but no record shows it: it goes on.
    while ((outages.at(-1)?.toUs ?? 0) > fromUs) outages.pop();
    if (outage.toUs > fromUs) outages.push({ fromUs, toUs: outage.toUs });
  }

  of(shard: number): readonly Outage[] {
    return this.#byShard[shard] as Outage[];
  }
}
