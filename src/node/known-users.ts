/**
 * Whom a shard's thread knows by number, kept on the main thread's side of its ring, so that a new
 * thread can go on where the old one died. Introductions and farewells travel in the ring, in order
 * with the frames that use the numbers:
 *
 *   tail ▶ │ frame of 7 │ forget 7 │ introduce 9 │ frame of 9 │ ◀ head
 *
 * A thread that starts at the tail here has to know 7 already, though the map says otherwise.
 */
import type { RingProducer } from './byte-ring.ts';
import type { InboundCursor } from './inbound.ts';
import { FEED, FORGET, INTRODUCE, pushInbound } from './inbound.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export type KnownUser = readonly [number: number, id: string, hasFeed: boolean];

const NO_BYTES = new Uint8Array(0);

export class KnownUsers {
  readonly #ids = new Map<number, string>();
  readonly #withFeed = new Set<number>();

  /** False: the ring is full. */
  introduce(ring: RingProducer, number: number, id: string, stampUs: number): boolean {
    const pushed = pushInbound(ring, INTRODUCE, 0, number, stampUs, encoder.encode(id));
    if (pushed) this.#ids.set(number, id);
    return pushed;
  }

  /** Whether a private feed is kept for a user who was introduced. False: the ring is full. */
  keepFeed(ring: RingProducer, number: number, keeps: boolean, stampUs: number): boolean {
    const pushed = pushInbound(ring, FEED, keeps ? 1 : 0, number, stampUs, NO_BYTES);
    if (pushed && keeps) this.#withFeed.add(number);
    else if (pushed) this.#withFeed.delete(number);
    return pushed;
  }

  /** False: the ring is full. */
  forget(ring: RingProducer, number: number, stampUs: number): boolean {
    const id = encoder.encode(this.#ids.get(number) ?? '');
    const pushed = pushInbound(ring, FORGET, 0, number, stampUs, id);
    if (!pushed) return false;
    this.#ids.delete(number);
    this.#withFeed.delete(number);
    return true;
  }

  /** Whom a thread has to know before it takes the first of the records that are not finished. */
  atStart(unfinished: InboundCursor): readonly KnownUser[] {
    const forgottenLater: KnownUser[] = [];
    const introducedLater = new Set<number>();
    while (unfinished.next()) {
      const { kind, user, bytes, payloadFrom, payloadTo } = unfinished;
      if (kind === INTRODUCE) introducedLater.add(user);
      if (kind !== FORGET || introducedLater.has(user)) continue;
      // Whatever was kept for him was given up as well.
      forgottenLater.push([user, decoder.decode(bytes.subarray(payloadFrom, payloadTo)), false]);
    }
    const known: KnownUser[] = [];
    for (const [number, id] of this.#ids) {
      if (!introducedLater.has(number)) known.push([number, id, this.#withFeed.has(number)]);
    }
    return [...known, ...forgottenLater];
  }
}
