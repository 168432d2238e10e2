/**
 * One stream of Server-Sent Events, as the socket of a session: what a WebSocket of JSON would get,
 * each message an event with its type, its position as the id, and the message as data.
 *
 *   message ─▶ event ─▶ the library takes it? ── yes ─▶ out
 *                              │ no: the client reads too slowly
 *                              └▶ queue (bounded by sender.checkPace) ──onWritable──▶ out
 *
 * The answer's head leaves with the first message, so that an auction that does not exist is still
 * refused by a status.
 */
import type { Following, HttpSocket } from './following.ts';
import type { JsonMessage } from './local-topics.ts';
import { messageOf } from './local-topics.ts';
import type { HttpReply } from './socket.ts';

const SENT = 1;
const WAITS = 0;
const US_PER_MS = 1000;

export interface EventStreamOptions {
  readonly reply: HttpReply;
  readonly following: Following;
  /** Whether it follows one thing only: when that is refused, there is nothing to stream. */
  readonly isSingle: boolean;
  /** How often a quiet stream gets a comment. */
  readonly commentMs: number;
  /** How long a closed stream may take to be read to its end. */
  readonly lingerMs: number;
  /** The only auction was refused before anything was sent. */
  readonly refused: (message: JsonMessage) => void;
  /** The stream ended from our side. */
  readonly ended: () => void;
}

export class EventStream implements HttpSocket {
  readonly #options: EventStreamOptions;
  #commentAtUs = 0;
  #begun = false;
  /** The library's buffer is not empty. */
  #blocked = false;
  #queue: string[] = [];
  #queuedBytes = 0;
  #closing = false;
  /** Ended or aborted: the reply must not be touched. */
  #over = false;
  #lingers: NodeJS.Timeout | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  send(message: Uint8Array | string): number {
    const text = message as string;
    return this.deliver(messageOf(text), text);
  }

  deliver(message: JsonMessage, text: string): number {
    if (this.#over || this.#closing) return SENT;
    if (!this.#begun && message.type === 'refused' && this.#options.isSingle) {
      this.#over = true;
      this.#options.refused(message);
      return SENT;
    }
    const event = this.#event(message, text);
    return event === null ? SENT : this.#write(event);
  }

  getBufferedAmount(): number {
    return this.#queuedBytes;
  }

  subscribe(topic: string): boolean {
    return this.#options.following.join(topic, this);
  }

  unsubscribe(topic: string): boolean {
    return this.#options.following.leave(topic, this);
  }

  cork(sends: () => void): unknown {
    if (this.#over) return sends();
    return this.#options.reply.cork(sends);
  }

  ping(): number {
    return this.#over || this.#closing || this.#blocked ? SENT : this.#write(':\n\n');
  }

  /** Keeps a quiet stream open: the library cuts responses in which nothing moves. */
  sweep(nowUs: number): void {
    if (!this.#begun || nowUs < this.#commentAtUs) return;
    this.#commentAtUs = nowUs + this.#options.commentMs * US_PER_MS;
    this.ping();
  }

  end(): void {
    if (this.#closing || this.#over) return;
    this.#closing = true;
    this.#options.ended();
    if (this.#queue.length === 0) return this.#finish();
    this.#lingers = setTimeout(() => this.#cut(), this.#options.lingerMs);
  }

  /** The client has gone, or the stream is over: no topic knows it any more. */
  gone(): void {
    this.leaveTopics();
    this.#over = true;
    clearTimeout(this.#lingers);
  }

  leaveTopics(): void {
    this.#options.following.leaveAll(this);
  }

  /** The event; null where it tells the client nothing new. */
  #event(message: JsonMessage, text: string): string | null {
    const { following } = this.#options;
    if (!following.take(message)) return null;
    const retryMs = message.type === 'goodbye' ? message['reconnectAfterMs'] : undefined;
    const retry = typeof retryMs === 'number' ? `retry: ${retryMs}\n` : '';
    return `event: ${message.type}\nid: ${following.text}\n${retry}data: ${text}\n\n`;
  }

  #write(event: string): number {
    if (this.#blocked) {
      this.#queue.push(event);
      this.#queuedBytes += Buffer.byteLength(event);
      return WAITS;
    }
    const { reply } = this.#options;
    reply.cork(() => {
      if (!this.#begun) this.#begin();
      this.#blocked = !reply.write(event);
    });
    return this.#blocked ? WAITS : SENT;
  }

  #begin(): void {
    this.#begun = true;
    const { reply } = this.#options;
    reply.writeStatus('200 OK');
    reply.writeHeader('content-type', 'text/event-stream');
    reply.writeHeader('x-content-type-options', 'nosniff');
    reply.writeHeader('cache-control', 'no-store');
    // Proxies that collect answers would hold the events back.
    reply.writeHeader('x-accel-buffering', 'no');
    reply.onWritable(() => {
      this.#drain();
      return true;
    });
  }

  /** The library has sent what it held. */
  #drain(): void {
    if (this.#over) return;
    this.#blocked = false;
    let sent = 0;
    while (sent < this.#queue.length && !this.#blocked) {
      const event = this.#queue[sent++] as string;
      this.#queuedBytes -= Buffer.byteLength(event);
      this.#blocked = !this.#options.reply.write(event);
    }
    this.#queue = this.#queue.slice(sent);
    if (this.#closing && this.#queue.length === 0) this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#lingers);
    const { reply } = this.#options;
    reply.cork(() => {
      if (!this.#begun) reply.writeStatus('200 OK');
      // Asking the library to close would put a header into the body.
      reply.end('');
    });
  }

  #cut(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.reply.close();
  }
}
