/**
 * Every bid command on one auction, in the order decided: what the bid history shows, what a
 * retraction recomputes from, and what recognises a repeated nonce. Most auctions have a few
 * entries and a hot one has millions, so entries are numbers in pages (nothing is copied when it
 * grows) and the look-up index appears only when a scan would be slow.
 *
 *   entries  0 ───────────── firstUnsaved ───────── count
 *            in the snapshot │ not, or changed since │
 *
 * Unsaved entries are either all new, or a retraction has moved `firstUnsaved` back into what had
 * been saved (`rewound`): a snapshot may write new ones piece by piece, but not those.
 */
import { assert } from '../lib/assert.ts';
import { AttemptIndex } from './attempt-index.ts';
import type { UserRef } from './ids.ts';
import type { Cents } from './money.ts';

export interface Attempt {
  readonly bidder: UserRef;
  /** Maximum or price bid; 0 for a retraction. */
  readonly amountCents: Cents;
  /** The price after it (accepted bids), else 0. */
  readonly priceCents: Cents;
  readonly atUs: number;
  /** The record in the log that has the details. */
  readonly recordSeq: number;
  /** attemptKey of bidder and nonce (attempt-key.ts). */
  readonly key: number;
  readonly standing: Standing;
}

/**
 * `stands`: counts. `retracted`: counted until it was taken back, or void with its auction.
 * `none`: refused, or not a bid.
 */
export type Standing = 'none' | 'stands' | 'retracted';

const STANDINGS: readonly Standing[] = ['none', 'stands', 'retracted'];
const STANDS = 1;
const RETRACTED = 2;

/** Numbers an entry takes: bidder × 4 + standing, amount, price, at, record, key. */
const STRIDE = 6;
const ENTRIES_FIRST = 2;
/** The first page doubles up to this; every further page has it from the start. */
const PAGE_BITS = 12;
const PAGE_ENTRIES = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_ENTRIES - 1;
/** Up to here a look-up walks the entries; beyond, an index answers. */
const SCAN_MAX = 16;

const NO_PAGES: Float64Array[] = [];
const NO_PAGE = new Float64Array(0);
const NO_ENTRIES: readonly number[] = [];

function standingNumber(standing: Standing): number {
  if (standing === 'none') return 0;
  return standing === 'stands' ? STANDS : RETRACTED;
}

export class AttemptLog {
  #pages = NO_PAGES;
  /** The page that the next entry goes into, if it has room: the last one. */
  #page: Float64Array = NO_PAGE;
  #count = 0;
  #firstUnsaved = 0;
  #rewound = false;
  /** Null while a scan does. */
  #index: AttemptIndex | null = null;

  get count(): number {
    return this.#count;
  }

  /** Entries from here on are not in the snapshot, or have changed since they were written. */
  get firstUnsaved(): number {
    return this.#firstUnsaved;
  }

  /**
   * Whether a saved entry has changed since everything was last marked saved. The stored entries
   * then fit the stored auction only together: both have to be replaced at once.
   */
  get rewound(): boolean {
    return this.#rewound;
  }

  /**
   * Everything below `count` is in the snapshot as it is now. Call it in the same turn as the
   * `slice` that was written: a retraction in between would be lost.
   */
  markSaved(count: number): void {
    assert(count >= this.#firstUnsaved && count <= this.#count, 'saved attempts out of range');
    this.#firstUnsaved = count;
    if (count === this.#count) this.#rewound = false;
  }

  /** Nothing is known to be in the snapshot as it is now. */
  forgetSaved(): void {
    this.#firstUnsaved = 0;
    this.#rewound = this.#count > 0;
  }

  push(attempt: Attempt): void {
    const page = this.#pageForNext();
    const at = (this.#count & PAGE_MASK) * STRIDE;
    page[at] = attempt.bidder * 4 + standingNumber(attempt.standing);
    page[at + 1] = attempt.amountCents;
    page[at + 2] = attempt.priceCents;
    page[at + 3] = attempt.atUs;
    page[at + 4] = attempt.recordSeq;
    page[at + 5] = attempt.key;
    this.#counted();
  }

  at(entry: number): Attempt {
    assert(entry >= 0 && entry < this.#count, 'attempt out of range');
    const head = this.#number(entry, 0);
    return {
      bidder: Math.floor(head / 4) as UserRef,
      standing: STANDINGS[head % 4] as Standing,
      amountCents: this.#number(entry, 1) as Cents,
      priceCents: this.#number(entry, 2) as Cents,
      atUs: this.#number(entry, 3),
      recordSeq: this.#number(entry, 4),
      key: this.#number(entry, 5),
    };
  }

  /** Whether the entry is a bid that stands. With bidderAt and amountAt: `at`, but no object. */
  standsAt(entry: number): boolean {
    return this.#number(entry, 0) % 4 === STANDS;
  }

  bidderAt(entry: number): UserRef {
    return Math.floor(this.#number(entry, 0) / 4) as UserRef;
  }

  amountAt(entry: number): Cents {
    return this.#number(entry, 1) as Cents;
  }

  /** The entries of this bidder that stand, oldest first. */
  standingOf(bidder: UserRef): readonly number[] {
    const head = bidder * 4 + STANDS;
    const found: number[] = [];
    for (let entry = 0; entry < this.#count; entry++) {
      if (this.#number(entry, 0) === head) found.push(entry);
    }
    return found;
  }

  /** The newest entry of this bidder that stands, or −1. */
  newestStandingOf(bidder: UserRef): number {
    const head = bidder * 4 + STANDS;
    for (let entry = this.#count - 1; entry >= 0; entry--) {
      if (this.#number(entry, 0) === head) return entry;
    }
    return -1;
  }

  /** Marks an entry that stood as retracted; the snapshot has to write it again. */
  retract(entry: number): void {
    assert(entry >= 0 && entry < this.#count, 'attempt out of range');
    assert(this.standsAt(entry), 'only a standing bid can be retracted');
    const page = this.#pages[entry >>> PAGE_BITS] as Float64Array;
    page[(entry & PAGE_MASK) * STRIDE] = this.bidderAt(entry) * 4 + RETRACTED;
    if (entry >= this.#firstUnsaved) return;
    this.#firstUnsaved = entry;
    this.#rewound = true;
  }

  /**
   * Record numbers of the entries with this key, oldest first: none for a new nonce, one for a
   * repeated one, more only where keys collide.
   */
  recordsWithKey(key: number): readonly number[] {
    const found = this.#index === null ? this.#scan(key) : this.#index.entriesWith(key);
    if (found === null) return NO_ENTRIES;
    for (let i = 0; i < found.length; i++) found[i] = this.#number(found[i] as number, 4);
    return found;
  }

  /** The plain numbers of entries `from` up to `to`, for a snapshot. */
  slice(from: number, to: number): Float64Array {
    assert(from >= 0 && from <= to && to <= this.#count, 'attempts out of range');
    const numbers = new Float64Array((to - from) * STRIDE);
    for (let entry = from; entry < to;) {
      const within = entry & PAGE_MASK;
      const some = Math.min(to - entry, PAGE_ENTRIES - within);
      const page = this.#pages[entry >>> PAGE_BITS] as Float64Array;
      numbers.set(
        page.subarray(within * STRIDE, (within + some) * STRIDE),
        (entry - from) * STRIDE,
      );
      entry += some;
    }
    return numbers;
  }

  /** Appends what `slice` gave, but no more entries than make `count` of them. */
  appendUpTo(numbers: Float64Array, count: number): void {
    assert(numbers.length % STRIDE === 0, 'attempts come in whole entries');
    const end = Math.min(numbers.length, (count - this.#count) * STRIDE);
    for (let at = 0; at < end; at += STRIDE) {
      const page = this.#pageForNext();
      page.set(numbers.subarray(at, at + STRIDE), (this.#count & PAGE_MASK) * STRIDE);
      this.#counted();
    }
  }

  #number(entry: number, column: number): number {
    const page = this.#pages[entry >>> PAGE_BITS] as Float64Array;
    return page[(entry & PAGE_MASK) * STRIDE + column] as number;
  }

  #scan(key: number): number[] | null {
    let found: number[] | null = null;
    for (let entry = 0; entry < this.#count; entry++) {
      if (this.#number(entry, 5) === key) (found ??= []).push(entry);
    }
    return found;
  }

  /** The next entry has been written: counts it and makes it findable. */
  #counted(): void {
    this.#count += 1;
    if (this.#index !== null) this.#index.add(this.#count - 1);
    else if (this.#count > SCAN_MAX) this.#startIndex();
  }

  #startIndex(): void {
    const index = new AttemptIndex((entry) => this.#number(entry, 5));
    for (let entry = 0; entry < this.#count; entry++) index.add(entry);
    this.#index = index;
  }

  #pageForNext(): Float64Array {
    const within = this.#count & PAGE_MASK;
    // A count that is a whole number of pages starts the next one, unless there is none yet.
    const isFull = within * STRIDE >= this.#page.length || (within === 0 && this.#count > 0);
    if (isFull) this.#page = this.#grow();
    return this.#page;
  }

  #grow(): Float64Array {
    if (this.#count >= PAGE_ENTRIES) {
      const added = new Float64Array(PAGE_ENTRIES * STRIDE);
      this.#pages.push(added);
      return added;
    }
    const grown = new Float64Array(Math.max(ENTRIES_FIRST * STRIDE, this.#page.length * 2));
    grown.set(this.#page);
    this.#pages = [grown];
    return grown;
  }
}
