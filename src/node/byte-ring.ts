/**
 * A bounded queue of bytes from one thread to another, in shared memory: one producer, one
 * consumer, no locks and no copies by the runtime. Records are written whole and published whole;
 * the consumer gives room back only when it is done with them (a shard: after the commit), so
 * that a new consumer finds everything that the old one had not finished.
 *
 *        tail ─────────────▶ head
 *   ░░░░░│ not yet finished │░░░░░░░░░    both count bytes, modulo 2^32
 */
import { assert } from '../lib/assert.ts';

const HEAD = 0;
const TAIL = 1;
const CONSUMER_SLEEPS = 2;
const PRODUCER_SLEEPS = 3;
const CONTROL_WORDS = 16;

/** What both threads hold; may travel in a worker's data. */
export interface RingMemory {
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}

export function makeRing(bytes: number): RingMemory {
  assert(Number.isInteger(Math.log2(bytes)) && bytes >= 4096, 'a ring is a power of two bytes');
  return {
    control: new SharedArrayBuffer(CONTROL_WORDS * 4),
    data: new SharedArrayBuffer(bytes),
  };
}

/** Up to here a plain loop copies faster than the built-in. */
const SMALL_BYTES = 128;

/** Records start at multiples of this. */
export const RECORD_ALIGN = 8;

export function aligned(bytes: number): number {
  return (bytes + RECORD_ALIGN - 1) & ~(RECORD_ALIGN - 1);
}

export class RingProducer {
  readonly #control: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;
  readonly #mask: number;
  /** Written, not yet published. */
  #head: number;

  constructor(memory: RingMemory) {
    this.#control = new Int32Array(memory.control);
    this.#bytes = new Uint8Array(memory.data);
    this.#words = new Uint32Array(memory.data);
    this.#doubles = new Float64Array(memory.data);
    this.#mask = memory.data.byteLength - 1;
    this.#head = Atomics.load(this.#control, HEAD) >>> 0;
  }

  /** Bytes that the consumer has not finished. */
  get used(): number {
    return (this.#head - (Atomics.load(this.#control, TAIL) >>> 0)) >>> 0;
  }

  /** Bytes that the consumers have finished since the ring was made, modulo 2^32. */
  get finished(): number {
    return Atomics.load(this.#control, TAIL) >>> 0;
  }

  get free(): number {
    return this.#bytes.length - this.used;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  /**
   * The double so many bytes into the oldest record that is not finished; −1: all are. Only the
   * producer overwrites records, so what it reads here is whole even if the consumer just went on.
   */
  oldestDouble(offset: number): number {
    const tail = Atomics.load(this.#control, TAIL) >>> 0;
    if (tail === this.#head) return -1;
    return this.#doubles[((tail + offset) & this.#mask) >>> 3] as number;
  }

  word(value: number): void {
    this.#words[(this.#head & this.#mask) >>> 2] = value;
    this.#head = (this.#head + 4) >>> 0;
  }

  /** At a multiple of 8 only. */
  double(value: number): void {
    this.#doubles[(this.#head & this.#mask) >>> 3] = value;
    this.#head = (this.#head + 8) >>> 0;
  }

  /** Bytes, filled up to a multiple of 8. */
  bytes(value: Uint8Array, from = 0, to = value.length): void {
    const size = to - from;
    const at = this.#head & this.#mask;
    if (size <= SMALL_BYTES && at + size <= this.#bytes.length) {
      // Byte by byte: for a frame that is quicker than making a view of it.
      const bytes = this.#bytes;
      for (let i = 0; i < size; i++) bytes[at + i] = value[from + i] as number;
    } else this.#copy(value.subarray(from, to), at);
    this.#head = (this.#head + aligned(size)) >>> 0;
  }

  #copy(value: Uint8Array, at: number): void {
    const first = this.#bytes.length - at;
    if (value.length <= first) return this.#bytes.set(value, at);
    this.#bytes.set(value.subarray(0, first), at);
    this.#bytes.set(value.subarray(first), 0);
  }

  /** Shows the consumer everything written so far, and wakes it if it sleeps. */
  publish(): void {
    Atomics.store(this.#control, HEAD, this.#head | 0);
    if (Atomics.load(this.#control, CONSUMER_SLEEPS) === 1) Atomics.notify(this.#control, HEAD);
  }

  /** Blocks until the consumer gave room back, or the time is over. Not on the main thread. */
  waitForRoom(timeoutMs: number): void {
    const tail = Atomics.load(this.#control, TAIL);
    Atomics.store(this.#control, PRODUCER_SLEEPS, 1);
    Atomics.wait(this.#control, TAIL, tail, timeoutMs);
    Atomics.store(this.#control, PRODUCER_SLEEPS, 0);
  }
}

export class RingConsumer {
  readonly #control: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #mask: number;
  /** Copied out, not yet finished. */
  #read: number;

  constructor(memory: RingMemory) {
    this.#control = new Int32Array(memory.control);
    this.#bytes = new Uint8Array(memory.data);
    this.#mask = memory.data.byteLength - 1;
    // Whatever an earlier consumer did not finish comes again.
    this.#read = Atomics.load(this.#control, TAIL) >>> 0;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  /** Published and not yet copied out. */
  get available(): number {
    return ((Atomics.load(this.#control, HEAD) >>> 0) - this.#read) >>> 0;
  }

  /** Copies everything available to the start of `target`; returns how many bytes. */
  copyTo(target: Uint8Array): number {
    const count = this.available;
    if (count === 0) return 0;
    assert(count <= target.length, 'the target holds a full ring');
    const at = this.#read & this.#mask;
    const first = Math.min(count, this.#bytes.length - at);
    target.set(this.#bytes.subarray(at, at + first));
    if (first < count) target.set(this.#bytes.subarray(0, count - first), first);
    this.#read = (this.#read + count) >>> 0;
    return count;
  }

  /** Gives `count` bytes back to the producer: they are finished. */
  finish(count: number): void {
    const tail = ((Atomics.load(this.#control, TAIL) >>> 0) + count) >>> 0;
    Atomics.store(this.#control, TAIL, tail | 0);
    if (Atomics.load(this.#control, PRODUCER_SLEEPS) === 1) Atomics.notify(this.#control, TAIL);
  }

  /** Blocks until something is available or the time is over. Not on the main thread. */
  wait(timeoutMs: number): void {
    Atomics.store(this.#control, CONSUMER_SLEEPS, 1);
    Atomics.wait(this.#control, HEAD, this.#read | 0, timeoutMs);
    Atomics.store(this.#control, CONSUMER_SLEEPS, 0);
  }

  /** Resolves when something is available; for the main thread. */
  async waitAsync(): Promise<void> {
    Atomics.store(this.#control, CONSUMER_SLEEPS, 1);
    const waiting = Atomics.waitAsync(this.#control, HEAD, this.#read | 0);
    if (waiting.async) await waiting.value;
    Atomics.store(this.#control, CONSUMER_SLEEPS, 0);
  }
}
