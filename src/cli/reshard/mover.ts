/**
 * Deals the records of some logs out to others, by auction. An auction and all that happened on it
 * goes to the shard that owns it from now on, in the order in which it happened; auctions and users
 * are numbered anew there, a user just before the first record that names him.
 *
 *   batch of shard 1 ──▶ records ──▶ owner of the auction ──▶ batch of shard 0 ─┐ with the time of
 *                                                         └─▶ batch of shard 3 ─┘ the old batch
 */
import type { AuctionId, AuctionRef, UserId, UserRef } from '../../auction/ids.ts';
import { NOBODY } from '../../auction/ids.ts';
import type { Batch, Head, StoredBatch } from '../../journal/journal.ts';
import { readRecordWith } from '../../journal/record.ts';
import { must } from '../../lib/assert.ts';
import { MsgpackReader } from '../../lib/msgpack-reader.ts';
import { RecordBatch } from '../../shard/record-batch.ts';
import type { MovedEvent } from './renumber.ts';
import { renumbered } from './renumber.ts';

/** A log under way; LogBuilder is one. */
export interface NewLog {
  readonly head: Head;
  readonly lastAtUs: number;
  append(batch: Batch): void;
}

/** What the numbers of an old shard stand for. */
interface Source {
  readonly users: UserId[];
  /** By number of the auction: where it is now. */
  readonly auctions: (Place | undefined)[];
}

interface Place {
  readonly target: Target;
  readonly ref: AuctionRef;
}

export class Mover {
  readonly #sources: readonly Source[];
  readonly #targets: readonly Target[];
  readonly #ownerOf: (auctionId: AuctionId) => number;
  readonly #reader = new MsgpackReader();
  #moved = 0;
  #auctions = 0;

  /** @param epoch of everything that is written, because its numbers are new. */
  constructor(
    sources: number,
    logs: readonly NewLog[],
    epoch: number,
    ownerOf: (auctionId: AuctionId) => number,
  ) {
    this.#sources = Array.from({ length: sources }, () => ({ users: [], auctions: [] }));
    this.#targets = logs.map((log) => new Target(log, epoch));
    this.#ownerOf = ownerOf;
  }

  /** Records so far, but for those that only say who a user is. */
  get moved(): number {
    return this.#moved;
  }

  get auctions(): number {
    return this.#auctions;
  }

  /** The next batch of an old shard. */
  take(shard: number, batch: StoredBatch): void {
    const source = must(this.#sources[shard], 'a shard there is');
    for (let i = 0; i < batch.count; i++) {
      const [from, to] = [batch.offsets[i] as number, batch.offsets[i + 1] as number];
      const event = readRecordWith(this.#reader, batch.bytes, from, to);
      if (event.kind === 'UserIntroduced') source.users[event.user] = event.id;
      else this.#move(source, event);
    }
    for (const target of this.#targets) target.commit(batch.atUs);
  }

  #move(source: Source, event: MovedEvent): void {
    this.#moved += 1;
    if (event.kind === 'StrayBidRefused') {
      return this.#targetOf(event.auctionId).add(event, 0 as AuctionRef, source);
    }
    if (event.kind === 'AuctionListed') {
      const target = this.#targetOf(event.id);
      source.auctions[event.auction] = { target, ref: target.nextAuction() };
      this.#auctions += 1;
    }
    const { target, ref } = must(source.auctions[event.auction], 'an auction is listed first');
    target.add(event, ref, source);
  }

  #targetOf(auctionId: AuctionId): Target {
    return must(this.#targets[this.#ownerOf(auctionId)], 'an owner is one of the shards');
  }
}

class Target {
  readonly #log: NewLog;
  readonly #batch: RecordBatch;
  readonly #users = new Map<UserId, UserRef>();
  #auctions = 0;

  constructor(log: NewLog, epoch: number) {
    this.#log = log;
    this.#batch = new RecordBatch(log, epoch);
  }

  nextAuction(): AuctionRef {
    this.#auctions += 1;
    return this.#auctions as AuctionRef;
  }

  add(event: MovedEvent, auction: AuctionRef, { users }: Source): void {
    const user = (ref: UserRef): UserRef =>
      ref === NOBODY ? ref : this.#user(must(users[ref], 'a user is introduced first'), event.atUs);
    this.#batch.add(renumbered(event, auction, user));
  }

  /** What has come together was one batch before as well. */
  commit(atUs: number): void {
    this.#batch.append(Math.max(atUs, this.#log.lastAtUs));
  }

  #user(id: UserId, atUs: number): UserRef {
    const known = this.#users.get(id);
    if (known !== undefined) return known;
    const user = (this.#users.size + 1) as UserRef;
    this.#users.set(id, user);
    this.#batch.add({ kind: 'UserIntroduced', atUs, user, id });
    return user;
  }
}
