/**
 * The auctions that connections of this gateway watch, by the handle that updates carry. Also what
 * JSON needs to know about a handle.
 */
import type { JsonContext } from '../protocol/json-codec.ts';
import { Pace } from './conflation.ts';
import { UpdateHistory } from './update-history.ts';

/** Watchers of one auction who are told at the same pace, each in one of two encodings. */
export class Crowd {
  readonly binaryTopic: string;
  readonly jsonTopic: string;
  binary = 0;
  json = 0;

  constructor(binaryTopic: string, jsonTopic: string) {
    this.binaryTopic = binaryTopic;
    this.jsonTopic = jsonTopic;
  }

  get count(): number {
    return this.binary + this.json;
  }
}

/** Those without a name: in watch-only mode what was published waits here once more. */
export class AnonymousCrowd extends Crowd {
  readonly pace = new Pace();
}

export class Watched {
  readonly handle: number;
  readonly auctionId: string;
  readonly signedIn: Crowd;
  readonly anonymous: AnonymousCrowd;
  /** What was published. */
  readonly history: UpdateHistory;
  /** What waits to be published; it follows on from the history. */
  readonly pace = new Pace();
  epoch: number;
  /** When somebody last came, asked or left: the linger counts from there. */
  lastUseUs = 0;
  /** The end as last told, for JSON's remaining time; 0: no JSON client asked yet. */
  endsAtMs = 0;

  constructor(handle: number, auctionId: string, epoch: number, history: UpdateHistory) {
    this.handle = handle;
    this.auctionId = auctionId;
    this.epoch = epoch;
    this.history = history;
    this.signedIn = new Crowd(`m${handle}`, `j${handle}`);
    this.anonymous = new AnonymousCrowd(`n${handle}`, `k${handle}`);
  }

  get watchers(): number {
    return this.signedIn.count + this.anonymous.count;
  }

  /** The newest position that is known here, published or not. */
  get position(): number {
    return this.pace.isWaiting ? this.pace.seq : this.history.last;
  }

  /** Whether all that came after this position is here. */
  covers(seq: number): boolean {
    return this.history.covers(Math.min(seq, this.history.last)) && seq <= this.position;
  }
}

export class WatchedTable implements JsonContext {
  readonly #byHandle = new Map<number, Watched>();
  readonly #byAuctionId = new Map<string, Watched>();
  readonly #nowUs: () => number;
  readonly #historyUpdatesMax: number;
  readonly #historyBytesMax: number;

  constructor(nowUs: () => number, historyUpdatesMax: number, historyBytesMax: number) {
    this.#nowUs = nowUs;
    this.#historyUpdatesMax = historyUpdatesMax;
    this.#historyBytesMax = historyBytesMax;
  }

  get count(): number {
    return this.#byHandle.size;
  }

  byHandle(handle: number): Watched | undefined {
    return this.#byHandle.get(handle);
  }

  byAuctionId(auctionId: string): Watched | undefined {
    return this.#byAuctionId.get(auctionId);
  }

  all(): Iterable<Watched> {
    return this.#byHandle.values();
  }

  /** Begins to remember an auction at this position. */
  add(handle: number, auctionId: string, epoch: number, seq: number): Watched {
    const history = new UpdateHistory(seq, this.#historyUpdatesMax, this.#historyBytesMax);
    const watched = new Watched(handle, auctionId, epoch, history);
    this.#byHandle.set(handle, watched);
    this.#byAuctionId.set(auctionId, watched);
    return watched;
  }

  remove(watched: Watched): void {
    this.#byHandle.delete(watched.handle);
    this.#byAuctionId.delete(watched.auctionId);
  }

  /** Watchers of this auction on this process. */
  watchersOf(auctionId: string): number {
    return this.#byAuctionId.get(auctionId)?.watchers ?? 0;
  }

  /** Watchers of the auction that has most of them. */
  watchersMax(): number {
    let most = 0;
    for (const watched of this.#byHandle.values()) most = Math.max(most, watched.watchers);
    return most;
  }

  auctionIdOf(handle: number): string | undefined {
    return this.#byHandle.get(handle)?.auctionId;
  }

  endsAtMsOf(handle: number): number | undefined {
    return this.#byHandle.get(handle)?.endsAtMs || undefined;
  }

  nowMs(): number {
    return Math.floor(this.#nowUs() / 1000);
  }
}
