/**
 * Whether the server is in watch-only mode, as far as this client was told. A connection is told when
 * the mode begins and ends, and soon after it opened where it is on; never where it is as usual. So
 * what was on and is not told again after a reconnect is over.
 *
 *   told on ──▶ on ──▶ a new connection ── not told again in time ──▶ off
 *                ▲ ◀────────────── told on ────────┘
 */
import type { Mode } from '../protocol/messages/mode.ts';
import type { Timers } from './timers.ts';
import { Alarm } from './timers.ts';

export interface ModeEvent {
  /** Bids go on; who is not signed in gets updates less often. */
  readonly watchOnly: boolean;
  /** Updates of one auction come so often at most; 0: each. Null: not said. */
  readonly updateMs: number | null;
}

/** The server looks at every connection a few times a second. */
const TOLD_WITHIN_MS = 3_000;

export class ServerMode {
  readonly #changed: (mode: ModeEvent) => void;
  readonly #timers: Timers;
  readonly #notTold: Alarm;
  #mode: ModeEvent = { watchOnly: false, updateMs: null };

  constructor(timers: Timers, changed: (mode: ModeEvent) => void) {
    this.#timers = timers;
    this.#changed = changed;
    this.#notTold = new Alarm(timers, () => this.#is({ watchOnly: false, updateMs: null }));
  }

  get watchOnly(): boolean {
    return this.#mode.watchOnly;
  }

  told(mode: Mode): void {
    this.#notTold.clear();
    this.#is(mode);
  }

  opened(): void {
    if (this.watchOnly) this.#notTold.set(this.#timers.now() + TOLD_WITHIN_MS);
  }

  /** Nothing is known as long as there is no connection. */
  lost(): void {
    this.#notTold.clear();
  }

  /** Polls tell it again and again. */
  #is(mode: ModeEvent): void {
    const { watchOnly, updateMs } = this.#mode;
    this.#mode = mode;
    const isOther = watchOnly && mode.updateMs !== updateMs;
    if (mode.watchOnly !== watchOnly || (mode.watchOnly && isOther)) this.#changed(mode);
  }
}
