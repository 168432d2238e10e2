/**
 * Which transport the next line takes. Down after two bad lines in a row, because a single one is an
 * accident; up again when the better one has been tried beside the one in use.
 *
 *   WebSocket ──2 bad──▶ events ──2 bad──▶ polling        bad: could not be made, or broke at once
 *       ▲ ◀── a WebSocket opens ──┴──────────┘ │
 *       └── HTTP does not work either: it is not the transport
 *
 * The tries wait longer each time. Whoever polls tries events by taking them, since only a stream
 * that lives shows that streams are let through; one bad line leads back.
 */
import { HttpRequests } from './http-request.ts';
import { HttpSocket } from './http-socket.ts';
import type { Transport } from './options.ts';
import { newsByEvents, newsByPolls } from './news.ts';
import type { Timers } from './timers.ts';
import { Alarm } from './timers.ts';
import type { WebSocketLike } from './web-socket.ts';

export interface LadderSettings {
  /** From the best to the last. */
  readonly transports: readonly Transport[];
  readonly open: (url: string, protocol: string) => WebSocketLike;
  readonly base: string;
  readonly fetch: typeof fetch;
  readonly timers: Timers;
}

/** Bad lines in a row before the next transport is taken. */
const BAD_MAX = 2;
/** A line that lived so long was a good one; a silent stream is found within 15 s. */
const GOOD_AFTER_MS = 20_000;
const TRY_UP_MS = 30_000;
const TRY_UP_MS_MAX = 600_000;
const BROKEN = 1006;
const CLOSE_NORMAL = 1000;

export class Ladder {
  readonly #settings: LadderSettings;
  /** Leaves the line that is open for a new one. */
  readonly #move: () => void;
  readonly #tryUp: Alarm;
  #rung = 0;
  #bad = 0;
  #tryUpMs = TRY_UP_MS;
  #isClosed = false;
  /** What the newest line was opened with. */
  #url = '';
  #protocol = '';

  constructor(settings: LadderSettings, move: () => void) {
    this.#settings = settings;
    this.#move = move;
    this.#tryUp = new Alarm(settings.timers, () => this.#up());
  }

  get transport(): Transport {
    return this.#settings.transports[this.#rung] as Transport;
  }

  /** The next line. */
  open(url: string, protocol: string): WebSocketLike {
    this.#url = url;
    this.#protocol = protocol;
    const rung = this.#rung;
    const socket = this.#make();
    const { timers } = this.#settings;
    let openedAtMs: number | null = null;
    let isOver = false;
    const over = (code: number): void => {
      if (isOver || this.#isClosed) return;
      isOver = true;
      this.#tryUp.clear();
      if (rung !== this.#rung) return;
      const lived = openedAtMs === null ? 0 : timers.now() - openedAtMs;
      if (lived >= GOOD_AFTER_MS) this.#bad = 0;
      else if (openedAtMs === null || code === BROKEN) this.#wasBad(openedAtMs !== null);
    };
    socket.addEventListener('open', () => {
      openedAtMs = timers.now();
      if (rung > 0 && rung === this.#rung) this.#tryUp.set(openedAtMs + this.#tryUpMs);
      else this.#tryUpMs = TRY_UP_MS;
    });
    socket.addEventListener('close', ({ code }) => over(code));
    socket.addEventListener('error', () => over(BROKEN));
    return socket;
  }

  close(): void {
    this.#isClosed = true;
    this.#tryUp.clear();
  }

  #make(): WebSocketLike {
    const { open, base, fetch, timers } = this.#settings;
    const { transport } = this;
    if (transport === 'websocket') return open(this.#url, this.#protocol);
    const news = transport === 'events' ? newsByEvents : newsByPolls;
    return new HttpSocket(new HttpRequests(base, fetch), news, timers);
  }

  #wasBad(hadOpened: boolean): void {
    this.#bad += 1;
    if (this.transport !== 'websocket' && !hadOpened) {
      // Not even a request came through: nothing is known against what is better.
      this.#rung = 0;
      this.#bad = BAD_MAX - 1;
      return;
    }
    if (this.#bad < BAD_MAX) return;
    this.#bad = 0;
    this.#rung = Math.min(this.#rung + 1, this.#settings.transports.length - 1);
  }

  /** Tries a WebSocket beside the line in use, or else the transport that is next above it. */
  #up(): void {
    this.#tryUpMs = Math.min(this.#tryUpMs * 2, TRY_UP_MS_MAX);
    const { transports, open, timers } = this.#settings;
    const taken = this.#rung;
    const found = (works: boolean): void => {
      if (this.#isClosed || this.#rung !== taken) return;
      if (works) this.#take(0);
      else if (taken > 1) this.#take(taken - 1);
      else this.#tryUp.set(timers.now() + this.#tryUpMs);
    };
    if (transports[0] !== 'websocket') return found(false);
    const probe = open(this.#url, this.#protocol);
    let isDone = false;
    const done = (works: boolean): void => {
      if (isDone) return;
      isDone = true;
      probe.close(CLOSE_NORMAL);
      found(works);
    };
    probe.addEventListener('open', () => done(true));
    probe.addEventListener('error', () => done(false));
    probe.addEventListener('close', () => done(false));
  }

  #take(rung: number): void {
    this.#rung = rung;
    // What has been found, or is a trial, is given up after one bad line.
    this.#bad = BAD_MAX - 1;
    this.#move();
  }
}
