/**
 * Where WebSockets come in and go: who may upgrade, with which sub-protocol, and what has to be
 * forgotten when a connection closes.
 */
import { SOCKETS } from '../config/limits.ts';
import type { AddressTable } from './address-table.ts';
import type { ConnectionTable } from './connection-table.ts';
import { Exchange } from './exchange.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { Hub } from './hub.ts';
import type { Inbound } from './inbound.ts';
import type { LifeCycle } from './life-cycle.ts';
import type { WebSocketHandlers } from './listener.ts';
import type { RequestHead } from './request-head.ts';
import { clientKey, headFault, readHead } from './request-head.ts';
import { Session } from './session.ts';
import type { ShardCall } from './shard-call.ts';
import type { SignIn } from './sign-in.ts';
import type { HttpHead, HttpReply, Socket } from './socket.ts';

export const MSGPACK_PROTOCOL = 'gavel.v1.msgpack';
export const JSON_PROTOCOL = 'gavel.v1.json';

/** How the library reports a socket that went without a close frame. */
const CUT = 1006;

export interface DoorOptions {
  readonly limits: GatewayLimits;
  /** Origins of pages that may connect, exactly; `*`: all; empty: those of the own host. */
  readonly allowedOrigins: readonly string[];
  readonly trustProxy: boolean;
  readonly life: LifeCycle;
  readonly connections: ConnectionTable<Session | ShardCall>;
  readonly addresses: AddressTable;
  readonly inbound: Inbound;
  /** Open WebSockets and streams of events: they share one limit. */
  readonly connected: () => number;
  readonly hub: Hub;
  readonly signIn: SignIn;
  readonly metrics: GatewayMetrics;
  readonly nowUs: () => number;
}

export class WebSocketDoor implements WebSocketHandlers {
  readonly #options: DoorOptions;
  #msgpack = 0;
  #json = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Open connections by protocol. */
  get counts(): { readonly msgpack: number; readonly json: number } {
    return { msgpack: this.#msgpack, json: this.#json };
  }

  upgrade(
    reply: HttpReply,
    request: HttpHead,
  ): { readonly session: Session; readonly protocol: string } | undefined {
    const { limits, life, metrics, addresses } = this.#options;
    const exchange = new Exchange(reply, limits, metrics);
    const head = readHead(request);
    const fault = headFault(head, limits);
    if (fault !== undefined) {
      exchange.refuse(fault.name, { ...fault, close: true });
      return undefined;
    }
    const closed = life.refusalOfNew();
    if (closed !== undefined) {
      exchange.refuse(closed);
      return undefined;
    }
    const nowUs = this.#options.nowUs();
    const key = clientKey(reply, head, this.#options.trustProxy);
    const address = addresses.entry(key, nowUs);
    const waitUs = address?.requests.take(
      nowUs,
      1,
      limits.requestsPerSecondAndAddress,
      limits.burstSeconds,
    );
    if (address === undefined || waitUs !== 0) {
      exchange.refuse('TOO_MANY_REQUESTS', { retryAfterMs: Math.ceil((waitUs ?? 1e6) / 1000) });
      return undefined;
    }
    if (!originAllowed(head, this.#options.allowedOrigins)) {
      exchange.refuse('ORIGIN_NOT_ALLOWED');
      return undefined;
    }
    const protocol = protocolOf(head.webSocketProtocol);
    if (protocol === undefined) {
      const reason = `must name ${MSGPACK_PROTOCOL} or ${JSON_PROTOCOL}, or none`;
      exchange.refuse('MALFORMED', { field: 'sec-websocket-protocol', reason });
      return undefined;
    }
    if (
      this.#options.connected() >= limits.connectionsMax ||
      address.connections >= limits.connectionsPerAddressMax
    ) {
      exchange.refuse('TOO_MANY_CONNECTIONS', { retryAfterMs: SOCKETS.fullRetryMs });
      return undefined;
    }
    const json = protocol === JSON_PROTOCOL;
    const session = new Session(json, address, nowUs, limits.tickMs * 1000);
    return { session, protocol: head.webSocketProtocol === '' ? '' : protocol };
  }

  open(session: Session, socket: Socket): void {
    session.socket = socket;
    session.conn = this.#options.connections.add(session);
    session.address.connections += 1;
    if (session.json) this.#json += 1;
    else this.#msgpack += 1;
  }

  message(session: Session, message: ArrayBuffer, isBinary: boolean): void {
    this.#options.inbound.receive(session, message, isBinary);
  }

  heard(session: Session): void {
    session.lastHeardUs = this.#options.nowUs();
  }

  close(session: Session, code: number): void {
    // Still set where we did not close it ourselves.
    if (session.socket !== null && code === CUT) this.#options.metrics.closed('cut');
    session.socket = null;
    this.#options.connections.remove(session.conn);
    session.address.connections -= 1;
    if (session.json) this.#json -= 1;
    else this.#msgpack -= 1;
    this.#options.hub.gone(session);
    this.#options.signIn.gone(session);
  }
}

/** Browsers always send an origin; without one it is not a browser, and no page can misuse it. */
function originAllowed(head: RequestHead, allowed: readonly string[]): boolean {
  const { origin } = head;
  if (origin === '') return true;
  if (allowed.length > 0) return allowed.includes(origin) || allowed.includes('*');
  const host = head.hosts[0] ?? '';
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** The first that we know, of those that the client can; MessagePack when it does not say. */
function protocolOf(header: string): string | undefined {
  if (header === '') return MSGPACK_PROTOCOL;
  return header
    .split(',')
    .map((name) => name.trim())
    .find((name) => name === MSGPACK_PROTOCOL || name === JSON_PROTOCOL);
}
