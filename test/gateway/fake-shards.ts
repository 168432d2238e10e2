/**
 * Shards that do nothing but write down what they get, and deliver what a test tells them to. What
 * the gateway hands over and what it makes of replies can be looked at one by one.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Deliveries, ShardPort, Shards } from '../../src/gateway/shard-port.ts';
import { HashRing } from '../../src/routing/hash-ring.ts';
import type { Message } from '../../src/protocol/message.ts';
import type { DecodedFrame } from '../../src/protocol/frame.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';

export interface Submitted {
  readonly shard: number;
  readonly conn: number;
  readonly user: number;
  readonly stampUs: number;
  readonly frame: Uint8Array;
}

export class FakeShards implements Shards {
  readonly count: number;
  readonly submitted: Submitted[] = [];
  readonly introduced: { shard: number; user: number; userId: string }[] = [];
  /** Users whose answers are wanted as notices, or no more. */
  readonly feeds: { shard: number; user: number; keeps: boolean }[] = [];
  readonly forgotten: { shard: number; user: number }[] = [];
  readonly unwatched: number[] = [];
  /** Whether the queues are full. */
  full = false;
  /** Shards whose thread is being brought back. */
  readonly down = new Set<number>();
  /** Deaths of each shard's thread. */
  deaths = 2;
  /** How long a frame that is queued now would wait. */
  waitUs = 0;
  readonly endsAtMsByHash = new Map<number, number>();
  /** Changes of any auction so far; null: there is always another one. */
  changes: number | null = null;
  #changes = 0;
  /** Answers frames by itself, if set. */
  onSubmit: ((submitted: Submitted) => void) | null = null;
  readonly #ring: HashRing;
  readonly #ports: ShardPort[];
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(count = 2) {
    this.count = count;
    this.#ring = new HashRing(count);
    this.#ports = Array.from({ length: count }, (_, shard) => this.#port(shard));
  }

  ownerOf(hash: number): number {
    return this.#ring.ownerOf(hash);
  }

  port(index: number): ShardPort {
    return this.#ports[index] as ShardPort;
  }

  ownerOfHandle(handle: number): number {
    return handle % this.count;
  }

  /** The next frame that came and was not taken yet. */
  async next(): Promise<Submitted> {
    while (this.#taken >= this.submitted.length) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.submitted[this.#taken++] as Submitted;
  }

  #port(shard: number): ShardPort {
    return {
      waitUs: () => this.waitUs,
      endsAtMs: (hash) => this.endsAtMsByHash.get(hash) ?? 0,
      changes: () => (this.changes === null ? (this.#changes += 1) : this.changes),
      report: () => ({
        isUp: !this.down.has(shard),
        deaths: this.deaths,
        snapshotFailures: 1,
        committedSeq: 77,
        frames: 3,
        bytes: 300,
        ageUs: this.waitUs,
        batchFrames: { bounds: [1, 4], counts: [2, 1, 1], sum: 20 },
        commitSeconds: { bounds: [0.001], counts: [3, 1], sum: 0.5 },
      }),
      submit: (conn, user, stampUs, frame) => {
        if (this.full) return false;
        const submitted = { shard, conn, user, stampUs, frame: frame.slice() };
        this.submitted.push(submitted);
        this.#waiting.splice(0).forEach((wake) => wake());
        const answer = this.onSubmit;
        // A shard never answers before the gateway has finished with a frame.
        if (answer !== null) void turn().then(() => answer(submitted));
        return true;
      },
      introduce: (user, userId) => {
        if (this.full) return false;
        this.introduced.push({ shard, user, userId });
        return true;
      },
      keepFeed: (user, keeps) => {
        if (this.full) return false;
        this.feeds.push({ shard, user, keeps });
        return true;
      },
      forget: (user) => {
        if (this.full) return false;
        this.forgotten.push({ shard, user });
        return true;
      },
      unwatch: (handle) => {
        if (this.full) return false;
        this.unwatched.push(handle);
        return true;
      },
    };
  }
}

/** Delivers as one run. */
export function deliver(deliveries: Deliveries, run: (to: Deliveries) => void): void {
  deliveries.begin();
  run(deliveries);
  deliveries.end();
}

export function encode<T>(message: Message<T>, value: T): Uint8Array {
  const writer = new MsgpackWriter();
  message.write(writer, value);
  return writer.copy();
}

export function decode(frame: Uint8Array): DecodedFrame & { readonly type: string } {
  const decoded = decodeFrame(frame);
  return { ...decoded, type: decoded.message.name };
}
