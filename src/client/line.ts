/**
 * The line to the server: one WebSocket after another, so that the rest of the SDK sees a line
 * that is open or not.
 *
 *              start               open, hello, welcome
 *   idle ──────────────▶ connecting ────────────────────▶ open
 *                          ▲    │ failed                   │ lost, silent, closed below 3500
 *                          │    ▼                          │
 *              back-off ── waiting ◀───────────────────────┘
 *                               │ close(), closed from 3500 on, token refused, gave up
 *                               ▼
 *                            closed
 */
import type { Goodbye } from '../protocol/messages/goodbye.ts';
import { GOODBYE } from '../protocol/messages/goodbye.ts';
import { HEARD } from '../protocol/messages/heard.ts';
import { HELLO } from '../protocol/messages/hello.ts';
import type { Refused as RefusedMessage } from '../protocol/messages/refused.ts';
import { REFUSED } from '../protocol/messages/refused.ts';
import type { Tick } from '../protocol/messages/tick.ts';
import { TICK } from '../protocol/messages/tick.ts';
import type { Welcome } from '../protocol/messages/welcome.ts';
import { WELCOME } from '../protocol/messages/welcome.ts';
import { REFUSALS } from '../protocol/refusals.ts';
import { backoffMs } from './backoff.ts';
import type { GavelError } from './errors.ts';
import type { NoticePosition } from './feed-place.ts';
import { ConnectionClosed, Refused } from './errors.ts';
import type { ClientSettings } from './options.ts';
import { refusalInfo } from './refusal-info.ts';
import { Alarm } from './timers.ts';
import type { CloseReason, WebSocketLike } from './web-socket.ts';
import { OPEN } from './web-socket.ts';
import type { Frame, Received } from './wire.ts';
import { decode, encode } from './wire.ts';

export const SUB_PROTOCOL = 'gavel.v1.msgpack';

export type LineState = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';

export interface StateChange {
  readonly state: LineState;
  /** Why, for people; empty where all is well. */
  readonly reason: string;
  /** The close code of the connection that was lost; null: none, or no close frame came. */
  readonly closeCode: number | null;
  /** When `waiting`: how long. */
  readonly retryInMs: number | null;
}

export interface LineEvents {
  /** Where this client stands on the private feed. */
  noticesAfter(): NoticePosition | null;
  /** Commands may be sent. Null: not signed in, only for watching. */
  opened(welcome: Welcome | null): void;
  /** Notices may have been lost on the way to the server's gateway; told in the middle of a line. */
  noticesLost(welcome: Welcome): void;
  /** A message that is not the line's own. */
  received(message: Received): void;
  ticked(serverTimeMs: number): void;
  goodbye(goodbye: Goodbye): void;
  /** The connection is gone; a new one may come. */
  lost(): void;
  /** There will be no connection any more. */
  closed(error: GavelError): void;
  changed(change: StateChange): void;
  /** Something is wrong that the line lives with. */
  fault(error: Error): void;
}

/** Where the server has not said how often it ticks. */
const TICK_MS_DEFAULT = 25_000;
/** A line is dead when a tick is late by so much. */
const LATE_MS = 10_000;
/** A connection that lived this long was a good one: the next back-off starts low again. */
const GOOD_AFTER_MS = 10_000;
/** A new token is asked for this long before the old one ends. */
const RENEW_BEFORE_MS = 60_000;
/** Renewing more often than this would be a loop around a token that cannot be renewed. */
const RENEW_MS_MIN = 1_000;
const CLOSE_NORMAL = 1000;
/** What a WebSocket reports where the other side said nothing. */
const NO_CLOSE_FRAME = 1006;
const CLOSED_FOR_GOOD = { from: 3500, to: 3999 };

export class Line {
  readonly #settings: ClientSettings;
  readonly #events: LineEvents;
  readonly #newId: () => number;
  #state: LineState = 'idle';
  #socket: WebSocketLike | null = null;
  /** Counts attempts, so that what belongs to an earlier one is not taken for this one's. */
  #attempt = 0;
  /** What went wrong last, for people. */
  #trouble = '';
  /** Request id of the hello that is awaited; 0: none. */
  #helloId = 0;
  /** Whether this connection has been signed in. */
  #welcomed = false;
  #goodbye: Goodbye | null = null;
  #failures = 0;
  #openedAtMs = 0;
  #heardAtMs = 0;
  #tickMs = TICK_MS_DEFAULT;
  /** Since when there is no open connection. */
  #downSinceMs = 0;
  readonly #retry: Alarm;
  readonly #connectLimit: Alarm;
  readonly #silence: Alarm;
  readonly #renewal: Alarm;

  /** @param newId gives request ids. */
  constructor(settings: ClientSettings, newId: () => number, events: LineEvents) {
    const { timers } = settings;
    this.#settings = settings;
    this.#newId = newId;
    this.#events = events;
    this.#retry = new Alarm(timers, () => void this.#connect());
    this.#connectLimit = new Alarm(timers, () => this.#fail('connecting took too long'));
    this.#silence = new Alarm(timers, () => this.#checkSilence());
    this.#renewal = new Alarm(timers, () => void this.#renewToken());
  }

  get state(): LineState {
    return this.#state;
  }

  start(): void {
    this.#downSinceMs = this.#settings.timers.now();
    void this.#connect();
  }

  /** False: it cannot be sent now. */
  send(frame: Frame): boolean {
    return this.#state === 'open' && this.#put(frame);
  }

  /** Leaves this connection for a new one: a better one can be had. */
  move(): void {
    if (this.#state === 'open') this.#fail('a better transport can be had');
  }

  close(): void {
    this.#end(new ConnectionClosed('this client was closed'), null);
  }

  async #connect(): Promise<void> {
    const { timers, connectTimeoutMs, token, open, url } = this.#settings;
    const leftMs = this.#giveUpAtMs - timers.now();
    if (leftMs <= 0) return this.#end(new ConnectionClosed(`gave up: ${this.#trouble}`), null);
    this.#change('connecting');
    this.#connectLimit.set(timers.now() + Math.min(connectTimeoutMs, leftMs));
    const attempt = this.#attempt;
    try {
      const value = token === null ? null : await token();
      if (attempt !== this.#attempt || this.#state !== 'connecting') return;
      const socket = open(url, SUB_PROTOCOL);
      socket.binaryType = 'arraybuffer';
      this.#socket = socket;
      this.#attach(socket, value);
    } catch (error) {
      if (attempt !== this.#attempt || this.#state !== 'connecting') return;
      this.#events.fault(asError(error));
      this.#fail(asError(error).message);
    }
  }

  #attach(socket: WebSocketLike, token: string | null): void {
    const mine = (): boolean => this.#socket === socket;
    socket.addEventListener('open', () => {
      if (!mine()) return;
      this.#heardAtMs = this.#settings.timers.now();
      if (token === null) this.#open(null);
      else this.#hello(token);
    });
    socket.addEventListener('message', ({ data }) => {
      if (mine()) this.#receive(data);
    });
    socket.addEventListener('close', (reason) => {
      if (mine()) this.#closedByPeer(reason);
    });
    // Browsers send a close after it, with no more to say; Node sends none when connecting failed.
    socket.addEventListener('error', ({ message }) => {
      if (mine()) this.#closedByPeer({ code: NO_CLOSE_FRAME, reason: message ?? '' });
    });
  }

  #hello(token: string): void {
    const { client, feed } = this.#settings;
    this.#helloId = this.#newId();
    // A second hello only prolongs: nothing was missed.
    const after = feed && !this.#welcomed ? this.#events.noticesAfter() : null;
    try {
      this.#put(encode(HELLO, { id: this.#helloId, token, client, feed, after }));
    } catch (error) {
      // A token that is no token: the server would refuse it.
      this.#end(new ConnectionClosed(asError(error).message, null, { cause: error }), null);
    }
  }

  #open(welcome: Welcome | null): void {
    const { timers } = this.#settings;
    this.#connectLimit.clear();
    this.#openedAtMs = timers.now();
    this.#tickMs = welcome?.tickMs ?? TICK_MS_DEFAULT;
    this.#welcomed = welcome !== null;
    this.#checkSilence();
    this.#change('open');
    if (this.#state === 'open') this.#events.opened(welcome);
  }

  #receive(data: unknown): void {
    this.#heardAtMs = this.#settings.timers.now();
    let message: Received | null;
    try {
      message = decode(data);
    } catch (error) {
      return this.#events.fault(asError(error));
    }
    if (message === null) return;
    const { number, value } = message;
    switch (number) {
      case WELCOME.number:
        return this.#welcome(value as Welcome);
      case TICK.number: {
        const { serverTimeMs } = value as Tick;
        this.#put(encode(HEARD, { serverTimeMs }));
        return this.#events.ticked(serverTimeMs);
      }
      case GOODBYE.number:
        this.#goodbye = value as Goodbye;
        return this.#events.goodbye(this.#goodbye);
      case REFUSED.number:
        if (this.#helloId !== 0 && (value as RefusedMessage).id === this.#helloId) {
          return this.#helloRefused(value as RefusedMessage);
        }
    }
    this.#events.received(message);
  }

  #welcome(welcome: Welcome): void {
    if (welcome.id === 0) return this.#events.noticesLost(welcome);
    if (welcome.id !== this.#helloId) return;
    this.#helloId = 0;
    if (!this.#settings.tokenIsFixed) {
      const { timers } = this.#settings;
      const leftMs = welcome.expiresAtMs - welcome.serverTimeMs;
      const inMs = Math.max(leftMs / 2, leftMs - RENEW_BEFORE_MS);
      if (inMs >= RENEW_MS_MIN) this.#renewal.set(timers.now() + inMs);
      else this.#renewal.clear();
    }
    if (!this.#welcomed) this.#open(welcome);
  }

  #helloRefused(refused: RefusedMessage): void {
    this.#helloId = 0;
    const refusal = refusalInfo(refused);
    const error = new Refused(refusal);
    // Already signed in: the renewal did not work, and the old token lives a little longer.
    if (this.#welcomed) return this.#events.fault(error);
    const { code } = REFUSALS.TOKEN_EXPIRED;
    const mayChange = refusal.code === code && !this.#settings.tokenIsFixed;
    if (refusal.retryable || mayChange) this.#fail(error.message, refusal.retryAfterMs ?? 0);
    else this.#end(error, null);
  }

  /** Says hello again with a new token, before the old one ends. */
  async #renewToken(): Promise<void> {
    const attempt = this.#attempt;
    try {
      const token = await this.#settings.token?.();
      if (token === undefined || attempt !== this.#attempt || this.#state !== 'open') return;
      this.#hello(token);
    } catch (error) {
      this.#events.fault(asError(error));
    }
  }

  /** Any traffic is a sign of life; ticks come when there is nothing else. */
  #checkSilence(): void {
    const deadAtMs = this.#heardAtMs + this.#tickMs + LATE_MS;
    if (deadAtMs - this.#settings.timers.now() < 1) this.#fail('nothing was heard for too long');
    else this.#silence.set(deadAtMs);
  }

  #closedByPeer({ code, reason }: CloseReason): void {
    const said = reason || this.#goodbye?.reason || 'no reason given';
    const what = code === NO_CLOSE_FRAME ? 'broke' : `was closed (${code})`;
    const text = `the connection ${this.#state === 'open' ? what : 'could not be made'}: ${said}`;
    const forGood =
      (code >= CLOSED_FOR_GOOD.from && code <= CLOSED_FOR_GOOD.to) ||
      this.#goodbye?.reconnectAfterMs === null;
    if (forGood) this.#end(new ConnectionClosed(text, code), code);
    else {
      const closeCode = code === NO_CLOSE_FRAME ? null : code;
      this.#fail(text, this.#goodbye?.reconnectAfterMs ?? 0, closeCode);
    }
  }

  /** This connection is of no use any more; the next one comes after a while. */
  #fail(reason: string, waitAtLeastMs = 0, closeCode: number | null = null): void {
    if (this.#state === 'closed') return;
    const { timers, random, backoff } = this.#settings;
    const wasOpen = this.#state === 'open';
    const nowMs = timers.now();
    if (wasOpen) {
      if (nowMs - this.#openedAtMs >= GOOD_AFTER_MS) this.#failures = 0;
      this.#downSinceMs = nowMs;
    }
    this.#drop();
    const pauseMs = Math.max(waitAtLeastMs, backoffMs(this.#failures, random, backoff));
    const waitMs = Math.max(0, Math.min(pauseMs, this.#giveUpAtMs - nowMs));
    this.#failures += 1;
    this.#trouble = reason;
    this.#state = 'waiting';
    this.#retry.set(nowMs + waitMs);
    if (wasOpen) this.#events.lost();
    this.#change('waiting', reason, closeCode, waitMs);
  }

  get #giveUpAtMs(): number {
    return this.#downSinceMs + this.#settings.giveUpAfterMs;
  }

  #end(error: GavelError, closeCode: number | null): void {
    if (this.#state === 'closed') return;
    this.#drop();
    this.#retry.clear();
    this.#change('closed', error.message, closeCode);
    this.#events.closed(error);
  }

  /** Lets go of the socket: nothing that it still brings is listened to. */
  #drop(): void {
    const socket = this.#socket;
    this.#attempt += 1;
    this.#socket = null;
    this.#helloId = 0;
    this.#welcomed = false;
    this.#goodbye = null;
    this.#connectLimit.clear();
    this.#silence.clear();
    this.#renewal.clear();
    try {
      socket?.close(CLOSE_NORMAL);
    } catch {
      // It was never open; then there is nothing to close.
    }
  }

  #put(frame: Frame): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    try {
      this.#socket.send(frame);
      return true;
    } catch {
      // It is closing; its close event says so in a moment.
      return false;
    }
  }

  #change(
    state: LineState,
    reason = '',
    closeCode: number | null = null,
    retryInMs: number | null = null,
  ): void {
    this.#state = state;
    this.#events.changed({ state, reason, closeCode, retryInMs });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
