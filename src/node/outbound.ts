/**
 * What a shard delivers to the main thread, as records in a ring. A record is
 *
 *   payload length u32 · kind u32 · to u32 · word u32 · extra doubles · payload
 *
 * where the word is an update's urgency, a subscription's request id or a notice's exception; with two
 * doubles for an update (fromSeq, seq) and five for a subscription (handle, epoch, seq,
 * fromEpoch, fromSeq) whose payload starts with the 22 bytes of the auction id.
 */
import { RINGS } from '../config/limits.ts';
import { AUCTION_ID_LENGTH } from '../auction/ids.ts';
import type { Deliveries, Subscription } from '../protocol/deliveries.ts';
import type { RingProducer } from './byte-ring.ts';
import { aligned } from './byte-ring.ts';

const REPLY = 1;
const SUBSCRIBED = 2;
const UPDATE = 3;
const NOTIFY = 4;

const HEADER_BYTES = 16;
const UPDATE_EXTRA_BYTES = 16;
const SUBSCRIBED_EXTRA_BYTES = 40;

/** The shard's end: deliveries become records. Blocks while the ring is full. */
export class OutboundWriter implements Deliveries {
  readonly #ring: RingProducer;

  constructor(ring: RingProducer) {
    this.#ring = ring;
  }

  begin(): void {
    // Records are published together at the end, or where the ring runs full.
  }

  reply(conn: number, bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#open(REPLY, conn, 0, 0, to - from);
    this.#ring.bytes(bytes, from, to);
  }

  notify(user: number, except: number, bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#open(NOTIFY, user, except, 0, to - from);
    this.#ring.bytes(bytes, from, to);
  }

  update(
    handle: number,
    fromSeq: number,
    seq: number,
    urgent: boolean,
    bytes: Uint8Array,
    from = 0,
    to = bytes.length,
  ): void {
    this.#open(UPDATE, handle, urgent ? 1 : 0, UPDATE_EXTRA_BYTES, to - from);
    this.#ring.double(fromSeq);
    this.#ring.double(seq);
    this.#ring.bytes(bytes, from, to);
  }

  subscribed(
    conn: number,
    subscription: Subscription,
    bytes: Uint8Array,
    from = 0,
    to = bytes.length,
  ): void {
    const { handle, epoch, seq, fromEpoch, fromSeq, auctionId, requestId } = subscription;
    const payload = new Uint8Array(AUCTION_ID_LENGTH + to - from);
    for (let i = 0; i < AUCTION_ID_LENGTH; i++) payload[i] = auctionId.charCodeAt(i);
    payload.set(bytes.subarray(from, to), AUCTION_ID_LENGTH);
    this.#open(SUBSCRIBED, conn, requestId, SUBSCRIBED_EXTRA_BYTES, payload.length);
    for (const value of [handle, epoch, seq, fromEpoch, fromSeq]) this.#ring.double(value);
    this.#ring.bytes(payload);
  }

  end(): void {
    this.#ring.publish();
  }

  #open(kind: number, to: number, word: number, extraBytes: number, payloadBytes: number): void {
    const size = HEADER_BYTES + extraBytes + aligned(payloadBytes);
    while (this.#ring.free < size) {
      this.#ring.publish();
      this.#ring.waitForRoom(RINGS.roomWaitMs);
    }
    this.#ring.word(payloadBytes);
    this.#ring.word(kind);
    this.#ring.word(to);
    this.#ring.word(word);
  }
}

/** The main thread's end: delivers the records in the first `count` bytes of its buffer. */
export class OutboundReader {
  readonly bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;

  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity);
    this.bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  deliver(count: number, deliveries: Deliveries): void {
    deliveries.begin();
    for (let at = 0; at < count;) at = this.#one(at, deliveries);
    deliveries.end();
  }

  #one(at: number, deliveries: Deliveries): number {
    const word = at >>> 2;
    const length = this.#words[word] as number;
    const kind = this.#words[word + 1] as number;
    const to = this.#words[word + 2] as number;
    const extra = this.#words[word + 3] as number;
    let from = at + HEADER_BYTES;
    if (kind === REPLY) deliveries.reply(to, this.bytes.subarray(from, from + length));
    else if (kind === NOTIFY) {
      deliveries.notify(to, extra, this.bytes.subarray(from, from + length));
    } else if (kind === UPDATE) {
      from += UPDATE_EXTRA_BYTES;
      const bytes = this.bytes.subarray(from, from + length);
      deliveries.update(to, this.#double(at, 0), this.#double(at, 1), extra === 1, bytes);
    } else {
      from += SUBSCRIBED_EXTRA_BYTES;
      this.#subscribed(at, to, extra, this.bytes.subarray(from, from + length), deliveries);
    }
    return from + aligned(length);
  }

  #subscribed(
    at: number,
    conn: number,
    requestId: number,
    payload: Uint8Array,
    deliveries: Deliveries,
  ): void {
    const subscription: Subscription = {
      requestId,
      auctionId: String.fromCharCode(...payload.subarray(0, AUCTION_ID_LENGTH)),
      handle: this.#double(at, 0),
      epoch: this.#double(at, 1),
      seq: this.#double(at, 2),
      fromEpoch: this.#double(at, 3),
      fromSeq: this.#double(at, 4),
    };
    deliveries.subscribed(conn, subscription, payload.subarray(AUCTION_ID_LENGTH));
  }

  #double(at: number, index: number): number {
    return this.#doubles[((at + HEADER_BYTES) >>> 3) + index] as number;
  }
}
