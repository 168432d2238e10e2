/**
 * The bids of one connection that have not been answered: when each was sent (or was to be sent),
 * by request id. An answer that nothing waits for, or a second one, is an error of the server.
 */
import { FIRST_BID_ID } from './connection.ts';

const NONE = -1;

export class InFlight {
  readonly #sinceMs: Float64Array;
  readonly #mask: number;
  #nextId = FIRST_BID_ID;
  #count = 0;

  /** @param sizeBits so many bids (a power of two) may be between the oldest and the newest. */
  constructor(sizeBits: number) {
    this.#sinceMs = new Float64Array(2 ** sizeBits).fill(NONE);
    this.#mask = 2 ** sizeBits - 1;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether there is no place for another bid. */
  get isFull(): boolean {
    return (this.#sinceMs[this.#nextId & this.#mask] as number) !== NONE;
  }

  /** Request id for a bid that counts from `sinceMs`. */
  open(sinceMs: number): number {
    const id = this.#nextId;
    this.#sinceMs[id & this.#mask] = sinceMs;
    this.#nextId = id === 0x7fff_ffff ? FIRST_BID_ID : id + 1;
    this.#count += 1;
    return id;
  }

  /** Since when the answered bid counts. @throws where no bid with this id waits. */
  close(id: number): number {
    const sinceMs = this.#sinceMs[id & this.#mask] as number;
    if (sinceMs === NONE) throw new Error(`an answer for id ${id}, which waits for none`);
    this.#sinceMs[id & this.#mask] = NONE;
    this.#count -= 1;
    return sinceMs;
  }

  /** When each bid that still waits was sent. */
  waiting(): number[] {
    return [...this.#sinceMs].filter((sinceMs) => sinceMs !== NONE);
  }
}
