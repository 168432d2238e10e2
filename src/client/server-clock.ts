/**
 * The server's clock, told from here. A ping and its pong give an offset that is wrong by half the
 * round trip at most, so the quickest of the last few pongs counts. A tick can only be late: where
 * it proves the server to be further ahead than believed, the belief is corrected.
 */
interface Sample {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

/** Pongs that are remembered. */
const SAMPLES_MAX = 8;

export class ServerClock {
  readonly #nowMs: () => number;
  readonly #samples: Sample[] = [];
  #offsetMs = 0;
  #roundTripMs = Infinity;
  #known = false;

  /** @param nowMs the local clock that never runs back. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Server clock minus local clock; NaN before anything was heard. */
  get offsetMs(): number {
    return this.#known ? this.#offsetMs : NaN;
  }

  /** Of the quickest remembered ping; Infinity before the first pong. */
  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  /** How much longer than the quickest the slowest remembered ping took; 0 before the first pong. */
  get jitterMs(): number {
    const slowest = this.#samples.reduce((most, one) => Math.max(most, one.roundTripMs), 0);
    return this.#samples.length === 0 ? 0 : slowest - this.#roundTripMs;
  }

  /** Milliseconds since 1970 by the server's clock; NaN before anything was heard. */
  now(): number {
    return this.#known ? this.#nowMs() + this.#offsetMs : NaN;
  }

  /** A pong came just now, to a ping that was sent at `sentAtMs` of the local clock. */
  pong(sentAtMs: number, serverTimeMs: number): void {
    const nowMs = this.#nowMs();
    const roundTripMs = nowMs - sentAtMs;
    this.#samples.push({ offsetMs: serverTimeMs - (sentAtMs + nowMs) / 2, roundTripMs });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
    const best = this.#samples.reduce((a, b) => (b.roundTripMs <= a.roundTripMs ? b : a));
    this.#offsetMs = best.offsetMs;
    this.#roundTripMs = best.roundTripMs;
    this.#known = true;
  }

  /** The server's time came just now, unasked: from a tick or a welcome. */
  heard(serverTimeMs: number): void {
    const atLeastMs = serverTimeMs - this.#nowMs();
    if (!this.#known || atLeastMs > this.#offsetMs) this.#offsetMs = atLeastMs;
    this.#known = true;
  }

  /** A new connection, maybe to another server: what was measured before is not compared with. */
  restart(): void {
    this.#samples.length = 0;
    this.#roundTripMs = Infinity;
  }
}
