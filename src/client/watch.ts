/** One watch of an auction: its newest state, its events, its loops. */
import { Emitter } from './emitter.ts';
import type { Off } from './emitter.ts';
import type { GavelError } from './errors.ts';
import { ConnectionClosed } from './errors.ts';
import type { WatchState } from './state.ts';
import { StateStream } from './state-stream.ts';

export interface WatchEvents {
  /** Every state; the events below say what made it, and carry it as well. */
  readonly state: WatchState;
  readonly snapshot: WatchState;
  readonly bid_update: WatchState;
  readonly extended: WatchState;
  readonly ended: WatchState;
  readonly auction_changed: WatchState;
  /** No more states come. Null: it was closed here. */
  readonly closed: GavelError | null;
}

export interface WatchOptions {
  /**
   * Loops see every state. Without it a slow loop sees the newest one only. A loop that is too
   * many states behind ends with FellBehind.
   */
  readonly every?: boolean;
}

export interface Watch extends AsyncIterable<WatchState, undefined> {
  readonly auctionId: string;
  /** The newest state; null before the first snapshot. */
  readonly state: WatchState | null;
  /** The first state. Rejects with Refused, for instance when there is no such auction. */
  readonly ready: Promise<WatchState>;
  /** @returns a function that takes the listener off again. */
  on<K extends keyof WatchEvents>(name: K, listener: (value: WatchEvents[K]) => void): Off;
  /** Starts with the state that is known. Leaving the loop closes the watch. */
  [Symbol.asyncIterator](): AsyncIterator<WatchState, undefined>;
  close(): void;
}

export class AuctionWatch implements Watch {
  readonly auctionId: string;
  readonly ready: Promise<WatchState>;
  readonly #first = Promise.withResolvers<WatchState>();
  readonly #every: boolean;
  readonly #statesMax: number;
  readonly #closing: (watch: AuctionWatch) => void;
  readonly #emitter = new Emitter<WatchEvents>();
  readonly #streams = new Set<StateStream>();
  #state: WatchState | null = null;
  #over = false;
  #error: GavelError | null = null;

  constructor(
    auctionId: string,
    every: boolean,
    statesMax: number,
    closing: (watch: AuctionWatch) => void,
  ) {
    this.auctionId = auctionId;
    this.#every = every;
    this.#statesMax = statesMax;
    this.#closing = closing;
    this.ready = this.#first.promise;
    // Whoever only uses the loop learns of an error there.
    this.ready.catch(() => {});
  }

  get state(): WatchState | null {
    return this.#state;
  }

  on<K extends keyof WatchEvents>(name: K, listener: (value: WatchEvents[K]) => void): Off {
    return this.#emitter.on(name, listener);
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchState, undefined> {
    const stream = new StateStream(this.#every, this.#statesMax, () => {
      this.#streams.delete(stream);
      this.close();
    });
    if (this.#state !== null) stream.push(this.#state);
    if (this.#over) stream.end(this.#error);
    else this.#streams.add(stream);
    return stream;
  }

  close(): void {
    if (this.#over) return;
    this.#closing(this);
    this.end(null);
  }

  /** The SDK's: a new state. */
  push(state: WatchState): void {
    if (this.#over) return;
    this.#state = state;
    this.#first.resolve(state);
    for (const stream of this.#streams) stream.push(state);
    this.#emitter.emit('state', state);
    this.#emitter.emit(state.change, state);
  }

  /** The SDK's: no more states come. */
  end(error: GavelError | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#first.reject(error ?? new ConnectionClosed('the watch was closed'));
    for (const stream of this.#streams) stream.end(error);
    this.#streams.clear();
    this.#emitter.emit('closed', error);
  }
}
