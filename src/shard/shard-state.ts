/**
 * Everything a shard knows that the log can rebuild: users, auctions, deadlines. It changes only
 * by applying events, whether they were just decided or come from the log.
 */
import type { Auction } from '../auction/auction.ts';
import type { AuctionEvent, AuctionListed, ShardEvent } from '../auction/events.ts';
import { begin, evolve } from '../auction/evolve.ts';
import type { AuctionId, AuctionRef, UserId, UserRef } from '../auction/ids.ts';
import { NOBODY } from '../auction/ids.ts';
import { nextDeadlineMs } from '../auction/lifecycle.ts';
import { assert, must } from '../lib/assert.ts';
import { AuctionIndex } from './auction-index.ts';
import { Deadlines } from './deadlines.ts';

export class ShardState {
  /** Index is the reference; 0 stays empty. */
  readonly #auctions: (Auction | undefined)[] = [undefined];
  readonly #index = new AuctionIndex();
  readonly #userIds: (UserId | undefined)[] = [undefined];
  readonly #usersById = new Map<UserId, UserRef>();
  readonly deadlines = new Deadlines();
  /** Auctions that changed since the last snapshot began, each once. */
  #changed: AuctionRef[] = [];
  #isChanged = new Uint8Array(1024);

  get auctionCount(): number {
    return this.#auctions.length - 1;
  }

  get userCount(): number {
    return this.#userIds.length - 1;
  }

  /** The reference that the next listing gets. */
  get nextAuction(): AuctionRef {
    return this.#auctions.length as AuctionRef;
  }

  get nextUser(): UserRef {
    return this.#userIds.length as UserRef;
  }

  auction(ref: AuctionRef): Auction {
    return must(this.#auctions[ref], 'auction reference without an auction');
  }

  auctionById(id: AuctionId): Auction | undefined {
    return this.#auctions[this.#index.findId(id)];
  }

  /** The auction whose id stands at `from` in a frame. */
  auctionAt(bytes: Uint8Array, from: number): Auction | undefined {
    return this.#auctions[this.#index.find(bytes, from)];
  }

  userById(id: UserId): UserRef {
    return this.#usersById.get(id) ?? NOBODY;
  }

  userId(ref: UserRef): UserId {
    return must(this.#userIds[ref], 'user reference without a user');
  }

  /** All auctions in the order of listing. */
  *auctions(): Iterable<Auction> {
    for (let ref = 1; ref < this.#auctions.length; ref++) yield this.auction(ref as AuctionRef);
  }

  apply(event: ShardEvent, recordSeq: number): void {
    switch (event.kind) {
      case 'UserIntroduced':
        return this.addUser(event.user, event.id);
      case 'AuctionListed':
        return this.#list(event, recordSeq);
      case 'StrayBidRefused':
        return;
      default:
        return this.#evolve(event, recordSeq);
    }
  }

  addUser(ref: UserRef, id: UserId): void {
    assert(ref === this.nextUser, 'users are numbered without holes');
    assert(!this.#usersById.has(id), 'a user has one number');
    this.#userIds.push(id);
    this.#usersById.set(id, ref);
  }

  /** Takes over an auction from a snapshot. */
  addAuction(auction: Auction): void {
    assert(auction.ref === this.nextAuction, 'auctions are numbered without holes');
    assert(this.#index.findId(auction.id) === 0, 'an auction has one number');
    this.#auctions.push(auction);
    this.#index.add(auction.id, auction.ref);
    this.#schedule(auction);
  }

  /** The auctions that changed since this was last asked; new ones in the order of listing. */
  takeChanged(): readonly AuctionRef[] {
    const changed = this.#changed;
    for (const ref of changed) this.#isChanged[ref] = 0;
    this.#changed = [];
    return changed;
  }

  /**
   * Every auction counts as changed, with all its attempts: nothing is known to be stored. In the
   * order of listing, also where some had changed already: a snapshot that is cut short must not
   * hold an auction without those before it.
   */
  forgetSaved(): void {
    this.takeChanged();
    for (const auction of this.auctions()) {
      auction.attempts.forgetSaved();
      this.#markChanged(auction.ref);
    }
  }

  #list(event: AuctionListed, recordSeq: number): void {
    this.addAuction(begin(event, recordSeq));
    this.#markChanged(event.auction);
  }

  #evolve(event: AuctionEvent, recordSeq: number): void {
    const auction = this.auction(event.auction);
    const before = nextDeadlineMs(auction);
    evolve(auction, event, recordSeq);
    if (nextDeadlineMs(auction) !== before) this.#schedule(auction);
    this.#markChanged(event.auction);
  }

  #schedule(auction: Auction): void {
    const next = nextDeadlineMs(auction);
    if (next !== Infinity) this.deadlines.add(next, auction.ref);
  }

  #markChanged(ref: AuctionRef): void {
    if (ref >= this.#isChanged.length) {
      const grown = new Uint8Array(Math.max(this.#isChanged.length * 2, ref + 1));
      grown.set(this.#isChanged);
      this.#isChanged = grown;
    }
    if (this.#isChanged[ref] === 1) return;
    this.#isChanged[ref] = 1;
    this.#changed.push(ref);
  }
}
