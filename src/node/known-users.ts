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
import { FORGET, INTRODUCE, pushInbound } from './inbound.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export type KnownUser = readonly [number: number, id: string];

export class KnownUsers {
  readonly #ids = new Map<number, string>();

  /** False: the ring is full. */
  introduce(ring: RingProducer, number: number, id: string, stampUs: number): boolean {
    const pushed = pushInbound(ring, INTRODUCE, 0, number, stampUs, encoder.encode(id));
    if (pushed) this.#ids.set(number, id);
    return pushed;
  }

  /** False: the ring is full. */
  forget(ring: RingProducer, number: number, stampUs: number): boolean {
    const id = encoder.encode(this.#ids.get(number) ?? '');
    const pushed = pushInbound(ring, FORGET, 0, number, stampUs, id);
    if (pushed) this.#ids.delete(number);
    return pushed;
  }

  /** Whom a thread has to know before it takes the first of the records that are not finished. */
  atStart(unfinished: InboundCursor): readonly KnownUser[] {
    const forgottenLater: KnownUser[] = [];
    const introducedLater = new Set<number>();
    while (unfinished.next()) {
      const { kind, user, bytes, payloadFrom, payloadTo } = unfinished;
      if (kind === INTRODUCE) introducedLater.add(user);
      if (kind !== FORGET || introducedLater.has(user)) continue;
      forgottenLater.push([user, decoder.decode(bytes.subarray(payloadFrom, payloadTo))]);
    }
    const known = [...this.#ids].filter(([number]) => !introducedLater.has(number));
    return [...known, ...forgottenLater];
  }
}
