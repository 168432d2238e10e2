/**
 * One long poll, as the socket of a session: a stream that ends with its first delivery.
 *
 *   snapshot ───────────────────────▶ answered: it alone, recovered: false
 *   welcome, not recovered ─────────▶ answered: nothing, recovered: false
 *   resumed, or such a welcome:
 *            ┬─ n missed ─▶ the n ──▶ answered: they, recovered: true
 *            └─ nothing ─▶ waits ─┬─ an update ──▶ answered: it
 *                                 └─ the time is over, a goodbye ──▶ answered: nothing new
 *   refused ────────────────────────▶ its status
 *   silence beyond time to answer ──▶ NOT_READY
 *
 * Every answer tells the mode of the server: nobody hears of it in between.
 */
import type { Mode } from '../protocol/messages/mode.ts';
import type { Following, HttpSocket } from './following.ts';
import type { JsonMessage } from './local-topics.ts';
import { messageOf } from './local-topics.ts';

const SENT = 1;
const US_PER_MS = 1000;

export interface PollOptions {
  readonly following: Following;
  readonly nowUs: () => number;
  readonly waitMs: number;
  /** What the answer calls that which is newer. */
  readonly list: 'updates' | 'notices';
  /** The mode of the server, as this client is told of it. */
  readonly mode: () => Mode;
  /** How long the shard may take to say where the auction stands. */
  readonly answerTimeoutMs: number;
  /** Ends the poll with this JSON. */
  readonly answered: (text: string) => void;
  /** Ends it with a refusal. */
  readonly refused: (message: JsonMessage) => void;
  readonly notReady: () => void;
}

export class Poll implements HttpSocket {
  readonly #options: PollOptions;
  #updates: string[] = [];
  /** Until the shard has said where the auction stands, nothing is known to be lost. */
  #recovered = true;
  /** Updates that were missed and are about to come. */
  #missed = 0;
  /** Nothing was missed: the next update is what the client waits for. */
  #waits = false;
  #deadlineUs: number;
  #over = false;

  constructor(options: PollOptions) {
    this.#options = options;
    this.#deadlineUs = options.nowUs() + options.answerTimeoutMs * US_PER_MS;
  }

  send(message: Uint8Array | string): number {
    const text = message as string;
    return this.deliver(messageOf(text), text);
  }

  deliver(message: JsonMessage, text: string): number {
    if (this.#over) return SENT;
    const { following, refused } = this.#options;
    switch (message.type) {
      case 'welcome':
        following.take(message);
        this.#recovered = message['recovered'] === true;
        if (this.#recovered) this.#resumed(message['missed'] as number);
        else this.#answer();
        break;
      case 'tick':
      case 'mode':
        break;
      case 'refused':
        this.#over = true;
        refused(message);
        break;
      case 'goodbye':
        this.#answer(message['reconnectAfterMs']);
        break;
      case 'resumed':
        this.#resumed(message['missed'] as number);
        break;
      case 'snapshot':
        this.#recovered = false;
        following.take(message);
        this.#updates.push(text);
        this.#answer();
        break;
      default:
        if (following.take(message)) this.#updates.push(text);
        if (this.#missed > 0) this.#missed -= 1;
        if (this.#missed === 0 && this.#updates.length > 0) this.#answer();
    }
    return SENT;
  }

  sweep(nowUs: number): void {
    if (this.#over || nowUs < this.#deadlineUs) return;
    if (this.#waits) return this.#answer();
    this.#over = true;
    this.#options.notReady();
  }

  /** What it holds is sent when it is whole; until then nothing waits for the client to read. */
  getBufferedAmount(): number {
    return 0;
  }

  subscribe(topic: string): boolean {
    return this.#options.following.join(topic, this);
  }

  unsubscribe(topic: string): boolean {
    return this.#options.following.leave(topic, this);
  }

  cork(sends: () => void): unknown {
    return sends();
  }

  ping(): number {
    return SENT;
  }

  end(): void {
    this.#answer();
  }

  gone(): void {
    this.#over = true;
    this.leaveTopics();
  }

  leaveTopics(): void {
    this.#options.following.leaveAll(this);
  }

  #resumed(missed: number): void {
    this.#missed = missed;
    if (missed > 0) return;
    const { waitMs, nowUs } = this.#options;
    if (waitMs === 0) return this.#answer();
    this.#waits = true;
    this.#deadlineUs = nowUs() + waitMs * US_PER_MS;
  }

  /** `retryAfterMs`: the server sends the client away. */
  #answer(retryAfterMs?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    const { following, nowUs, mode, list, answered } = this.#options;
    const head = JSON.stringify({
      position: following.text,
      recovered: this.#recovered,
      serverTimeMs: Math.floor(nowUs() / US_PER_MS),
      retryAfterMs: retryAfterMs ?? undefined,
      mode: mode(),
    });
    // The updates are JSON already.
    answered(`${head.slice(0, -1)},"${list}":[${this.#updates.join(',')}]}`);
  }
}
