/** The shards of this node as the gateway uses them, and their start and stop as one. */
import type { Outage } from '../auction/outage.ts';
import type { Shards } from '../gateway/shard-port.ts';
import { must } from '../lib/assert.ts';
import { HashRing } from '../routing/hash-ring.ts';
import type { ShardReady } from './shard-messages.ts';
import type { ShardThread } from './shard-thread.ts';

export class ShardSet implements Shards {
  readonly #threads: readonly ShardThread[];
  readonly #ring: HashRing;

  constructor(threads: readonly ShardThread[]) {
    this.#threads = threads;
    this.#ring = new HashRing(threads.length);
  }

  get count(): number {
    return this.#threads.length;
  }

  ownerOf(hash: number): number {
    return this.#threads.length === 1 ? 0 : this.#ring.ownerOf(hash);
  }

  ownerOfHandle(handle: number): number {
    return handle % this.#threads.length;
  }

  port(index: number): ShardThread {
    return must(this.#threads[index], 'a shard index within the count');
  }

  /** All shards recover side by side. */
  start(): Promise<readonly ShardReady[]> {
    return Promise.all(this.#threads.map((thread) => thread.start()));
  }

  /** When the next auction starts or ends, milliseconds since 1970; Infinity: none will. */
  get nextDeadlineMs(): number {
    return Math.min(...this.#threads.map((thread) => thread.nextDeadlineMs));
  }

  /** @returns how many auctions got something back */
  async credit(outage: Outage): Promise<number> {
    const counts = await Promise.all(this.#threads.map((thread) => thread.credit(outage)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  startClocks(): void {
    for (const thread of this.#threads) thread.startClock();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  async abandon(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.abandon()));
  }

  [Symbol.iterator](): Iterator<ShardThread> {
    return this.#threads[Symbol.iterator]();
  }
}
