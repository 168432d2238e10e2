/**
 * What the main thread tells a shard, as records in a ring. A record is
 *
 *   payload length u32 · kind u32 · connection u32 · user u32 · stamp f64 · payload, padded to 8
 */
import type { RingProducer } from './byte-ring.ts';
import { aligned } from './byte-ring.ts';

/** A frame of a client; payload: the frame. */
export const FRAME = 1;
/** The clock, while nothing else comes. */
export const TICK = 2;
/** Who a user number is; payload: the id in UTF-8. */
export const INTRODUCE = 3;
/** Nobody watches the handle (in `connection`) any more. */
export const UNWATCH = 4;
/** Commit, save, and end. */
export const STOP = 5;
/** A user number stands for nobody any more; payload: whom it stood for. */
export const FORGET = 6;
/** Gives back what an outage took; payload: since when, f64; the stamp is until when. */
export const CREDIT = 7;

/** A private feed is kept for the user from now on (`connection`: 1), or no more (0). */
export const FEED = 8;

export const INBOUND_HEADER_BYTES = 24;
/** Where the stamp stands in a record. */
export const STAMP_AT = 16;

/** Writes and publishes a record; false when there is no room. */
export function pushInbound(
  ring: RingProducer,
  kind: number,
  conn: number,
  user: number,
  stampUs: number,
  payload: Uint8Array,
): boolean {
  if (ring.free < INBOUND_HEADER_BYTES + aligned(payload.length)) return false;
  ring.word(payload.length);
  ring.word(kind);
  ring.word(conn);
  ring.word(user);
  ring.double(stampUs);
  ring.bytes(payload);
  ring.publish();
  return true;
}

/** Walks the records that were copied out of a ring. */
export class InboundCursor {
  readonly bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;
  #at = 0;
  #end = 0;
  #next = 0;

  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity);
    this.bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  /** Starts over on the first `count` bytes. */
  open(count: number): void {
    this.#next = 0;
    this.#end = count;
  }

  /** Steps to the next record; false at the end. */
  next(): boolean {
    if (this.#next >= this.#end) return false;
    this.#at = this.#next;
    this.#next += INBOUND_HEADER_BYTES + aligned(this.#word(0));
    return true;
  }

  /** Bytes of the records stepped over, the present one included. */
  get passed(): number {
    return this.#next;
  }

  get kind(): number {
    return this.#word(1);
  }

  get conn(): number {
    return this.#word(2);
  }

  get user(): number {
    return this.#word(3);
  }

  get stampUs(): number {
    return this.#doubles[(this.#at + STAMP_AT) >>> 3] as number;
  }

  get payloadFrom(): number {
    return this.#at + INBOUND_HEADER_BYTES;
  }

  get payloadTo(): number {
    return this.payloadFrom + this.#word(0);
  }

  #word(index: number): number {
    return this.#words[(this.#at >>> 2) + index] as number;
  }
}
