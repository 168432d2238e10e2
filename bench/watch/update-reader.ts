/**
 * Reads a bid_update where it stands in a read buffer, without allocating: two hundred thousand a
 * second arrive in one process.
 */
import { assert } from '../../src/lib/assert.ts';

const FIXED_ARRAY = 0x90;
/** Number, handle, seq, price, minimum, count, leader, reserve. */
const PARTS_WITHOUT_RANGE = 8;

export class UpdateReader {
  seq = 0;
  /** `seq` where the update stands for itself alone. */
  fromSeq = 0;
  currentPriceCents = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** The frame that starts at `from`; the reader itself holds what it says. */
  read(bytes: Uint8Array, from: number): this {
    const hasRange = bytes[from] === FIXED_ARRAY + PARTS_WITHOUT_RANGE + 1;
    assert(hasRange || bytes[from] === FIXED_ARRAY + PARTS_WITHOUT_RANGE, 'a bid_update');
    this.#bytes = bytes;
    this.#at = from + 2;
    this.#uint();
    this.seq = this.#uint();
    this.currentPriceCents = this.#uint();
    for (let i = 0; i < 3; i++) this.#uint();
    this.#at += 1;
    this.fromSeq = hasRange ? this.#uint() : this.seq;
    return this;
  }

  #uint(): number {
    const head = this.#bytes[this.#at++] as number;
    if (head < 0x80) return head;
    assert(head >= 0xcc && head <= 0xcf, 'a whole number');
    let value = 0;
    for (let left = 1 << (head - 0xcc); left > 0; left--) {
      value = value * 256 + (this.#bytes[this.#at++] as number);
    }
    return value;
  }
}
