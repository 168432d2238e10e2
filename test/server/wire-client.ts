/**
 * A plain client on Node's own WebSocket: every frame as it came, nothing sent twice by itself,
 * nothing hidden. What a test wants to know about the server, no helpful client may smooth over.
 */
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import type { Message } from '../../src/protocol/message.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface Received {
  readonly name: string;
  readonly fields: Fields;
  /** The frame's bytes, or its text. */
  readonly raw: string;
  /** When it came, milliseconds since 1970. */
  readonly atMs: number;
}

/** The connection ended before the answer came. */
export class ConnectionLost extends Error {
  override name = 'ConnectionLost';
}

export class WireClient {
  /** Everything that is no answer, in the order in which it came. */
  readonly pushed: Received[] = [];
  closeCode: number | null = null;
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #json: boolean;
  readonly #waiting = new Map<number, PromiseWithResolvers<Received>>();
  readonly #writer = new MsgpackWriter();
  readonly #opened: Promise<void>;

  private constructor(url: string, json: boolean) {
    this.#json = json;
    this.#socket = new WebSocket(
      `${url.replace(/^http/, 'ws')}/v1/ws`,
      json ? 'gavel.v1.json' : 'gavel.v1.msgpack',
    );
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('message', (event) => this.#take(event.data));
    this.#opened = new Promise((resolve) => {
      this.#socket.addEventListener('open', () => resolve());
    });
    this.closed = new Promise((resolve) => {
      this.#socket.addEventListener('close', ({ code }) => {
        this.closeCode = code;
        for (const { reject } of this.#waiting.values()) reject(new ConnectionLost());
        this.#waiting.clear();
        resolve(code);
      });
    });
  }

  /** A connection; signed in where a token is given. @throws ConnectionLost */
  static async connect(url: string, token: string | null, json = false): Promise<WireClient> {
    const client = new WireClient(url, json);
    await Promise.race([client.#opened, client.closed]);
    if (client.closeCode !== null) throw new ConnectionLost();
    if (token === null) return client;
    const answer = await client.ask(HELLO, {
      id: 0xffff_ffff,
      token,
      client: 'test',
      feed: true,
      after: null,
    });
    if (answer.name !== 'welcome') throw new Error(`hello was refused: ${answer.raw}`);
    return client;
  }

  /** Sends it and gives what answers its id. @throws ConnectionLost */
  ask<T extends { readonly id: number }>(message: Message<T>, value: T): Promise<Received> {
    const waiting = Promise.withResolvers<Received>();
    if (this.closeCode !== null) waiting.reject(new ConnectionLost());
    else {
      this.#waiting.set(value.id, waiting);
      this.#send(message, value);
    }
    return waiting.promise;
  }

  /** The first push that came and fits; waits for it. */
  async push(fits: (received: Received) => boolean, limitMs = 10_000): Promise<Received> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const found = this.pushed.find(fits);
      if (found !== undefined) return found;
      if (performance.now() > deadline) {
        const got = this.pushed.map(({ name, raw }) => `${name} ${this.#json ? raw : ''}`);
        throw new Error(`no such push within ${limitMs} ms, only: ${got.join(', ')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Any text, whatever the sub-protocol. */
  sendText(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.close();
  }

  #send<T>(message: Message<T>, value: T): void {
    if (this.#json) {
      this.#socket.send(JSON.stringify(message.toNamed(value)));
      return;
    }
    this.#writer.clear();
    message.write(this.#writer, value);
    this.#socket.send(this.#writer.copy());
  }

  #take(data: unknown): void {
    const received = this.#json ? fromText(data as string) : fromBytes(data as ArrayBuffer);
    const id = received.fields['id'];
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined;
    if (waiting === undefined) {
      this.pushed.push(received);
      return;
    }
    this.#waiting.delete(id as number);
    waiting.resolve(received);
  }
}

function fromText(raw: string): Received {
  const { type, ...fields } = JSON.parse(raw) as { type: string } & Record<string, unknown>;
  return { name: type, fields, raw, atMs: Date.now() };
}

function fromBytes(data: ArrayBuffer): Received {
  const bytes = new Uint8Array(data);
  const { message, value } = decodeFrame(bytes);
  const raw = Buffer.from(bytes).toString('hex');
  return { name: message.name, fields: value as Fields, raw, atMs: Date.now() };
}

export interface RestAnswer {
  readonly status: number;
  readonly text: string;
  readonly body: Fields;
}

/** A REST request with a JSON body. @throws ConnectionLost */
export async function rest(
  url: string,
  token: string,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
): Promise<RestAnswer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const init: RequestInit = { method, headers };
  if (body !== undefined) init.body = JSON.stringify(body);
  try {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    return { status: response.status, text, body: JSON.parse(text) as Fields };
  } catch (error) {
    throw new ConnectionLost(undefined, { cause: error });
  }
}

/** Lists an auction and gives what the server says of it. */
export async function list(url: string, token: string, over: object = {}): Promise<Fields> {
  const { status, text, body } = await rest(url, token, 'POST', '/v1/auctions', {
    title: 'Brass lamp',
    currency: 'USD',
    startPriceCents: 1000,
    endsAtMs: Date.now() + 3_600_000,
    fatFingerFactor: 0,
    ...over,
  });
  if (status !== 201) throw new Error(`listing: ${status} ${text}`);
  return body;
}

/** The whole bid history, newest first. */
export async function bidsOf(url: string, token: string, auctionId: string): Promise<BidFields[]> {
  const bids: BidFields[] = [];
  for (let before = ''; ;) {
    const path = `/v1/auctions/${auctionId}/bids?limit=100${before}`;
    const { status, text, body } = await rest(url, token, 'GET', path);
    if (status !== 200) throw new Error(`bids: ${status} ${text}`);
    bids.push(...(body['bids'] as BidFields[]));
    const next = body['next'];
    if (typeof next !== 'number') return bids;
    before = `&before=${next}`;
  }
}

/** An entry of the bid history as REST shows it. */
export interface BidFields {
  readonly entry: number;
  readonly bidder: string;
  readonly priceCents: number;
  readonly atMs: number;
  readonly retracted: boolean;
  readonly record: number;
}
