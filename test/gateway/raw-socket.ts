/**
 * Bytes over a TCP connection, for what well-behaved clients never send: odd requests, odd frames,
 * readers that stop reading.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

export interface RawResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export class RawConnection {
  readonly socket: Socket;
  /** What has come and was not taken. */
  received = Buffer.alloc(0);
  ended = false;
  readonly #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (data) => {
      this.received = Buffer.concat([this.received, data]);
      this.#wake();
    });
    this.socket.on('error', () => this.#end());
    this.socket.on('close', () => this.#end());
    this.socket.on('end', () => this.#end());
  }

  write(data: string | Uint8Array): this {
    this.socket.write(data);
    return this;
  }

  /** Waits until this gives a value. Undefined: the connection ended before. */
  async until<T>(look: () => T | undefined): Promise<T | undefined> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.ended) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async response(): Promise<RawResponse | undefined> {
    return this.until(() => {
      const text = this.received.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
      const headers = new Map(
        lines.map((line) => {
          const at = line.indexOf(':');
          return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
        }),
      );
      const length = Number(headers.get('content-length') ?? 0);
      if (this.received.length < end + 4 + length) return undefined;
      const body = this.received.subarray(end + 4, end + 4 + length).toString('utf8');
      this.received = this.received.subarray(end + 4 + length);
      return { status: Number(statusLine.split(' ')[1]), headers, body };
    });
  }

  async closed(): Promise<void> {
    await this.until(() => undefined);
  }

  close(): void {
    this.socket.destroy();
  }

  #end(): void {
    this.ended = true;
    this.#wake();
  }

  #wake(): void {
    this.#waiting.splice(0).forEach((wake) => wake());
  }
}

/** Sends a whole request and gives its response; undefined: closed without one. */
export async function rawRequest(port: number, request: string): Promise<RawResponse | undefined> {
  const connection = new RawConnection(port);
  const response = await connection.write(request).response();
  connection.close();
  return response;
}

export interface RawFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING_FRAME = 9;
export const PONG_FRAME = 10;

export class RawWebSocket extends RawConnection {
  /** Upgrades; gives the response where that was refused. */
  async upgrade(headers: Readonly<Record<string, string>> = {}): Promise<RawResponse | undefined> {
    const lines = Object.entries({
      host: 'auctions.test',
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.write(`GET /v1/ws HTTP/1.1\r\n${lines.join('')}\r\n`);
    return this.response();
  }

  sendFrame(opcode: number, payload: Uint8Array, fin = true): this {
    return this.write(frameBytes(opcode, payload, fin));
  }

  /** The next frame; undefined: the connection ended. */
  async frame(): Promise<RawFrame | undefined> {
    return this.until(() => {
      const { received } = this;
      if (received.length < 2) return undefined;
      const opcode = (received[0] as number) & 0x0f;
      let length = (received[1] as number) & 0x7f;
      let at = 2;
      if (length === 126) {
        if (received.length < 4) return undefined;
        length = received.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (received.length < 10) return undefined;
        length = Number(received.readBigUInt64BE(2));
        at = 10;
      }
      if (received.length < at + length) return undefined;
      const payload = Buffer.from(received.subarray(at, at + length));
      this.received = received.subarray(at + length);
      return { opcode, payload };
    });
  }

  /** Reads on until the close frame; its code. 1005: it has none, 1006: there was no frame. */
  async closeCode(): Promise<number> {
    for (;;) {
      const frame = await this.frame();
      if (frame === undefined) return 1006;
      if (frame.opcode !== CLOSE) continue;
      return frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0);
    }
  }
}

/** A masked frame, as clients send them. */
export function frameBytes(opcode: number, payload: Uint8Array, fin = true): Buffer {
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.from([0, length | 0x80])
      : length < 0x10000
        ? Buffer.from([0, 126 | 0x80, length >>> 8, length & 0xff])
        : Buffer.concat([Buffer.from([0, 127 | 0x80]), bigLength(length)]);
  head[0] = (fin ? 0x80 : 0) | opcode;
  const mask = randomBytes(4);
  const masked = Buffer.from(payload);
  for (let i = 0; i < masked.length; i++) {
    masked[i] = (masked[i] as number) ^ (mask[i & 3] as number);
  }
  return Buffer.concat([head, mask, masked]);
}

function bigLength(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}
