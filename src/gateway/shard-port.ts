/**
 * The seam between the gateway and the shards: what the gateway hands over, and what comes back.
 * node/ puts byte rings behind it (one pair a worker thread); tests put an in-process shard
 * behind it. Everything here runs on the main thread.
 *
 *   session ──submit(conn, user, stamp, frame)──▶ shard
 *   session ◀──────── reply(conn, bytes) ──────── shard   after the commit
 *   hub     ◀─ subscribed · update · notify ───── shard   after the commit
 *
 * Connections and users travel as numbers that the gateway gives out. A number is never reused for
 * another connection or user while anything that names it may still be on its way.
 */

/** Number of a connection (a WebSocket, or one HTTP request), below 2^32. */
export type Conn = number;
/** Number of a signed-in user in this process, below 2^32. 0: not signed in. */
export type UserNumber = number;

/** One shard, as the gateway sees it. */
export interface ShardPort {
  /**
   * Queues a frame: a client or rest message in MessagePack, whose first fields are its number,
   * the request id and, but for list_auctions, the auction id. Exactly one reply comes back to
   * `conn` for it, unless the process stops first.
   * @param stampUs when the frame was read, from the gateway's one clock; never decreasing.
   * @returns false when the queue is full: nothing was queued, refuse with OVERLOADED.
   */
  submit(conn: Conn, user: UserNumber, stampUs: number, frame: Uint8Array): boolean;

  /** Tells the shard who a user number is; has to come before the first submit that uses it. */
  introduce(user: UserNumber, userId: string): boolean;

  /**
   * Whether a private feed is kept for a user who was introduced: then the answers to the user's
   * commands come as notices, too. False: full.
   */
  keepFeed(user: UserNumber, keeps: boolean): boolean;

  /** No submit will use this number any more, before it is introduced again. False: full. */
  forget(user: UserNumber): boolean;

  /** No more watchers: updates of this auction need not be sent any more. */
  unwatch(handle: number): boolean;

  /**
   * How long a frame that is queued now will wait for its answer, microseconds: at least as long
   * as the oldest that is queued has waited. 0 where so little is queued that it says nothing.
   */
  waitUs(nowUs: number): number;

  /** When the auction with this hash of its id ends, to the second, if that is soon; else past. */
  endsAtMs(hash: number): number;

  /**
   * A number that changes whenever the auction with this hash of its id does, before anybody is told
   * of it: what was answered under the same number stands.
   */
  changes(hash: number): number;

  /** For /metrics. */
  report(nowUs: number): ShardReport;
}

/** How a shard is, what it has queued, and how it works. */
export interface ShardReport extends QueueReport {
  /** Whether it takes frames off its queue; else its thread died and is being brought back. */
  readonly isUp: boolean;
  /** Deaths of its thread since the start. */
  readonly deaths: number;
  /** Snapshots that could not be written since the start. */
  readonly snapshotFailures: number;
  /** Records that are durable. */
  readonly committedSeq: number;
}

/** What the last check of a shard's whole log found. */
export interface LogHealth {
  /** The newest record that was read and is good; 0: none yet. */
  readonly checkedSeq: number;
  readonly isDamaged: boolean;
}

/** The snapshots that the server takes by itself. */
export interface SnapshotReport {
  /** The newest one, which may be of an earlier run; 0: none yet. */
  readonly takenAtMs: number;
  /** How long it took, and its size, as data and compressed; 0: none of this run. */
  readonly seconds: number;
  readonly bytes: number;
  readonly storedBytes: number;
  /** In this run. */
  readonly taken: number;
  readonly failed: number;
}

export interface UpkeepPort {
  /** By shard. */
  logs(): readonly LogHealth[];
  snapshots(): SnapshotReport;
}

export interface QueueReport {
  readonly frames: number;
  readonly bytes: number;
  /** How long the oldest frame that is not answered has waited; 0: there is none. */
  readonly ageUs: number;
  /** Frames of each batch, and the seconds that its commit took, since the start. */
  readonly batchFrames: Counted;
  readonly commitSeconds: Counted;
}

/** Values counted in buckets: `bounds` are their upper ends, and one more bucket has none. */
export interface Counted {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

export type { Deliveries, Subscription } from '../protocol/deliveries.ts';

/** The shards of this node, and the way to the right one. */
export interface Shards {
  readonly count: number;
  /** Index of the shard that owns the auction with this hash of its id (routing/hash-ring.ts). */
  ownerOf(hash: number): number;
  port(index: number): ShardPort;
  /** `handle` tells its shard. */
  ownerOfHandle(handle: number): number;
}
