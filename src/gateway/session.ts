/**
 * One WebSocket connection: who speaks on it, what it watches, what it may still send. Plain state;
 * inbound.ts reads its frames, sender.ts writes to it, hub.ts subscribes it.
 */
import type { AddressEntry } from './address-table.ts';
import { RateBucket } from './rate-bucket.ts';
import type { Conn } from './shard-port.ts';
import type { Socket } from './socket.ts';
import type { User } from './user.ts';
import type { Watched } from './watched.ts';

/** A subscribe that the shard has not answered yet. */
export interface AwaitedSubscribe {
  readonly auctionId: string;
  /** Request ids of unsubscribes that came meanwhile; they are answered after it. */
  readonly unsubscribes: number[];
}

export class Session {
  /** Given when it opens. */
  conn: Conn = 0;
  readonly json: boolean;
  readonly address: AddressEntry;
  readonly openedUs: number;
  /** Null before it opened and after it closed. */
  socket: Socket | null = null;

  user: User | null = null;
  roles = 0;
  /** The session of an own account that its token belongs to; null: none. */
  accountSession: string | null = null;
  /** A token is being checked. */
  signingIn = false;
  /** When the token ends; Infinity without one. */
  expiresAtMs = Infinity;
  /** Whether it gets the private feed. */
  feed = false;
  /** Losses of the feed that it was told of (NoticeTable.losses); −1: it has not followed yet. */
  feedLosses = -1;
  /** Whether it said something that counts within the time to say hello. */
  spoke = false;

  /** Whether it was told that watch-only mode is on; it takes it for off until told. */
  toldWatchOnly = false;

  lastHeardUs: number;
  tickAtUs: number;
  readonly frames = new RateBucket();
  readonly bytes = new RateBucket();
  /** Frames that wait for their answer; about, as one may be answered twice (see answered). */
  inFlight = 0;
  rateRefusals = 0;
  malformedFrames = 0;

  /** By auction id. */
  readonly watching = new Map<string, Watched>();
  /** By request id. */
  readonly awaited = new Map<number, AwaitedSubscribe>();

  /** Its frames in the sender's list; −1: none. */
  firstGathered = -1;
  lastGathered = -1;

  /** The request whose latency is measured at present, and when it was read; 0: none. */
  sampledId = 0;
  sampledUs = 0;

  constructor(json: boolean, address: AddressEntry, nowUs: number, tickUs: number) {
    this.json = json;
    this.address = address;
    this.openedUs = nowUs;
    this.lastHeardUs = nowUs;
    this.tickAtUs = nowUs + tickUs;
  }

  /** 0 without a user. */
  get userNumber(): number {
    return this.user === null ? 0 : this.user.number;
  }

  /**
   * An answer leaves. A shard whose thread died between the answer and its end of the batch answers
   * once more, so there may be more answers than frames.
   */
  answered(): void {
    this.inFlight = Math.max(0, this.inFlight - 1);
  }
}
