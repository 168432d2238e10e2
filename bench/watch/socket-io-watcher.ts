/**
 * One client of Socket.IO, by hand over node:net as the others are, so that the process of watchers
 * costs the same for every server: the WebSocket upgrade, `40` to enter, `3` to each `2`, and from
 * then on every `42…` is an update.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { framed } from '../load/bid-frames.ts';
import { Inbound } from '../load/inbound.ts';

const LOOPBACK = '127.0.0.1';
const PATH = '/socket.io/?EIO=4&transport=websocket';
const READ_BYTES = 256 * 1024;
const TEXT_FIN = 0x81;
const PONG_FIN = 0x8a;
const [ZERO, TWO, FOUR] = [0x30, 0x32, 0x34];

const sharedReadBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

export interface SocketIoEvents {
  update(): void;
  lost(reason: string): void;
}

export class SocketIoWatcher {
  readonly #socket: Socket;
  readonly #events: SocketIoEvents;
  readonly #inbound: Inbound;
  readonly #opened = Promise.withResolvers<void>();
  /** The answer to the handshake, until it is whole. */
  #head: string | null = '';
  #isClosing = false;

  private constructor(port: number, events: SocketIoEvents) {
    this.#events = events;
    this.#inbound = new Inbound({
      answer: () => this.#lost('a frame of Gavel'),
      push: (_number, bytes, from) => this.#packet(bytes, from),
      ping: (bytes, from, to) => this.#socket.write(framed(bytes.slice(from, to), PONG_FIN)),
      closed: (code, reason) => this.#lost(`closed by the server: ${code} ${reason}`),
    });
    this.#socket = connect({
      host: LOOPBACK,
      port,
      noDelay: true,
      onread: { buffer: sharedReadBuffer, callback: (size, bytes) => this.#read(size, bytes) },
    });
    this.#socket.on('connect', () => {
      const lines = [`GET ${PATH} HTTP/1.1`, `Host: ${LOOPBACK}:${port}`, 'Upgrade: websocket'];
      const key = `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`;
      lines.push('Connection: Upgrade', key, 'Sec-WebSocket-Version: 13', '\r\n');
      this.#socket.write(lines.join('\r\n'));
    });
    this.#socket.on('error', (error) => this.#lost(error.message));
    this.#socket.on('close', () => this.#lost('the connection was closed'));
  }

  /** Connects, upgrades and enters. */
  static async open(port: number, events: SocketIoEvents): Promise<SocketIoWatcher> {
    const watcher = new SocketIoWatcher(port, events);
    await watcher.#opened.promise;
    return watcher;
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #read(size: number, bytes: Uint8Array): boolean {
    if (this.#head === null) {
      this.#inbound.take(bytes, 0, size);
      return true;
    }
    const before = this.#head.length;
    this.#head += Buffer.from(bytes.buffer, bytes.byteOffset, size).toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return true;
    if (!this.#head.startsWith('HTTP/1.1 101')) this.#lost(this.#head.slice(0, 200));
    this.#head = null;
    this.#inbound.take(bytes, end + 4 - before, size);
    return true;
  }

  #packet(bytes: Uint8Array, from: number): void {
    const kind = bytes[from];
    if (kind === FOUR && bytes[from + 1] === TWO) this.#events.update();
    else if (kind === FOUR && bytes[from + 1] === ZERO) this.#opened.resolve();
    else if (kind === ZERO) this.#say('40');
    else if (kind === TWO) this.#say('3');
  }

  #say(text: string): void {
    this.#socket.write(framed(Buffer.from(text), TEXT_FIN));
  }

  #lost(reason: string): void {
    if (this.#isClosing) return;
    this.close();
    this.#opened.reject(new Error(reason));
    this.#events.lost(reason);
  }
}
