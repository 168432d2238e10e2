/**
 * The gateway as a whole: opens its two listeners, and stops it again, in good order or at once.
 *
 *   public listener:    /v1/ws, REST                 internal listener: /livez /readyz /metrics,
 *        │        ▲                                                     what admins may do
 *   inbound    sender, hub ◀── deliveries ◀── shards
 *        └──────────────────── submit ──────────▲
 */
import type { Revocation } from '../account/requests.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import type { ConnectionTable } from './connection-table.ts';
import { drainSessions } from './drain.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import { assertLimits } from './gateway-limits.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { GatewayOptions, GatewayParts } from './gateway-parts.ts';
import { makeParts } from './gateway-parts.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Listener } from './listener.ts';
import { openListener } from './listener.ts';
import { Session } from './session.ts';
import type { Deliveries } from './shard-port.ts';

export type { GatewayOptions } from './gateway-parts.ts';

/** No connection has had the notice as an answer. */
const NO_CONN = 0;

export interface Gateway {
  /** Ports in use, where 0 was asked for. */
  readonly port: number;
  readonly internalPort: number;
  /** For the shards. */
  readonly deliveries: Deliveries;
  readonly metrics: GatewayMetrics;
  /** Before the first `setReady(true)` everything is refused with NOT_READY. */
  setReady(ready: boolean): void;
  /** Takes over other limits; those of a socket's buffers hold for what they were opened with. */
  setLimits(limits: GatewayLimits): void;
  /** Lets nobody new in; who is there goes on. */
  finish(): void;
  /** Takes nothing new, sends clients away, and resolves when the last answer has left. */
  drain(withinMs: number): Promise<void>;
  /** Closes everything at once. */
  close(): void;
  /** Ends tokens that were given out, and the connections that came with them. */
  revoke(revocation: Revocation): void;
  /** A notice on the private feed of somebody who has one; for all others it is lost. */
  tell(userId: string, notice: Uint8Array): void;
  /** Whoever waits for an answer is told this; WebSockets are closed with SERVER_ERROR. */
  failAll(name: RefusalName): void;
  /** Auctions that somebody watches, or has watched a moment ago. */
  watchedHandles(): readonly number[];
}

/** @throws Error when a port is in use. Nothing stays open then. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const open: { public?: Listener; internal?: Listener } = {};
  const parts = makeParts(options, {
    publish: (topic, message, isBinary) => open.public?.publish(topic, message, isBinary),
    httpSockets: () => open.public?.httpSockets() ?? 0,
  });
  const { limits, rest, internal, door, streams, hub, metrics } = parts;
  const sweep = (nowUs: number): void =>
    [rest, internal, streams].forEach((one) => one.sweep(nowUs));
  const heartbeat = new Heartbeat({ ...parts, eachRound: sweep });
  const close = (): void => {
    heartbeat.stop();
    hub.stop();
    metrics.stop();
    open.public?.close();
    open.internal?.close();
  };
  try {
    open.internal = await openListener({
      host: options.internalHost,
      port: options.internalPort,
      limits,
      http: (reply, head) => internal.handle(reply, head),
    });
    open.public = await openListener({
      host: options.host,
      port: options.port,
      limits,
      http: (reply, head) => rest.handle(reply, head),
      webSocket: { path: '/v1/ws', handlers: door },
    });
  } catch (error) {
    close();
    throw error;
  }
  return gatewayOf(parts, open.public, open.internal, close);
}

function gatewayOf(
  parts: GatewayParts,
  listener: Listener,
  internalListener: Listener,
  close: () => void,
): Gateway {
  const { life, connections, watched, sender, metrics, deliveries, rest } = parts;
  return {
    port: listener.port,
    internalPort: internalListener.port,
    deliveries,
    metrics,
    setReady: (ready) => life.setReady(ready),
    setLimits(changed) {
      assertLimits(changed);
      Object.assign(parts.limits, changed);
    },
    finish: () => life.finish(),
    async drain(withinMs) {
      // The port stays open: whoever comes now is told so, in place of finding nobody.
      life.stop();
      await drainSessions({
        withinMs,
        sessions: () => entriesOf(connections).filter((entry) => entry instanceof Session),
        close: (session) => sender.close(session, 'SHUTDOWN'),
        busy: () => rest.open > 0,
      });
    },
    close,
    revoke: (revocation) => revoke(parts, revocation),
    tell(userId, notice) {
      const user = parts.users.find(userId);
      if (user === undefined) return;
      deliveries.begin();
      deliveries.notify(user.number, NO_CONN, notice);
      deliveries.end();
    },
    failAll(name) {
      for (const entry of entriesOf(connections)) {
        if (entry instanceof Session) sender.close(entry, 'SERVER_ERROR');
        else entry.failed(name);
      }
    },
    watchedHandles: () => Array.from(watched.all(), ({ handle }) => handle),
  };
}

function revoke({ guard, users, sender }: GatewayParts, revocation: Revocation): void {
  guard.revoke(revocation);
  const user = users.find(revocation.userId);
  if (user === undefined) return;
  for (const session of users.sessionsOf(user.number)) {
    const ends =
      revocation.kind === 'session'
        ? session.accountSession === revocation.session
        : revocation.closes;
    if (ends) sender.close(session, 'TOKEN_INVALID');
  }
}

function entriesOf<T>(connections: ConnectionTable<T>): T[] {
  const entries: T[] = [];
  for (let slot = 0; slot < connections.slots; slot++) {
    const entry = connections.at(slot);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}
