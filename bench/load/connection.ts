/**
 * One signed-in WebSocket connection, by hand over node:net: the handshake, hello, and from then
 * on finished frames out and parsed answers in. All connections of a process read into one shared
 * buffer, and send buffers go back to a pool, so that a bid costs no memory.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { WELCOME } from '../../src/protocol/messages/welcome.ts';
import { HEARD } from '../../src/protocol/messages/heard.ts';
import { TICK } from '../../src/protocol/messages/tick.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { clientFrame, framed } from './bid-frames.ts';
import { Inbound } from './inbound.ts';

const LOOPBACK = '127.0.0.1';
const READ_BYTES = 256 * 1024;
const OPEN_TIMEOUT_MS = 10_000;
const HELLO_ID = 1;
/** A server may take only so many tokens a second from one address: then hello is said again. */
const SAY_HELLO_AGAIN_MS = 200;
const SAY_HELLO_AGAIN_CODES = [REFUSALS.OVERLOADED.code, REFUSALS.TOO_MANY_REQUESTS.code];
/** Ids of bids start behind that of hello. */
export const FIRST_BID_ID = 2;

const sharedReadBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

export interface ConnectionEvents {
  /** `answer` or `refused` to one of our messages. */
  answer(connection: Connection, id: number, code: number, seq: number): void;
  /** Any message that answers nothing. */
  push(connection: Connection, number: number, bytes: Uint8Array, from: number, to: number): void;
  /** All that arrived at once has been told. */
  drained(connection: Connection): void;
  /** The connection is gone although nobody closed it here. */
  lost(connection: Connection, reason: string): void;
}

export interface ConnectionOptions {
  readonly port: number;
  readonly path: string;
  readonly protocol: string;
  readonly token: string;
  readonly feed: boolean;
}

interface Opening {
  resolve(): void;
  reject(error: Error): void;
}

export class Connection {
  readonly index: number;
  bytesIn = 0;
  bytesOut = 0;
  readonly #events: ConnectionEvents;
  readonly #options: ConnectionOptions;
  readonly #inbound: Inbound;
  readonly #socket: Socket;
  /** The answer to the handshake, until it is whole. */
  #head: string | null = '';
  #opening: Opening | null = null;
  #isClosing = false;

  private constructor(index: number, options: ConnectionOptions, events: ConnectionEvents) {
    this.index = index;
    this.#options = options;
    this.#events = events;
    this.#inbound = new Inbound({
      answer: (id, code, seq) => this.#answered(id, code, seq),
      push: (number, bytes, from, to) => this.#pushed(number, bytes, from, to),
      ping: (bytes, from, to) => this.send(framed(bytes.slice(from, to), 0x8a)),
      closed: (code, reason) => this.#lost(`closed by the server: ${code} ${reason}`),
    });
    this.#socket = connect({
      host: LOOPBACK,
      port: options.port,
      noDelay: true,
      onread: { buffer: sharedReadBuffer, callback: (size, bytes) => this.#read(size, bytes) },
    });
    this.#socket.on('connect', () => this.#socket.write(this.#handshake()));
    this.#socket.on('error', (error) => this.#lost(error.message));
    this.#socket.on('close', () => this.#lost('the connection was closed'));
  }

  /** Connects, upgrades and signs in. */
  static async open(
    index: number,
    options: ConnectionOptions,
    events: ConnectionEvents,
  ): Promise<Connection> {
    const connection = new Connection(index, options, events);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    connection.#opening = { resolve, reject };
    const late = setTimeout(() => connection.#lost('no welcome in time'), OPEN_TIMEOUT_MS);
    try {
      await promise;
      return connection;
    } finally {
      clearTimeout(late);
    }
  }

  /** `sent` is called once the bytes may be overwritten. */
  send(bytes: Uint8Array, sent?: () => void): void {
    this.bytesOut += bytes.length;
    this.#socket.write(bytes, sent);
  }

  /** Bytes that the server has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #handshake(): string {
    return [
      `GET ${this.#options.path} HTTP/1.1`,
      `Host: ${LOOPBACK}:${this.#options.port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      `Sec-WebSocket-Protocol: ${this.#options.protocol}`,
      'Sec-WebSocket-Version: 13',
      '\r\n',
    ].join('\r\n');
  }

  #read(size: number, bytes: Uint8Array): boolean {
    this.bytesIn += size;
    try {
      if (this.#head === null) this.#inbound.take(bytes, 0, size);
      else this.#readHead(size, bytes);
      this.#events.drained(this);
    } catch (error) {
      this.#lost(error instanceof Error ? error.message : String(error));
    }
    return true;
  }

  #readHead(size: number, bytes: Uint8Array): void {
    const before = (this.#head as string).length;
    const head = this.#head + Buffer.from(bytes.buffer, bytes.byteOffset, size).toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    this.#head = head;
    if (end < 0) return;
    if (!head.startsWith('HTTP/1.1 101')) {
      this.#lost(`the server refused the WebSocket: ${head.slice(0, 200)}`);
      return;
    }
    this.#head = null;
    this.#sayHello();
    this.#inbound.take(bytes, end + 4 - before, size);
  }

  #sayHello(): void {
    const { token, feed } = this.#options;
    this.send(
      clientFrame(HELLO, { id: HELLO_ID, token, client: 'gavel-bench', feed, after: null }),
    );
  }

  #answered(id: number, code: number, seq: number): void {
    if (this.#opening === null || id !== HELLO_ID) {
      this.#events.answer(this, id, code, seq);
    } else if (SAY_HELLO_AGAIN_CODES.includes(code)) {
      setTimeout(() => this.#opening !== null && this.#sayHello(), SAY_HELLO_AGAIN_MS);
    } else {
      this.#lost(`hello was refused with code ${code}`);
    }
  }

  #pushed(number: number, bytes: Uint8Array, from: number, to: number): void {
    if (number === WELCOME.number) {
      this.#opening?.resolve();
      this.#opening = null;
      return;
    }
    if (number === TICK.number) this.send(clientFrame(HEARD, { serverTimeMs: Date.now() }));
    this.#events.push(this, number, bytes, from, to);
  }

  #lost(reason: string): void {
    if (this.#isClosing) return;
    this.close();
    if (this.#opening === null) this.#events.lost(this, reason);
    else this.#opening.reject(new Error(`connection ${this.index}: ${reason}`));
    this.#opening = null;
  }
}
