/**
 * The only file that knows uWebSockets.js: opens a port and hands sockets, requests and responses on
 * as the interfaces of socket.ts. Everything about the library's manners is here.
 */
import { SECOND_MS, SOCKETS } from '../config/limits.ts';
import type { HttpRequest, HttpResponse, us_listen_socket, WebSocket } from 'uWebSockets.js';
import { App, us_socket_local_port } from 'uWebSockets.js';
import type { GatewayLimits } from './gateway-limits.ts';
import type { Session } from './session.ts';
import type { HttpHead, HttpReply, Publish, Socket } from './socket.ts';

/** Without it two processes could listen on one port, and each would get half the connections. */
const EXCLUSIVE_PORT = 1;
/** The library's DISABLED; its types know only the type. */
const NO_COMPRESSION = 0;

export interface WebSocketHandlers {
  /** Decides on an upgrade: answers the reply, or returns the session and its sub-protocol. */
  upgrade(
    reply: HttpReply,
    head: HttpHead,
  ): { readonly session: Session; readonly protocol: string } | undefined;
  open(session: Session, socket: Socket): void;
  message(session: Session, message: ArrayBuffer, isBinary: boolean): void;
  /** A ping or pong frame: a sign of life. */
  heard(session: Session): void;
  close(session: Session, code: number): void;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly limits: GatewayLimits;
  readonly http: (reply: HttpReply, head: HttpHead) => void;
  /** Path and handlers; absent: no WebSockets here. */
  readonly webSocket?: { readonly path: string; readonly handlers: WebSocketHandlers };
}

export interface Listener {
  readonly port: number;
  readonly publish: Publish;
  /** Open TCP connections that are not a WebSocket. */
  httpSockets(): number;
  /** Closes everything at once. */
  close(): void;
}

interface Carrier {
  readonly session: Session;
}

/** The overload that the library has and its types lack. */
type ListenExclusive = (
  host: string,
  port: number,
  options: number,
  done: (socket: us_listen_socket | false) => void,
) => void;

export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { host, port, limits, http, webSocket } = options;
  const app = App();
  let httpSockets = 0;
  const watchSocket = (reply: HttpResponse, change: number): void => {
    httpSockets += change > 0 ? 1 : -1;
    if (change > 0 && httpSockets > limits.httpSocketsMax) reply.close();
  };
  app.filter(watchSocket);
  if (webSocket !== undefined) {
    // The filter does not see the end of a connection that became a WebSocket.
    const upgraded = (): void => void (httpSockets -= 1);
    app.ws<Carrier>(webSocket.path, behavior(limits, webSocket.handlers, upgraded));
  }
  app.any('/*', (reply: HttpResponse, head: HttpRequest) => http(reply as HttpReply, head));

  const token = await new Promise<us_listen_socket>((resolve, reject) => {
    const listen = app.listen.bind(app) as unknown as ListenExclusive;
    listen(host, port, EXCLUSIVE_PORT, (socket) => {
      if (socket === false) reject(new Error(`Cannot listen on ${host}:${port}; is it in use?`));
      else resolve(socket);
    });
  });
  return {
    port: us_socket_local_port(token),
    publish: (topic, message, isBinary) => void app.publish(topic, message, isBinary),
    httpSockets: () => httpSockets,
    close: () => void app.close(),
  };
}

function behavior(
  limits: GatewayLimits,
  handlers: WebSocketHandlers,
  upgraded: () => void,
): Parameters<ReturnType<typeof App>['ws']>[1] {
  const sessionOf = (socket: WebSocket<unknown>): Session =>
    (socket as WebSocket<Carrier>).getUserData().session;
  return {
    compression: NO_COMPRESSION,
    maxPayloadLength: limits.frameBytesReadMax,
    maxBackpressure: limits.backPressureBytesMax,
    closeOnBackpressureLimit: true,
    idleTimeout: SOCKETS.forgottenTimeoutMs / SECOND_MS,
    sendPingsAutomatically: false,
    maxLifetime: 0,
    upgrade(reply, head, context) {
      const accepted = handlers.upgrade(reply as HttpReply, head);
      if (accepted === undefined) return;
      const carrier: Carrier = { session: accepted.session };
      const key = head.getHeader('sec-websocket-key');
      reply.upgrade(carrier, key, accepted.protocol, '', context);
    },
    open(socket) {
      upgraded();
      handlers.open(sessionOf(socket), socket);
    },
    message: (socket, message, isBinary) => handlers.message(sessionOf(socket), message, isBinary),
    ping: (socket) => handlers.heard(sessionOf(socket)),
    pong: (socket) => handlers.heard(sessionOf(socket)),
    close: (socket, code) => handlers.close(sessionOf(socket), code),
  };
}
