/**
 * Where Server-Sent Events come in and go. A stream is a session like a WebSocket of JSON that only
 * listens: the same limits, ticks, goodbyes and hub. It says one subscribe for each auction, with
 * the position that the client gave, and never anything more.
 *
 *   GET …/events ─▶ limits ─▶ session + event stream ─▶ inbound (subscribe) ─▶ shard ─▶ hub
 */
import { SOCKETS } from '../config/limits.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import { refusalName } from '../protocol/refusals.ts';
import type { ConnectionTable } from './connection-table.ts';
import { EventStream } from './event-stream.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { Hub } from './hub.ts';
import type { Inbound } from './inbound.ts';
import type { JsonMessage, LocalTopics } from './local-topics.ts';
import type { Position } from './position.ts';
import type { RestRequest } from './routes.ts';
import { Session } from './session.ts';
import type { ShardCall } from './shard-call.ts';
import type { UserTable } from './user-table.ts';

const US_PER_MS = 1000;

export interface StreamDoorOptions {
  readonly limits: GatewayLimits;
  readonly topics: LocalTopics;
  readonly connections: ConnectionTable<Session | ShardCall>;
  readonly users: UserTable;
  readonly inbound: Inbound;
  readonly hub: Hub;
  /** Open WebSockets and streams: they share one limit. */
  readonly connected: () => number;
  readonly nowUs: () => number;
}

export class StreamDoor {
  readonly #options: StreamDoorOptions;
  readonly #open = new Map<Session, EventStream>();
  #commentsAtUs = 0;

  constructor(options: StreamDoorOptions) {
    this.#options = options;
  }

  /** Open streams. */
  get count(): number {
    return this.#open.size;
  }

  open(
    request: RestRequest,
    auctionIds: readonly string[],
    positions: readonly (Position | null)[],
  ): void {
    const { exchange, address, user } = request;
    const { limits, connections, users, inbound, nowUs, topics } = this.#options;
    if (this.#isFull(request)) {
      exchange.refuse('TOO_MANY_CONNECTIONS', { retryAfterMs: SOCKETS.fullRetryMs });
      return;
    }
    const session = new Session(true, address, nowUs(), limits.tickMs * US_PER_MS);
    let stream: EventStream | undefined = undefined;
    const reply = exchange.handOver(() => {
      stream?.gone();
      this.#gone(session);
    });
    if (reply === undefined) return;
    stream = new EventStream({
      reply,
      topics,
      auctionIds,
      positions,
      lingerMs: limits.idleTimeoutMs,
      refused: (message) => {
        this.#gone(session);
        exchange.takeBack();
        exchange.refuse(nameOf(message), detailsOf(message));
      },
      ended: () => this.#gone(session),
    });
    session.socket = stream;
    session.conn = connections.add(session);
    session.user = user;
    session.roles = request.roles;
    session.accountSession = request.accountSession;
    session.expiresAtMs = request.expiresAtMs;
    session.spoke = true;
    address.connections += 1;
    if (user !== null) users.joined(user, session);
    this.#open.set(session, stream);
    auctionIds.forEach((auctionId, i) => {
      const { epoch, seq } = positions[i] ?? {};
      const text = JSON.stringify({ type: 'subscribe', id: i + 1, auctionId, epoch, seq });
      if (session.socket !== null) inbound.receive(session, bytesOf(text), false);
    });
    // Nothing is ever heard from it: whether it still reads shows in what it does not take.
    session.lastHeardUs = Infinity;
  }

  /** Keeps quiet streams open. */
  sweep(nowUs: number): void {
    if (nowUs < this.#commentsAtUs) return;
    this.#commentsAtUs = nowUs + this.#options.limits.streamCommentMs * US_PER_MS;
    for (const stream of this.#open.values()) stream.comment();
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
    const stream = this.#open.get(session);
    const { connections, users, hub } = this.#options;
    if (stream === undefined) return;
    this.#open.delete(session);
    session.socket = null;
    connections.remove(session.conn);
    session.address.connections -= 1;
    if (session.user !== null) users.left(session.user, session);
    stream.leaveTopics();
    hub.gone(session);
  }
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
