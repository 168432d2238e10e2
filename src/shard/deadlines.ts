/**
 * When something is due next: a binary heap of (time, auction). Entries are never removed early;
 * one whose auction has another deadline by now is skipped when it comes up. That keeps the
 * extension of an end cheap, and an end years away is just a number (no timer is involved).
 */
import type { AuctionRef } from '../auction/ids.ts';

export class Deadlines {
  #times = new Float64Array(1024);
  #refs = new Uint32Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The earliest time, in ms; Infinity when nothing is due ever. */
  get nextMs(): number {
    return this.#count === 0 ? Infinity : (this.#times[0] as number);
  }

  add(timeMs: number, ref: AuctionRef): void {
    if (this.#count === this.#times.length) this.#grow();
    let at = this.#count++;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if ((this.#times[parent] as number) <= timeMs) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#times[at] = timeMs;
    this.#refs[at] = ref;
  }

  /** Takes the earliest entry if it is due by `nowMs`; 0 if none is. */
  takeDue(nowMs: number): AuctionRef | 0 {
    if (this.#count === 0 || (this.#times[0] as number) > nowMs) return 0;
    const ref = this.#refs[0] as AuctionRef;
    this.#count -= 1;
    if (this.#count > 0) {
      this.#sink(this.#times[this.#count] as number, this.#refs[this.#count] as number);
    }
    return ref;
  }

  /**
   * Up to `max` entries that are due by `timeMs`. They are the top of the heap, so only these and
   * those just below them are looked at, level by level.
   */
  until(timeMs: number, max: number): readonly AuctionRef[] {
    const found: AuctionRef[] = [];
    const places = [0];
    for (let i = 0; i < places.length && found.length < max; i++) {
      const at = places[i] as number;
      if (at >= this.#count || (this.#times[at] as number) > timeMs) continue;
      found.push(this.#refs[at] as AuctionRef);
      places.push(at * 2 + 1, at * 2 + 2);
    }
    return found;
  }

  /** Puts an entry at the root and lets it sink to its place. */
  #sink(timeMs: number, ref: number): void {
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#count) break;
      const right = child + 1;
      if (right < this.#count && (this.#times[right] as number) < (this.#times[child] as number)) {
        child = right;
      }
      if ((this.#times[child] as number) >= timeMs) break;
      this.#move(child, at);
      at = child;
    }
    this.#times[at] = timeMs;
    this.#refs[at] = ref;
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number;
    this.#refs[to] = this.#refs[from] as number;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    this.#times = times;
    const refs = new Uint32Array(this.#refs.length * 2);
    refs.set(this.#refs);
    this.#refs = refs;
  }
}
