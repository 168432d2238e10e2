/**
 * Watch-only mode: under sustained overload, bids of those who are signed in go on as ever, and who
 * only watches, without a name, is told less often. Here is only when it is on:
 *
 *   order:  auto ───────────▶ level 1 reached: on;  level 0 reached: off
 *           normal ─────────▶ off, whatever happens
 *           watch-only ─────▶ on, whatever happens
 *
 *   level 0 ── each look that finds overload adds, each calm one takes away ──▶ 1
 *
 * It climbs in `watchOnlyAfterMs` and falls in `watchOnlyRecoveryMs`, so a short rush does nothing
 * and it does not flutter. Overload is where more than a share of what is asked is refused for the
 * age of the queues, or the main thread takes far too long for its rounds.
 */
import { OVERLOAD } from '../config/limits.ts';
import type { Mode } from '../protocol/messages/mode.ts';
import type { GatewayLimits } from './gateway-limits.ts';

const US_PER_MS = 1000;

/** What an operator wants. */
export const MODE_ORDERS = ['auto', 'normal', 'watch-only'] as const;
export type ModeOrder = (typeof MODE_ORDERS)[number];

/** What admission has counted since the start. */
export interface Demand {
  readonly asked: number;
  readonly refused: number;
}

export interface WatchOnlyOptions {
  readonly limits: Pick<
    GatewayLimits,
    | 'watchOnlyByItself'
    | 'watchOnlyAfterMs'
    | 'watchOnlyRecoveryMs'
    | 'watchOnlyTickMs'
    | 'conflationMs'
  >;
  readonly demand: () => Demand;
  /** It is on, or off, from now on. */
  readonly switched: (isOn: boolean, why: string) => void;
}

export class WatchOnly {
  readonly #options: WatchOnlyOptions;
  #order: ModeOrder = 'auto';
  #isOn = false;
  #level = 0;
  #switches = 0;
  #lastLookUs = 0;
  #seen: Demand = { asked: 0, refused: 0 };

  constructor(options: WatchOnlyOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  get order(): ModeOrder {
    return this.#order;
  }

  /** How often those who are not signed in are told of an auction at most; 0: with all the others. */
  get anonymousTickMs(): number {
    return this.#isOn ? this.#options.limits.watchOnlyTickMs : 0;
  }

  /** What a client is told of it: one that is signed in, or one that is not. */
  modeFor(isSignedIn: boolean): Mode {
    const { watchOnlyTickMs, conflationMs } = this.#options.limits;
    const updateMs = this.#isOn && !isSignedIn ? watchOnlyTickMs : conflationMs;
    return { watchOnly: this.#isOn, updateMs };
  }

  /** How near it is to switching: 0 to 1. */
  get level(): number {
    return this.#level;
  }

  /** How often it was switched on or off so far. */
  get switches(): number {
    return this.#switches;
  }

  /** From an operator; it holds until the next one, or the end of the process. */
  command(order: ModeOrder): void {
    this.#order = order;
    this.#judge(`by command: ${order}`);
  }

  /** Called about every `OVERLOAD.lookMs`. */
  look(nowUs: number): void {
    const { limits, demand } = this.#options;
    const first = this.#lastLookUs === 0;
    const passedMs = (nowUs - this.#lastLookUs) / US_PER_MS;
    this.#lastLookUs = nowUs;
    const { asked, refused } = demand();
    const before = this.#seen;
    this.#seen = { asked, refused };
    if (first) return;
    const share = (refused - before.refused) / Math.max(1, asked - before.asked);
    const refusesMany = share > OVERLOAD.watchOnlyShare;
    const isLate = passedMs > OVERLOAD.lookMs * OVERLOAD.lateFactor;
    // A machine that slept is late once, and not for as long as it slept.
    const weightMs = Math.min(passedMs, OVERLOAD.lookMs * OVERLOAD.lateFactor);
    const step =
      refusesMany || isLate
        ? weightMs / limits.watchOnlyAfterMs
        : -weightMs / limits.watchOnlyRecoveryMs;
    this.#level = Math.min(1, Math.max(0, this.#level + step));
    const percent = Math.round(share * 100);
    this.#judge(refusesMany ? `${percent} % refused` : isLate ? 'main thread late' : 'calm again');
  }

  #judge(why: string): void {
    const wanted = this.#wanted();
    if (wanted === this.#isOn) return;
    this.#isOn = wanted;
    this.#switches += 1;
    this.#options.switched(wanted, why);
  }

  #wanted(): boolean {
    if (this.#order !== 'auto') return this.#order === 'watch-only';
    if (!this.#options.limits.watchOnlyByItself || this.#level <= 0) return false;
    return this.#level >= 1 || this.#isOn;
  }
}
