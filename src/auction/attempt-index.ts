/**
 * Finds the attempts with a given key without walking them all: an open-addressing table of entry
 * numbers that belongs to one attempt log. A table that fills up is replaced little by little, a
 * few entries a push, so that no single bid on a hot auction pays for moving a million of them.
 *
 *   a slot:  │ upper bits of the key │ entry + 1 │      0: empty
 *            32 ──────────────────── n ─────────── 0     for a table of 2^n slots
 *
 * A slot is found by the key's lower n bits. The upper ones are there so that a key that is not in
 * the log, and nearly every bid asks for one, is turned away without a look into the log itself.
 */

const SLOTS_FIRST = 64;
/** Up to here a table grows fourfold: fewer moves; beyond, twofold: less memory. */
const SLOTS_SMALL_MAX = 1 << 16;
/** Moved into the larger table with each push; 2 would just do, see `add`. */
const MOVES_PER_ADD = 8;

export class AttemptIndex {
  readonly #keyAt: (entry: number) => number;
  /** Entries with equal keys are met oldest first: nothing is deleted. */
  #slots: Uint32Array = new Uint32Array(SLOTS_FIRST);
  /** The larger table on its way, holding the first `#moved` entries. */
  #next: Uint32Array | null = null;
  #moved = 0;

  constructor(keyAt: (entry: number) => number) {
    this.#keyAt = keyAt;
  }

  /** Takes the next entry; entries come in order, from 0. */
  add(entry: number): void {
    const count = entry + 1;
    place(this.#slots, this.#keyAt(entry), entry);
    // Moving starts at the half and is over at four sevenths; towards the full, probes get long.
    if (this.#next === null && count * 2 >= this.#slots.length) {
      const factor = this.#slots.length < SLOTS_SMALL_MAX ? 4 : 2;
      this.#next = new Uint32Array(this.#slots.length * factor);
      this.#moved = 0;
    }
    if (this.#next !== null) this.#move(this.#next, count);
  }

  /** The entries with this key, oldest first, or null where there is none. */
  entriesWith(key: number): number[] | null {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let found: number[] | null = null;
    for (let at = key & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const slot = slots[at] as number;
      if (((slot ^ key) & ~mask) !== 0) continue;
      const entry = (slot & mask) - 1;
      if (this.#keyAt(entry) === key) (found ??= []).push(entry);
    }
    return found;
  }

  #move(next: Uint32Array, count: number): void {
    const to = Math.min(count, this.#moved + MOVES_PER_ADD);
    for (; this.#moved < to; this.#moved++) place(next, this.#keyAt(this.#moved), this.#moved);
    if (this.#moved < count) return;
    this.#slots = next;
    this.#next = null;
  }
}

/** Of a key its lowest 32 bits are used, which are as good as any (attempt-key.ts). */
function place(slots: Uint32Array, key: number, entry: number): void {
  const mask = slots.length - 1;
  let at = key & mask;
  while (slots[at] !== 0) at = (at + 1) & mask;
  slots[at] = (key & ~mask) | (entry + 1);
}
