/**
 * The middle of a shard, that its desks share: state, the batch being decided, the outbox, the
 * clock. `record` is the only way in which anything changes:
 *
 *   desk ──decide──▶ event ──record──▶ batch (bytes for the log)
 *                                 └──▶ state (evolve)
 *                                 └──▶ watchers, private feed (outbox, held until the commit)
 */
import { WIRE } from '../config/limits.ts';
import type { Auction } from '../auction/auction.ts';
import type { AuctionEvent, ShardEvent } from '../auction/events.ts';
import type { AuctionId, AuctionRef, UserId, UserRef } from '../auction/ids.ts';
import { NOBODY } from '../auction/ids.ts';
import { due, nextDeadlineMs } from '../auction/lifecycle.ts';
import type { RuleSettings } from '../auction/settings.ts';
import type { Journal } from '../journal/journal.ts';
import type { Seq } from '../journal/seq.ts';
import { assert } from '../lib/assert.ts';
import { slotOf } from '../lib/slots.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import { REFUSALS } from '../protocol/refusals.ts';
import { REFUSED } from '../protocol/messages/refused.ts';
import { Feed } from './feed.ts';
import { Outbox } from './outbox.ts';
import { RecordBatch } from './record-batch.ts';
import type { ShardState } from './shard-state.ts';
import { Watchers } from './watchers.ts';

export interface CoreOptions {
  readonly index: number;
  /** Shards of this node: a handle is reference × shards + index. */
  readonly shards: number;
  readonly epoch: number;
  readonly journal: Journal;
  readonly state: ShardState;
  readonly settings: RuleSettings;
  /** Called for every auction that is another one now, before anybody is told. */
  readonly changed?: (auctionId: AuctionId) => void;
}

/** A user as the gateway knows it. */
interface Introduced {
  readonly number: number;
  readonly id: UserId;
  /** Whether the gateway keeps a private feed for the user. */
  hasFeed: boolean;
  /** NOBODY before the first command. */
  ref: UserRef;
}

export class ShardCore {
  readonly index: number;
  readonly shards: number;
  readonly epoch: number;
  readonly journal: Journal;
  readonly state: ShardState;
  readonly settings: RuleSettings;
  readonly batch: RecordBatch;
  readonly outbox = new Outbox();
  readonly watchers: Watchers;
  readonly feed: Feed;
  #nowUs: number;
  /** The users that the gateway introduced and has not forgotten, by the slot of its number. */
  readonly #changed: CoreOptions['changed'];
  readonly #introduced: (Introduced | undefined)[] = [];
  readonly #numbersByRef: number[] = [];
  /** The same, for those who have a private feed. */
  readonly #feedsByRef: number[] = [];

  constructor(options: CoreOptions) {
    this.index = options.index;
    this.shards = options.shards;
    this.epoch = options.epoch;
    this.journal = options.journal;
    this.state = options.state;
    this.settings = options.settings;
    this.#changed = options.changed;
    this.batch = new RecordBatch(options.journal, options.epoch);
    this.watchers = new Watchers(this);
    this.feed = new Feed(this);
    this.#nowUs = options.journal.lastAtUs;
  }

  /** The newest stamp taken: what time it is for every decision. Microseconds. */
  get nowUs(): number {
    return this.#nowUs;
  }

  get nowMs(): number {
    return Math.floor(this.#nowUs / 1000);
  }

  /** Time moves with the stamps, and never back. */
  advance(stampUs: number): void {
    if (stampUs > this.#nowUs) this.#nowUs = stampUs;
  }

  handleOf(ref: AuctionRef): number {
    return ref * this.shards + this.index;
  }

  refOf(handle: number): AuctionRef {
    assert(handle % this.shards === this.index, 'the handle belongs to another shard');
    return Math.floor(handle / this.shards) as AuctionRef;
  }

  introduce(number: number, id: UserId): void {
    const user = { number, id, hasFeed: false, ref: this.state.userById(id) };
    this.#introduced[slotOf(number)] = user;
    if (user.ref !== NOBODY) this.#note(user);
  }

  /** The gateway keeps a private feed for this user from now on, or no more. */
  keepFeed(number: number, keeps: boolean): void {
    const user = this.#introducedAs(number);
    user.hasFeed = keeps;
    if (user.ref !== NOBODY) this.#note(user);
  }

  /** Nothing more comes from this number, and nothing more is sent to it. */
  forget(number: number): void {
    const { ref } = this.#introducedAs(number);
    this.#introduced[slotOf(number)] = undefined;
    if (this.numberOf(ref) !== number) return;
    this.#numbersByRef[ref] = 0;
    this.#feedsByRef[ref] = 0;
  }

  /** The shard's reference for a gateway's user number; new users are recorded first. */
  userOfNumber(number: number): UserRef {
    const user = this.#introducedAs(number);
    if (user.ref !== NOBODY) return user.ref;
    user.ref = this.userOfId(user.id);
    this.#note(user);
    return user.ref;
  }

  /** As `userOfNumber` for somebody who only reads: whom this shard does not know stays NOBODY. */
  readerOfNumber(number: number): UserRef {
    if (number === 0) return NOBODY;
    const { ref, id } = this.#introducedAs(number);
    return ref === NOBODY ? this.state.userById(id) : ref;
  }

  #introducedAs(number: number): Introduced {
    const user = this.#introduced[slotOf(number)];
    assert(user !== undefined && user.number === number, 'a user number without an introduction');
    return user;
  }

  #note({ number, ref, hasFeed }: Introduced): void {
    this.#numbersByRef[ref] = number;
    this.#feedsByRef[ref] = hasFeed ? number : 0;
  }

  userOfId(id: UserId): UserRef {
    const known = this.state.userById(id);
    if (known !== NOBODY) return known;
    const user = this.state.nextUser;
    this.record({ kind: 'UserIntroduced', user, id, atUs: this.#nowUs });
    return user;
  }

  /** The gateway's number of a user, or 0 where the user has not been here in this run. */
  numberOf(ref: UserRef): number {
    return this.#numbersByRef[ref] ?? 0;
  }

  /** The same for a user with a private feed, 0 for one without. */
  feedOf(ref: UserRef): number {
    return this.#feedsByRef[ref] ?? 0;
  }

  record(event: ShardEvent): Seq {
    const seq = this.batch.add(event);
    this.state.apply(event, seq);
    if (this.#changed !== undefined && 'auction' in event && event.kind !== 'BidRefused') {
      this.#changed(this.state.auction(event.auction).id);
    }
    return seq;
  }

  /** Records events on one auction and tells whoever watches; returns the first record's number. */
  recordAll(events: readonly AuctionEvent[]): Seq {
    let first = 0 as Seq;
    for (const event of events) {
      this.watchers.willSee(event);
      const seq = this.record(event);
      if (first === 0) first = seq;
      const auction = this.state.auction(event.auction);
      this.watchers.saw(auction, event);
      this.feed.saw(auction, event);
    }
    return first;
  }

  /** Starts and ends this auction if that is due, before anything else is decided on it. */
  settle(auction: Auction): void {
    if (nextDeadlineMs(auction) * 1000 <= this.#nowUs) this.recordAll(due(auction, this.#nowUs));
  }

  refuse(conn: number, id: number, name: RefusalName, field?: string, reason?: string): void {
    REFUSED.write(this.outbox.writer, {
      id,
      code: REFUSALS[name].code,
      retryAfterMs: null,
      field: field?.slice(0, WIRE.refusedFieldCharsMax) ?? null,
      reason: reason?.slice(0, WIRE.refusedReasonCharsMax) ?? null,
    });
    this.outbox.reply(conn);
  }
}
