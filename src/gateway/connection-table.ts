/**
 * Numbers for connections (and for users), and who is behind them. A number is a slot and the slot's
 * generation (lib/slots.ts): replies that come back after a connection has gone find another
 * generation and reach nobody. Freed slots queue up, so that a number comes again only after 4,096 rounds over
 * all free slots; there are always a thousand.
 */
import { assert } from '../lib/assert.ts';
import { GENERATION_COUNT, generationOf, SLOT_COUNT_MAX, slotOf } from '../lib/slots.ts';
import type { Conn } from './shard-port.ts';

const FREE_SLOTS_MIN = 1024;

export class ConnectionTable<T> {
  readonly #entries: (T | undefined)[] = [];
  /** The whole number that is good for each slot at present. */
  readonly #numbers: number[] = [];
  /** Free slots, taken at the head; what stands before the head is spent. */
  #free: number[] = [];
  #head = 0;

  get count(): number {
    return this.#entries.length - (this.#free.length - this.#head);
  }

  /** Slots, taken or free: what `at` goes over. */
  get slots(): number {
    return this.#entries.length;
  }

  add(entry: T): Conn {
    if (this.#free.length - this.#head <= FREE_SLOTS_MIN) this.#grow();
    const slot = this.#free[this.#head++] as number;
    this.#entries[slot] = entry;
    return this.#numbers[slot] as number;
  }

  get(conn: Conn): T | undefined {
    const slot = slotOf(conn);
    return this.#numbers[slot] === conn ? this.#entries[slot] : undefined;
  }

  at(slot: number): T | undefined {
    return this.#entries[slot];
  }

  remove(conn: Conn): void {
    const slot = slotOf(conn);
    if (this.#numbers[slot] !== conn) return;
    this.#entries[slot] = undefined;
    const after = generationOf(conn) + 1;
    const generation = after === GENERATION_COUNT ? 1 : after;
    this.#numbers[slot] = generation * SLOT_COUNT_MAX + slot;
    this.#free.push(slot);
    if (this.#head > 4096 && this.#head * 2 > this.#free.length) {
      this.#free = this.#free.slice(this.#head);
      this.#head = 0;
    }
  }

  #grow(): void {
    const from = this.#entries.length;
    assert(from < SLOT_COUNT_MAX, 'the limits keep connections below the slots');
    for (let slot = from; slot < Math.min(from + FREE_SLOTS_MIN * 2, SLOT_COUNT_MAX); slot++) {
      this.#entries.push(undefined);
      // Generation 1 first, so that 0 is never the number of a connection.
      this.#numbers.push(SLOT_COUNT_MAX + slot);
      this.#free.push(slot);
    }
  }
}
