/**
 * The newest updates of one auction, for clients that come back: bounded in count and bytes, in one
 * growing buffer, because there may be a history for each of many thousand auctions.
 *
 *   base ──▶ [from..seq][from..seq] … [from..last]     without a gap; covers every position
 *                                                      from base to last
 */
const BYTES_MIN = 512;

interface Entry {
  readonly seq: number;
  readonly start: number;
  readonly end: number;
}

export class UpdateHistory {
  #base: number;
  #last: number;
  #entries: Entry[] = [];
  #bytes = new Uint8Array(0);
  #end = 0;
  readonly #updatesMax: number;
  readonly #bytesMax: number;

  constructor(seq: number, updatesMax: number, bytesMax: number) {
    this.#base = seq;
    this.#last = seq;
    this.#updatesMax = updatesMax;
    this.#bytesMax = bytesMax;
  }

  /** The newest position. */
  get last(): number {
    return this.#last;
  }

  get count(): number {
    return this.#entries.length;
  }

  /** Forgets everything and goes on at this position. */
  restart(seq: number): void {
    this.#base = seq;
    this.#last = seq;
    this.#entries = [];
    this.#end = 0;
  }

  /** Whether all that came after this position is here. */
  covers(seq: number): boolean {
    return seq >= this.#base && seq <= this.#last;
  }

  /** Keeps a copy of an update that stands for `fromSeq`..`seq`. */
  add(fromSeq: number, seq: number, bytes: Uint8Array): void {
    if (fromSeq !== this.#last + 1) this.restart(fromSeq - 1);
    this.#last = seq;
    if (bytes.length > this.#bytesMax) return this.restart(seq);
    if (this.#entries.length >= this.#updatesMax) this.#forget(this.#updatesMax >>> 1);
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#entries.push({ seq, start: this.#end, end: this.#end + bytes.length });
    this.#end += bytes.length;
  }

  /** How many updates came after a position that is covered. */
  countAfter(seq: number): number {
    let count = 0;
    while (count < this.#entries.length && this.#fromEnd(count).seq > seq) count += 1;
    return count;
  }

  /** The newest updates in order; views that are good until the next add. */
  forEachOfLast(count: number, each: (bytes: Uint8Array, seq: number) => void): void {
    for (let i = count - 1; i >= 0; i--) {
      const { seq, start, end } = this.#fromEnd(i);
      each(this.#bytes.subarray(start, end), seq);
    }
  }

  #fromEnd(i: number): Entry {
    return this.#entries[this.#entries.length - 1 - i] as Entry;
  }

  #makeRoom(size: number): void {
    if (this.#end + size <= this.#bytes.length) return;
    while (this.#live + size > this.#bytesMax) this.#forget((this.#entries.length + 1) >>> 1);
    const live = this.#live;
    const capacity = Math.max(BYTES_MIN, (live + size) * 2);
    const moved = capacity > this.#bytes.length ? new Uint8Array(capacity) : this.#bytes;
    const from = this.#end - live;
    moved.set(this.#bytes.subarray(from, this.#end));
    this.#bytes = moved;
    this.#entries = this.#entries.map(({ seq, start, end }) => ({
      seq,
      start: start - from,
      end: end - from,
    }));
    this.#end = live;
  }

  /** Bytes of the updates that are kept. */
  get #live(): number {
    return this.#end - (this.#entries[0]?.start ?? this.#end);
  }

  /** Forgets the oldest; half of them at once, so that it costs nothing on average. */
  #forget(count: number): void {
    const newestForgotten = this.#entries[count - 1];
    if (newestForgotten === undefined) return;
    this.#base = newestForgotten.seq;
    this.#entries.splice(0, count);
  }
}
