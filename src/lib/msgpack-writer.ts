/**
 * Writes the part of MessagePack that Gavel speaks: nil, booleans, numbers, strings, bytes and
 * array headers, into one buffer that is reused. Our own because the shard writes answers and log
 * records back to back into buffers it owns, without a copy and without an object in between;
 * that is most of its work on the path of a bid. msgpackr checks it in the tests.
 */
import { assert } from './assert.ts';

const TWO_32 = 0x1_0000_0000;
const encoder = new TextEncoder();

export class MsgpackWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written since the last `clear`. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written; the memory stays. */
  clear(): void {
    this.#length = 0;
  }

  /** Takes back everything after this length. */
  truncate(length: number): void {
    assert(length >= 0 && length <= this.#length, 'can only truncate to what was written');
    this.#length = length;
  }

  /** A view of what was written from `from` on; good until the next write. */
  view(from = 0, to = this.#length): Uint8Array {
    return this.#bytes.subarray(from, to);
  }

  /** A copy of what was written. */
  copy(from = 0, to = this.#length): Uint8Array {
    return this.#bytes.slice(from, to);
  }

  nil(): void {
    this.#byte(0xc0);
  }

  bool(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2);
  }

  /** A whole number from 0 to 2^53 − 1, in its shortest form. */
  uint(value: number): void {
    const at = this.#reserve(9);
    const bytes = this.#bytes;
    if (value < 0x80) {
      assert(value >= 0, 'uint must not be negative');
      bytes[at] = value;
      this.#length = at + 1;
    } else if (value < 0x100) {
      bytes[at] = 0xcc;
      bytes[at + 1] = value;
      this.#length = at + 2;
    } else if (value < 0x10000) {
      bytes[at] = 0xcd;
      this.#view.setUint16(at + 1, value);
      this.#length = at + 3;
    } else if (value < TWO_32) {
      bytes[at] = 0xce;
      this.#view.setUint32(at + 1, value);
      this.#length = at + 5;
    } else {
      assert(Number.isSafeInteger(value), 'uint must be a safe whole number');
      bytes[at] = 0xcf;
      const high = Math.floor(value / TWO_32);
      this.#view.setUint32(at + 1, high);
      this.#view.setUint32(at + 5, value - high * TWO_32);
      this.#length = at + 9;
    }
  }

  /** A whole number that may be negative, down to −2^31. */
  int(value: number): void {
    if (value >= 0) return this.uint(value);
    assert(Number.isInteger(value) && value >= -0x8000_0000, 'int out of range');
    const at = this.#reserve(5);
    if (value >= -32) {
      this.#view.setInt8(at, value);
      this.#length = at + 1;
      return;
    }
    this.#bytes[at] = 0xd2;
    this.#view.setInt32(at + 1, value);
    this.#length = at + 5;
  }

  /** A double, always in 9 bytes. */
  float(value: number): void {
    const at = this.#reserve(9);
    this.#bytes[at] = 0xcb;
    this.#view.setFloat64(at + 1, value);
    this.#length = at + 9;
  }

  str(value: string): void {
    const units = value.length;
    if (units < 32 && this.#shortAscii(value, units)) return;
    // UTF-8 takes at most three bytes a UTF-16 unit.
    const at = this.#reserve(5 + units * 3);
    const size = encoder.encodeInto(value, this.#bytes.subarray(at + 5)).written;
    const headed = this.#strHeader(at, size);
    if (headed !== at + 5) this.#bytes.copyWithin(headed, at + 5, at + 5 + size);
    this.#length = headed + size;
  }

  bytes(value: Uint8Array): void {
    const size = value.length;
    const at = this.#reserve(5 + size);
    const headed = this.#header(at, size, 0xc4);
    this.#bytes.set(value, headed);
    this.#length = headed + size;
  }

  /** Header of an array: `count` values have to follow. */
  array(count: number): void {
    const at = this.#reserve(3);
    if (count < 16) {
      this.#bytes[at] = 0x90 | count;
      this.#length = at + 1;
      return;
    }
    assert(count < 0x10000, 'array too long');
    this.#bytes[at] = 0xdc;
    this.#view.setUint16(at + 1, count);
    this.#length = at + 3;
  }

  /** Bytes that are MessagePack already. */
  raw(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
    this.#length = at + value.length;
  }

  #byte(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
    this.#length = at + 1;
  }

  #shortAscii(value: string, units: number): boolean {
    const at = this.#reserve(1 + units);
    const bytes = this.#bytes;
    for (let i = 0; i < units; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[at + 1 + i] = unit;
    }
    bytes[at] = 0xa0 | units;
    this.#length = at + 1 + units;
    return true;
  }

  #strHeader(at: number, size: number): number {
    if (size < 32) {
      this.#bytes[at] = 0xa0 | size;
      return at + 1;
    }
    return this.#header(at, size, 0xd9);
  }

  /** The 8, 16 and 32 bit forms stand side by side for strings (0xd9) and for bytes (0xc4). */
  #header(at: number, size: number, form8: number): number {
    if (size < 0x100) {
      this.#bytes[at] = form8;
      this.#bytes[at + 1] = size;
      return at + 2;
    }
    if (size < 0x10000) {
      this.#bytes[at] = form8 + 1;
      this.#view.setUint16(at + 1, size);
      return at + 3;
    }
    this.#bytes[at] = form8 + 2;
    this.#view.setUint32(at + 1, size);
    return at + 5;
  }

  /** Makes room for `size` more bytes; returns where they start. */
  #reserve(size: number): number {
    const at = this.#length;
    if (at + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, at + size));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
