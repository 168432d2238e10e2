/** What a shard's thread is given when it starts, and what it tells the main thread in messages. */
import type { RuleSettings } from '../auction/settings.ts';
import type { RingMemory } from './byte-ring.ts';
import type { KnownUser } from './known-users.ts';

export interface ShardWorkerData {
  readonly folder: string;
  readonly index: number;
  readonly shards: number;
  readonly epoch: number;
  readonly settings: RuleSettings;
  readonly snapshotEveryMs: number;
  readonly inbound: RingMemory;
  readonly outbound: RingMemory;
  readonly status: SharedArrayBuffer;
  readonly closing: SharedArrayBuffer;
  readonly changes: SharedArrayBuffer;
  readonly users: readonly KnownUser[];
  readonly watched: readonly number[];
  /** The last run died: what it may have died of is taken one frame at a time. */
  readonly cautious: boolean;
}

export type FromShard =
  | { readonly kind: 'progress'; readonly seq: number; readonly lastSeq: number }
  | ({ readonly kind: 'ready' } & ShardReady)
  | { readonly kind: 'stopped' }
  | { readonly kind: 'credited'; readonly auctions: number }
  | { readonly kind: 'snapshotFailed'; readonly message: string }
  | {
      readonly kind: 'failed';
      readonly uncertain: boolean;
      readonly name: string;
      readonly message: string;
      readonly stack: string;
    };

export interface ShardReady {
  readonly lastAtUs: number;
  readonly lastSeq: number;
  readonly auctions: number;
  readonly replayed: number;
  readonly fromSnapshot: number;
  readonly tookMs: number;
}
