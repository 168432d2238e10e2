/**
 * A server in memory, for the SDK: sockets that a test can drop, delay and silence; frames read
 * and written by the server's own codec; an auction behind it that applies each nonce once. What a
 * test wants otherwise it answers itself, with `on`.
 */
import type { CloseReason, WebSocketClass, WebSocketLike } from '../../src/client/web-socket.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import type { Message, MessageOf } from '../../src/protocol/message.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { PING } from '../../src/protocol/messages/ping.ts';
import { PONG } from '../../src/protocol/messages/pong.ts';
import { TICK } from '../../src/protocol/messages/tick.ts';
import { WELCOME } from '../../src/protocol/messages/welcome.ts';
import { UNSUBSCRIBE } from '../../src/protocol/messages/unsubscribe.ts';
import { DONE } from '../../src/protocol/messages/done.ts';
import type { FakeTimers } from './fake-timers.ts';

export interface Heard {
  readonly socket: FakeSocket;
  readonly name: string;
  readonly value: unknown;
  readonly atMs: number;
}

type Handler = (socket: FakeSocket, value: never) => void;

export const SERVER_AHEAD_MS = 1_700_000_000_000;
export const TICK_MS = 25_000;

export class FakeServer {
  readonly timers: FakeTimers;
  /** Every connection there was. */
  readonly sockets: FakeSocket[] = [];
  /** Every frame that arrived, but pings and heards. */
  readonly heard: Heard[] = [];
  /** One way, for every frame. */
  latencyMs = 1;
  /** The next connections fail without a word. */
  refuses = false;
  readonly WebSocket: WebSocketClass;
  readonly #handlers = new Map<string, Handler>();

  constructor(timers: FakeTimers) {
    this.timers = timers;
    // oxlint-disable-next-line typescript/no-this-alias -- the class below is made for this server
    const server = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(server, url, protocols);
      }
    };
    this.on(HELLO, (socket, { id }) => socket.say(WELCOME, this.welcome(id)));
    this.on(PING, (socket, { id, clientTimeMs }) => {
      socket.say(PONG, { id, clientTimeMs, serverTimeMs: this.nowMs() });
    });
    this.on(UNSUBSCRIBE, (socket, { id }) => socket.say(DONE, { id }));
  }

  /** What happens when a message of this kind comes; replaces what happened before. */
  on<M>(message: Message<M>, handler: (socket: FakeSocket, value: M) => void): void {
    this.#handlers.set(message.name, handler as Handler);
  }

  /** From now on the newest connection gets ticks, as it should. */
  tick(): void {
    this.sockets.at(-1)?.say(TICK, { serverTimeMs: this.nowMs() });
    this.timers.setTimeout(() => this.tick(), TICK_MS);
  }

  nowMs(): number {
    return Math.floor(this.timers.now()) + SERVER_AHEAD_MS;
  }

  /** The newest connection. */
  get socket(): FakeSocket {
    return this.sockets.at(-1) as FakeSocket;
  }

  welcome(id: number, expiresInMs = 3_600_000): MessageOf<typeof WELCOME> {
    const serverTimeMs = this.nowMs();
    const expiresAtMs = serverTimeMs + expiresInMs;
    const feed = { position: null, recovered: null, missed: null };
    const times = { serverTimeMs, expiresAtMs, tickMs: TICK_MS };
    return { id, userId: 'ann', protocol: 1, ...times, ...feed };
  }

  /** The values of all messages of a kind that arrived. */
  all<M>(message: Message<M>): M[] {
    return this.heard.filter(({ name }) => name === message.name).map(({ value }) => value as M);
  }

  receive(socket: FakeSocket, bytes: Uint8Array): void {
    // The server's strict reader: whatever it does not take fails the test.
    const { message, value } = decodeFrame(bytes);
    const { name } = message;
    if (name !== PING.name) this.heard.push({ socket, name, value, atMs: this.timers.now() });
    this.#handlers.get(name)?.(socket, value as never);
  }
}

type Listener = (event: never) => void;

export class FakeSocket implements WebSocketLike {
  binaryType = 'blob';
  readyState = 0;
  readonly url: string;
  readonly protocols: readonly string[];
  /** Code with which the client closed it. */
  closedByClient: number | undefined;
  /** Nothing arrives any more, in neither direction, and nobody says so. */
  isDead = false;
  readonly #server: FakeServer;
  readonly #listeners = new Map<string, Listener[]>();
  /** When the newest frame of each direction arrives. */
  readonly #newestMs = { in: 0, out: 0 };

  constructor(server: FakeServer, url: string, protocols: readonly string[]) {
    this.#server = server;
    this.url = url;
    this.protocols = protocols;
    server.sockets.push(this);
    const { refuses } = server;
    this.#later(() => {
      if (refuses) return this.#over('error', { message: 'refused' });
      this.readyState = 1;
      this.#fire('open', {});
    });
  }

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? [];
    this.#listeners.set(type, listeners);
    listeners.push(listener);
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    // A copy: the sender may use the bytes again.
    const bytes = data.slice();
    this.#later(() => this.#server.receive(this, bytes), 'in');
  }

  close(code = 1005): void {
    this.closedByClient = code;
    this.readyState = 2;
    this.#later(() => {
      this.readyState = 3;
    });
  }

  /** The server sends a message. */
  say<M>(message: Message<M>, value: M): void {
    const writer = new MsgpackWriter();
    message.write(writer, value);
    this.sayBytes(writer.copy());
  }

  sayBytes(bytes: Uint8Array): void {
    const { buffer } = new Uint8Array(bytes);
    this.#later(() => this.#fire('message', { data: buffer }));
  }

  /** The server closes the connection; what it has sent before still arrives. */
  hangUp(code: number, reason = ''): void {
    this.#later(() => this.#over('close', { code, reason } satisfies CloseReason));
  }

  /** The connection breaks, now; what is under way is lost. */
  cut(): void {
    this.isDead = true;
    this.readyState = 3;
    this.#fireNow('close', { code: 1006, reason: '' });
  }

  #over(type: 'close' | 'error', event: object): void {
    this.readyState = 3;
    this.#fire(type, event);
    this.isDead = true;
  }

  /** After the latency, and never before what was sent before it in the same direction. */
  #later(run: () => void, direction: 'in' | 'out' = 'out'): void {
    const { timers, latencyMs } = this.#server;
    const nowMs = timers.now();
    const atMs = Math.max(this.#newestMs[direction], nowMs + latencyMs);
    this.#newestMs[direction] = atMs;
    timers.setTimeout(() => {
      if (!this.isDead) run();
    }, atMs - nowMs);
  }

  #fire(type: string, event: object): void {
    if (!this.isDead) this.#fireNow(type, event);
  }

  #fireNow(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}
