/**
 * Where Server-Sent Events and long polls come in and go. Each is a session like a WebSocket of JSON
 * that only listens: the same limits, ticks, goodbyes and hub. It says one subscribe for each
 * auction, with the position that the client gave, and never anything more.
 *
 *   GET …/events ─▶ limits ─▶ session + event stream ─┬▶ inbound (subscribe) ─▶ shard ─▶ hub
 *   GET …?after= ─▶ limits ─▶ session + poll ─────────┘
 */
import { SOCKETS } from '../config/limits.ts';
import type { Mode } from '../protocol/messages/mode.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import { refusalName } from '../protocol/refusals.ts';
import type { ConnectionTable } from './connection-table.ts';
import { EventStream } from './event-stream.ts';
import { FollowedAuctions, FollowedFeed } from './following.ts';
import type { Following, HttpSocket } from './following.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { Hub } from './hub.ts';
import type { Inbound } from './inbound.ts';
import type { JsonMessage, LocalTopics } from './local-topics.ts';
import { Poll } from './poll.ts';
import type { Position } from './position.ts';
import type { PrivateFeed } from './private-feed.ts';
import type { RestRequest } from './routes.ts';
import { Session } from './session.ts';
import type { ShardCall } from './shard-call.ts';
import type { HttpReply } from './socket.ts';
import type { User } from './user.ts';
import type { UserTable } from './user-table.ts';
import type { WatchOnly } from './watch-only.ts';

const US_PER_MS = 1000;
/** Nobody asks by it. */
const FEED_REQUEST_ID = 1;

export interface StreamDoorOptions {
  readonly limits: GatewayLimits;
  readonly topics: LocalTopics;
  readonly connections: ConnectionTable<Session | ShardCall>;
  readonly users: UserTable;
  readonly inbound: Inbound;
  readonly hub: Hub;
  readonly feed: PrivateFeed;
  readonly watchOnly: WatchOnly;
  /** Open WebSockets, streams and polls: they share one limit. */
  readonly connected: () => number;
  readonly nowUs: () => number;
}

/** Makes the socket of a session whose response is this. `leave` is to be called at its end. */
type MakeSocket = (reply: HttpReply, leave: () => void) => HttpSocket;

export class StreamDoor {
  readonly #options: StreamDoorOptions;
  readonly #open = new Map<Session, HttpSocket>();
  #polls = 0;

  constructor(options: StreamDoorOptions) {
    this.#options = options;
  }

  /** Open streams and polls. */
  get counts(): { readonly events: number; readonly polls: number } {
    return { events: this.#open.size - this.#polls, polls: this.#polls };
  }

  get count(): number {
    return this.#open.size;
  }

  /** Answers with events of these auctions until one of the two ends it. */
  stream(
    request: RestRequest,
    auctionIds: readonly string[],
    positions: readonly (Position | null)[],
  ): void {
    const following = new FollowedAuctions(this.#options.topics, auctionIds, positions);
    const session = this.#enterStream(request, following, auctionIds.length === 1);
    if (session !== undefined) this.#subscribe(session, auctionIds, positions);
  }

  /** Answers with events of the user's own until one of the two ends it. */
  streamFeed(request: RestRequest, user: User, after: Position | null): void {
    if (!this.#knows(request, user)) return;
    const session = this.#enterStream(request, new FollowedFeed(), true);
    if (session !== undefined) this.#begin(session, user, after);
  }

  /** Answers with what is newer than the position; waits for it if there is nothing. */
  poll(request: RestRequest, after: Position | null, waitMs: number): void {
    const { id } = request;
    const following = new FollowedAuctions(this.#options.topics, [id], [after]);
    const session = this.#enterPoll(request, following, waitMs, 'updates');
    if (session !== undefined) this.#subscribe(session, [id], [after]);
  }

  /** The same for the user's own. */
  pollFeed(request: RestRequest, user: User, after: Position | null, waitMs: number): void {
    if (!this.#knows(request, user)) return;
    const session = this.#enterPoll(request, new FollowedFeed(), waitMs, 'notices');
    if (session !== undefined) this.#begin(session, user, after);
  }

  /** Does what is due by the clock. */
  sweep(nowUs: number): void {
    for (const socket of this.#open.values()) socket.sweep(nowUs);
  }

  /** Whether every shard knows whom to tell; else it has been refused. */
  #knows({ exchange }: RestRequest, user: User): boolean {
    if (this.#options.users.keepFeed(user)) return true;
    exchange.refuse('OVERLOADED');
    return false;
  }

  #enterStream(request: RestRequest, following: Following, isSingle: boolean): Session | undefined {
    const { streamCommentMs: commentMs, idleTimeoutMs: lingerMs } = this.#options.limits;
    return this.#enter(request, (reply, leave) => {
      const refused = (message: JsonMessage): void => {
        leave();
        refuse(request, message);
      };
      const ends = { refused, ended: leave };
      return new EventStream({ reply, following, isSingle, commentMs, lingerMs, ...ends });
    });
  }

  #enterPoll(
    request: RestRequest,
    following: Following,
    waitMs: number,
    list: 'updates' | 'notices',
  ): Session | undefined {
    const { limits, nowUs, watchOnly } = this.#options;
    const { exchange, user } = request;
    const mode = (): Mode => watchOnly.modeFor(user !== null);
    const { answerTimeoutMs } = limits;
    return this.#enter(request, (_, leave) => {
      const over = (): void => {
        leave();
        exchange.takeBack();
      };
      const answered = (text: string): void => {
        over();
        exchange.text(200, 'application/json', text);
      };
      const refused = (message: JsonMessage): void => {
        leave();
        refuse(request, message);
      };
      const notReady = (): void => {
        over();
        exchange.refuse('NOT_READY');
      };
      const ends = { answered, refused, notReady };
      return new Poll({ following, nowUs, waitMs, mode, answerTimeoutMs, list, ...ends });
    });
  }

  /** A session for a request; undefined: there is no room for it, or its client has gone. */
  #enter(request: RestRequest, make: MakeSocket): Session | undefined {
    const { exchange, address, user } = request;
    const { limits, connections, users, nowUs } = this.#options;
    if (this.#isFull(request)) {
      exchange.refuse('TOO_MANY_CONNECTIONS', { retryAfterMs: SOCKETS.fullRetryMs });
      return undefined;
    }
    const session = new Session(true, address, nowUs(), limits.tickMs * US_PER_MS);
    const leave = (): void => this.#gone(session);
    const reply = exchange.handOver(() => {
      this.#open.get(session)?.gone();
      leave();
    });
    if (reply === undefined) return undefined;
    const socket = make(reply, leave);
    session.socket = socket;
    session.conn = connections.add(session);
    session.user = user;
    session.roles = request.roles;
    session.accountSession = request.accountSession;
    session.expiresAtMs = request.expiresAtMs;
    session.spoke = true;
    address.connections += 1;
    if (user !== null) users.joined(user, session);
    this.#open.set(session, socket);
    if (socket instanceof Poll) this.#polls += 1;
    return session;
  }

  #subscribe(
    session: Session,
    auctionIds: readonly string[],
    positions: readonly (Position | null)[],
  ): void {
    auctionIds.forEach((auctionId, i) => {
      const { epoch, seq } = positions[i] ?? {};
      const text = JSON.stringify({ type: 'subscribe', id: i + 1, auctionId, epoch, seq });
      if (session.socket !== null) this.#options.inbound.receive(session, bytesOf(text), false);
    });
    // Nothing is ever heard from it: whether it still reads shows in what it does not take.
    session.lastHeardUs = Infinity;
  }

  #begin(session: Session, user: User, after: Position | null): void {
    session.feed = true;
    this.#options.feed.begin(session, user, FEED_REQUEST_ID, after);
    session.lastHeardUs = Infinity;
  }

  #isFull({ address, user }: RestRequest): boolean {
    const { limits, connected, users } = this.#options;
    return (
      connected() >= limits.connectionsMax ||
      address.connections >= limits.connectionsPerAddressMax ||
      (user !== null && users.sessionsOf(user.number).size >= limits.connectionsPerUserMax)
    );
  }

  /** The client has gone, or we ended the stream and what is queued may still be read. */
  #gone(session: Session): void {
    const socket = this.#open.get(session);
    const { connections, users, hub } = this.#options;
    if (socket === undefined) return;
    this.#open.delete(session);
    if (socket instanceof Poll) this.#polls -= 1;
    session.socket = null;
    connections.remove(session.conn);
    session.address.connections -= 1;
    if (session.user !== null) users.left(session.user, session);
    socket.leaveTopics();
    hub.gone(session);
  }
}

/** Nothing has been written yet: the request is refused by a status. */
function refuse({ exchange }: RestRequest, message: JsonMessage): void {
  exchange.takeBack();
  exchange.refuse(nameOf(message), detailsOf(message));
}

function bytesOf(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).slice().buffer;
}

function nameOf(message: JsonMessage): RefusalName {
  return refusalName(message['code'] as number) ?? 'INTERNAL';
}

function detailsOf(message: JsonMessage): {
  retryAfterMs?: number;
  field?: string;
  reason?: string;
} {
  const { retryAfterMs, field, reason } = message as {
    retryAfterMs?: number;
    field?: string;
    reason?: string;
  };
  return {
    ...(retryAfterMs !== undefined && retryAfterMs !== null ? { retryAfterMs } : {}),
    ...(field !== undefined && field !== null ? { field } : {}),
    ...(reason !== undefined && reason !== null ? { reason } : {}),
  };
}
