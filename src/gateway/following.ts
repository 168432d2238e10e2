/**
 * What one HTTP client follows, and how far it has got: auctions, with the topics that they come by,
 * or the private feed. Event streams and polls are the sockets of their sessions with this behind
 * them.
 */
import type { Follower, JsonMessage, LocalTopics } from './local-topics.ts';
import type { Position } from './position.ts';
import { isBehind, positionAfter, positionText } from './position.ts';
import type { Socket } from './socket.ts';

/** A session's socket that is an HTTP response. */
export interface HttpSocket extends Socket {
  leaveTopics(): void;
  /** The client has gone: the response must not be touched any more. */
  gone(): void;
  /** Does what is due by the clock. */
  sweep(nowUs: number): void;
}

export interface Following {
  /** The position as text, as the client gives it back. */
  readonly text: string;
  /** Moves on. False: the client has got all of it, as the history gave a part of an update. */
  take(message: JsonMessage): boolean;
  join(topic: string, follower: Follower): boolean;
  leave(topic: string, follower: Follower): boolean;
  leaveAll(follower: Follower): void;
}

export class FollowedAuctions implements Following {
  readonly #topics: LocalTopics;
  readonly #auctionIds: readonly string[];
  readonly #positions: (Position | null)[];
  readonly #joined = new Set<string>();

  /** `positions`: where the client stands in each of the auctions. */
  constructor(
    topics: LocalTopics,
    auctionIds: readonly string[],
    positions: readonly (Position | null)[],
  ) {
    this.#topics = topics;
    this.#auctionIds = auctionIds;
    this.#positions = [...positions];
  }

  get text(): string {
    return this.#positions.map(positionText).join(',');
  }

  take(message: JsonMessage): boolean {
    const auction = message['auction'] as { readonly auctionId?: unknown } | undefined;
    const auctionId = message['auctionId'] ?? auction?.auctionId;
    const i = this.#auctionIds.indexOf(auctionId as string);
    if (i < 0) return true;
    const before = this.#positions[i] ?? null;
    if (isBehind(message, before)) return false;
    this.#positions[i] = positionAfter(before, message);
    return true;
  }

  join(topic: string, follower: Follower): boolean {
    this.#joined.add(topic);
    this.#topics.join(topic, follower);
    return true;
  }

  leave(topic: string, follower: Follower): boolean {
    this.#topics.leave(topic, follower);
    return this.#joined.delete(topic);
  }

  leaveAll(follower: Follower): void {
    for (const topic of this.#joined) this.#topics.leave(topic, follower);
    this.#joined.clear();
  }
}

/** The private feed comes to the session itself, by no topic. */
export class FollowedFeed implements Following {
  #position: Position | null = null;

  get text(): string {
    return positionText(this.#position);
  }

  take(message: JsonMessage): boolean {
    if (message.type === 'welcome') {
      this.#position = (message['position'] as Position | undefined) ?? null;
    } else if (this.#position !== null && typeof message['noticeSeq'] === 'number') {
      this.#position = { epoch: this.#position.epoch, seq: message['noticeSeq'] };
    }
    return true;
  }

  join(): boolean {
    return false;
  }

  leave(): boolean {
    return false;
  }

  leaveAll(): void {
    // There is none.
  }
}
