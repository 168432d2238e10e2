/**
 * The states of a watch for one `for await` loop. A reader that is slower than the auction sees
 * the newest state and not those in between; with `every` they are kept for it, up to a bound.
 */
import { FellBehind } from './errors.ts';
import type { WatchState } from './state.ts';

type Next = IteratorResult<WatchState, undefined>;

interface Waiting {
  resolve(next: Next): void;
  reject(error: Error): void;
}

const DONE: Next = { done: true, value: undefined };

export class StateStream implements AsyncIterator<WatchState, undefined> {
  readonly #max: number;
  readonly #every: boolean;
  readonly #left: () => void;
  readonly #states: WatchState[] = [];
  readonly #waiting: Waiting[] = [];
  #over = false;
  #error: Error | null = null;

  /** @param left called when the loop is left. */
  constructor(every: boolean, max: number, left: () => void) {
    this.#every = every;
    this.#max = max;
    this.#left = left;
  }

  push(state: WatchState): void {
    if (this.#over) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting.resolve({ done: false, value: state });
    if (!this.#every) this.#states.length = 0;
    if (this.#states.length < this.#max) this.#states.push(state);
    else this.end(new FellBehind(`more than ${this.#max} states waited to be read`));
  }

  /** No more states come; those that wait are still given. */
  end(error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    for (const waiting of this.#waiting.splice(0)) this.#finish(waiting);
  }

  next(): Promise<Next> {
    const state = this.#states.shift();
    if (state !== undefined) return Promise.resolve({ done: false, value: state });
    return new Promise((resolve, reject) => {
      if (this.#over) this.#finish({ resolve, reject });
      else this.#waiting.push({ resolve, reject });
    });
  }

  return(): Promise<Next> {
    this.#states.length = 0;
    this.end(null);
    this.#left();
    return Promise.resolve(DONE);
  }

  /** An error is thrown once; after it the stream is simply over. */
  #finish(waiting: Waiting): void {
    const error = this.#error;
    this.#error = null;
    if (error === null) waiting.resolve(DONE);
    else waiting.reject(error);
  }
}
