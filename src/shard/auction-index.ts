/**
 * Finds an auction by the bytes of its id, as they stand in a frame: an open-addressing table of
 * references, and the ids themselves side by side. A Map would need the id as a text for each bid,
 * and a text of its own for each auction.
 *
 *   slots  [ ref · 0 · ref … ]  ──▶  ids  [ 22 bytes │ 22 bytes │ … ]   by reference
 *
 * Ids are made by the gateway at random, so their own bytes scatter well enough; nobody chooses one.
 */
import { AUCTION_ID_LENGTH } from '../auction/ids.ts';
import type { AuctionId, AuctionRef } from '../auction/ids.ts';
import { assert } from '../lib/assert.ts';

const SLOTS_FIRST = 1 << 10;
/** Ids are kept in pages, so that none is ever copied. */
const PAGE_BITS = 12;
const PAGE_IDS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_IDS - 1;

export class AuctionIndex {
  #slots = new Uint32Array(SLOTS_FIRST);
  readonly #pages: Uint8Array[] = [];
  #count = 0;
  readonly #bytes = new Uint8Array(AUCTION_ID_LENGTH);

  /** Takes the next auction; references come in order, from 1. */
  add(id: AuctionId, ref: AuctionRef): void {
    assert(id.length === AUCTION_ID_LENGTH, 'an auction id has its length');
    assert(ref === this.#count + 1, 'auctions are numbered without holes');
    if ((ref & PAGE_MASK) === 0 || ref === 1) {
      this.#pages.push(new Uint8Array(PAGE_IDS * AUCTION_ID_LENGTH));
    }
    const page = this.#pages[ref >>> PAGE_BITS] as Uint8Array;
    const at = (ref & PAGE_MASK) * AUCTION_ID_LENGTH;
    for (let i = 0; i < AUCTION_ID_LENGTH; i++) page[at + i] = id.charCodeAt(i);
    this.#count += 1;
    if (this.#count * 2 > this.#slots.length) this.#grow();
    else this.#place(ref);
  }

  /** The auction whose id stands at `from`, or 0. */
  find(bytes: Uint8Array, from: number): AuctionRef | 0 {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hashOf(bytes, from) & mask; ; at = (at + 1) & mask) {
      const ref = slots[at] as number;
      if (ref === 0) return 0;
      if (this.#isAt(ref, bytes, from)) return ref as AuctionRef;
    }
  }

  /** The auction with this id, or 0. */
  findId(id: AuctionId): AuctionRef | 0 {
    if (id.length !== AUCTION_ID_LENGTH) return 0;
    const bytes = this.#bytes;
    for (let i = 0; i < AUCTION_ID_LENGTH; i++) {
      const unit = id.charCodeAt(i);
      if (unit > 0xff) return 0;
      bytes[i] = unit;
    }
    return this.find(bytes, 0);
  }

  #isAt(ref: number, bytes: Uint8Array, from: number): boolean {
    const page = this.#pages[ref >>> PAGE_BITS] as Uint8Array;
    const at = (ref & PAGE_MASK) * AUCTION_ID_LENGTH;
    for (let i = 0; i < AUCTION_ID_LENGTH; i++) if (page[at + i] !== bytes[from + i]) return false;
    return true;
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let ref = 1; ref <= this.#count; ref++) this.#place(ref);
  }

  #place(ref: number): void {
    const page = this.#pages[ref >>> PAGE_BITS] as Uint8Array;
    const mask = this.#slots.length - 1;
    let at = hashOf(page, (ref & PAGE_MASK) * AUCTION_ID_LENGTH) & mask;
    while (this.#slots[at] !== 0) at = (at + 1) & mask;
    this.#slots[at] = ref;
  }
}

/** All 22 bytes: four words and a half, mixed as in MurmurHash3. */
function hashOf(bytes: Uint8Array, from: number): number {
  let hash = 0;
  for (let at = from; at < from + AUCTION_ID_LENGTH - 2; at += 4) {
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    const word = low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    hash = Math.imul(hash ^ Math.imul(word, 0xcc9e2d51), 0x1b873593);
    hash ^= hash >>> 15;
  }
  const last = from + AUCTION_ID_LENGTH - 2;
  hash = Math.imul(hash ^ (bytes[last] as number) ^ ((bytes[last + 1] as number) << 8), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
