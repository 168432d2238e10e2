/** A WebSocket client for tests: messages as values, in both encodings, and the close code. */
import { MSGPACK_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import type { Message } from '../../src/protocol/message.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { WELCOME } from '../../src/protocol/messages/welcome.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import { encode } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';

export type Named = Record<string, unknown> & { readonly type: string };

export class Client {
  readonly socket: WebSocket;
  /** Everything that came and was not taken, as JSON objects (of frames: with handles). */
  readonly received: Named[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #over = false;
  readonly #waiting: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      this.received.push(
        typeof data === 'string' ? (JSON.parse(data) as Named) : named(new Uint8Array(data)),
      );
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', ({ code, reason }) => {
        this.#over = true;
        resolve({ code, reason });
        this.#wake();
      });
    });
  }

  static async connect(port: number, protocol?: string): Promise<Client> {
    const url = `ws://127.0.0.1:${port}/v1/ws`;
    const socket = protocol === undefined ? new WebSocket(url) : new WebSocket(url, protocol);
    const client = new Client(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error('the upgrade was refused')));
    });
    return client;
  }

  /** Connected and signed in. */
  static async signedIn(
    fixture: Fixture,
    sub = 'ann',
    options: { protocol?: string; token?: string; feed?: boolean } = {},
  ): Promise<Client> {
    const client = await Client.connect(fixture.gateway.port, options.protocol ?? MSGPACK_PROTOCOL);
    const token = options.token ?? (await fixture.token(sub));
    client.send(HELLO, { id: 1, token, client: null, feed: options.feed ?? null, after: null });
    await client.next(WELCOME.name);
    return client;
  }

  send<T>(message: Message<T>, value: T): void {
    if (this.socket.protocol.endsWith('json')) {
      this.socket.send(JSON.stringify(message.toNamed(value)));
    } else {
      this.socket.send(encode(message, value));
    }
  }

  /** The next message; it has to be of this type if one is given. */
  async next(type?: string): Promise<Named> {
    while (this.received.length === 0) {
      if (this.#over) throw new Error(`closed while waiting for ${type ?? 'a message'}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const message = this.received.shift() as Named;
    if (type !== undefined && message.type !== type) {
      throw new Error(`expected ${type}, got ${JSON.stringify(message)}`);
    }
    return message;
  }

  #wake(): void {
    this.#waiting.splice(0).forEach((wake) => wake());
  }
}

function named(frame: Uint8Array): Named {
  const { message, value } = decodeFrame(frame);
  return message.toNamed(value) as Named;
}
