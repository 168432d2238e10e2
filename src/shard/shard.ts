/**
 * The single writer of its auctions. Frames come in with the stamp of their reading; each is
 * decided at once against the state in memory; `commit` makes the batch durable and then lets the
 * answers out. Knows nothing of threads, sockets or timers: whoever drives it calls
 *
 *   take(frame) … take(frame) · tick(stamp) ──▶ commit()      again and again
 *
 * A worker thread does (node/shard-worker.ts), and so do tests and the simulator.
 */
import { BATCH } from '../config/limits.ts';
import type { Auction } from '../auction/auction.ts';
import { CENTS_MAX } from '../auction/money.ts';
import type { UserId, UserRef } from '../auction/ids.ts';
import { NOBODY } from '../auction/ids.ts';
import type { Outage } from '../auction/outage.ts';
import { creditOf } from '../auction/outage.ts';
import { MalformedMsgpack, MsgpackReader } from '../lib/msgpack-reader.ts';
import { assert } from '../lib/assert.ts';
import type { Deliveries } from '../protocol/deliveries.ts';
import { MalformedField } from '../protocol/field.ts';
import { ADD_TO_DESCRIPTION } from '../protocol/messages/add-to-description.ts';
import { BLOCK_BIDDER } from '../protocol/messages/block-bidder.ts';
import { BUY_NOW } from '../protocol/messages/buy-now.ts';
import { CANCEL_AUCTION } from '../protocol/messages/cancel-auction.ts';
import { CHANGE_AUCTION } from '../protocol/messages/change-auction.ts';
import { CREATE_AUCTION } from '../protocol/messages/create-auction.ts';
import { GET } from '../protocol/messages/get.ts';
import { GET_AS_ADMIN } from '../protocol/messages/get-as-admin.ts';
import { GET_RECEIPT } from '../protocol/messages/get-receipt.ts';
import { LIST_AUCTIONS } from '../protocol/messages/list-auctions.ts';
import { LIST_BIDS } from '../protocol/messages/list-bids.ts';
import { PLACE_BID, PlainBid } from '../protocol/messages/place-bid.ts';
import { RELIST_AUCTION } from '../protocol/messages/relist-auction.ts';
import { RETRACT } from '../protocol/messages/retract.ts';
import { SET_BID_LIMIT } from '../protocol/messages/set-bid-limit.ts';
import { SUBSCRIBE } from '../protocol/messages/subscribe.ts';
import { BidDesk } from './bid-desk.ts';
import type { CoreOptions } from './core.ts';
import { ShardCore } from './core.ts';
import { ListingDesk } from './listing-desk.ts';
import { QueryDesk } from './query-desk.ts';
import { ReceiptDesk } from './receipt-desk.ts';

export interface ShardOptions extends CoreOptions {
  readonly deliveries: Deliveries;
}

export class Shard {
  readonly #core: ShardCore;
  readonly #deliveries: Deliveries;
  readonly #bids: BidDesk;
  readonly #queries: QueryDesk;
  readonly #listings: ListingDesk;
  readonly #receipts: ReceiptDesk;
  readonly #reader = new MsgpackReader();
  readonly #plain = new PlainBid();

  constructor(options: ShardOptions) {
    this.#core = new ShardCore(options);
    this.#deliveries = options.deliveries;
    this.#bids = new BidDesk(this.#core);
    this.#queries = new QueryDesk(this.#core);
    this.#listings = new ListingDesk(this.#core, this.#queries);
    this.#receipts = new ReceiptDesk(this.#core);
  }

  /** Records decided and not yet appended. */
  get pendingRecords(): number {
    return this.#core.batch.count;
  }

  /** Bytes of answers that wait for a commit. */
  get pendingBytes(): number {
    return this.#core.outbox.bytes + this.#core.batch.bytes;
  }

  /** When the next auction starts or ends, ms since 1970; Infinity: never. */
  get nextDeadlineMs(): number {
    return this.#core.state.deadlines.nextMs;
  }

  get watchedAuctions(): number {
    return this.#core.watchers.count;
  }

  /** Says who the gateway's user number is. */
  introduce(user: number, id: string): void {
    this.#core.introduce(user, id as UserId);
  }

  /** Whether the gateway keeps a private feed for the user: then it is sent answers, too. */
  keepFeed(user: number, keeps: boolean): void {
    this.#core.keepFeed(user, keeps);
  }

  /** The gateway's user number stands for nobody any more. */
  forget(user: number): void {
    this.#core.forget(user);
  }

  /** Goes on for watchers whom an earlier run of this shard had. */
  rewatch(handle: number): void {
    this.#core.watchers.rewatch(this.#core.state.auction(this.#core.refOf(handle)));
  }

  unwatch(handle: number): void {
    this.#core.watchers.unwatch(this.#core.refOf(handle));
  }

  /** Auctions that end within this time, at most `max`, mostly the soonest where there are more. */
  closing(withinMs: number, max: number): readonly Auction[] {
    const { state, nowMs } = this.#core;
    const found: Auction[] = [];
    for (const ref of state.deadlines.until(nowMs + withinMs, max)) {
      const auction = state.auction(ref);
      if (auction.status === 'active' && auction.endsAtMs <= nowMs + withinMs) found.push(auction);
    }
    return found;
  }

  /**
   * Gives back what auctions lost while no server ran; all of them with one commit, so that after a
   * crash it is there for all or for none. What has been logged since was no part of the outage:
   * asked a second time this gives nothing. @returns how many auctions got a credit
   */
  creditOutage({ fromUs, toUs }: Outage): number {
    const core = this.#core;
    core.advance(toUs);
    const outage = { fromUs: Math.max(fromUs, core.journal.lastAtUs), toUs };
    let credited = 0;
    for (const auction of core.state.auctions()) {
      const credit = creditOf(auction, outage, core.settings);
      if (credit === null) continue;
      core.recordAll([credit]);
      credited += 1;
    }
    return credited;
  }

  /** Moves the clock; starts and ends what is due, as far as one batch may. */
  tick(stampUs: number): void {
    const core = this.#core;
    core.advance(stampUs);
    const { deadlines } = core.state;
    const nowMs = core.nowMs;
    for (let left = BATCH.dueMax; left > 0; left--) {
      const ref = deadlines.takeDue(nowMs);
      if (ref === 0) return;
      core.settle(core.state.auction(ref));
    }
  }

  /**
   * Decides one frame. Exactly one reply to `conn` will leave for it, after the commit.
   * @param user the gateway's number of the signed-in user, 0 for nobody.
   * @param stampUs when the gateway read the frame; never decreasing.
   */
  take(
    conn: number,
    user: number,
    stampUs: number,
    bytes: Uint8Array,
    from = 0,
    to = bytes.length,
  ): void {
    if (stampUs / 1000 >= this.nextDeadlineMs) this.tick(stampUs);
    this.#core.advance(stampUs);
    let id = 0;
    try {
      const reader = this.#reader.open(bytes, from, to);
      const present = reader.array() - 1;
      const number = reader.uint();
      // A request id is read first and fast, so that a refusal can name it.
      const fieldsAt = reader.position;
      id = reader.uint();
      reader.rewind(fieldsAt);
      if (number === PLACE_BID.number) this.#placeBid(conn, user, id, bytes, present);
      else this.#dispatch(conn, user, id, number, present);
    } catch (error) {
      const malformed =
        error instanceof MalformedMsgpack ? new MalformedField(error.message) : error;
      if (!(malformed instanceof MalformedField)) throw error;
      const { field, reason } = malformed.told;
      this.#core.refuse(conn, id, 'MALFORMED', field, reason);
    }
  }

  /** Makes everything decided so far durable, then lets the answers leave. @throws CommitFailure */
  commit(): void {
    const core = this.#core;
    core.watchers.flushAll();
    const lastSeq = core.batch.lastSeq;
    core.batch.append(core.nowUs);
    core.outbox.seal(lastSeq);
    core.outbox.release(core.journal.committedSeq, this.#deliveries);
  }

  #placeBid(conn: number, user: number, id: number, bytes: Uint8Array, present: number): void {
    const bidder = this.#signedIn(conn, id, user);
    if (bidder === NOBODY) return;
    const reader = this.#reader;
    const fieldsAt = reader.position;
    const plain = this.#plain;
    if (plain.read(reader, present)) {
      const auction = this.#core.state.auctionAt(bytes, plain.auctionIdAt);
      if (auction !== undefined) return this.#bids.placePlainBid(conn, bidder, auction, plain);
    }
    const frame = PLACE_BID.readFields(reader.rewind(fieldsAt), present);
    assert(frame.amountCents <= CENTS_MAX, 'the field has been checked');
    this.#bids.placeBid(conn, bidder, frame);
  }

  #dispatch(conn: number, user: number, id: number, number: number, present: number): void {
    const reader = this.#reader;
    switch (number) {
      case BUY_NOW.number: {
        const bidder = this.#signedIn(conn, id, user);
        if (bidder === NOBODY) return;
        return this.#bids.buyNow(conn, bidder, BUY_NOW.readFields(reader, present));
      }
      case RETRACT.number: {
        const bidder = this.#signedIn(conn, id, user);
        if (bidder === NOBODY) return;
        return this.#bids.retract(conn, bidder, RETRACT.readFields(reader, present));
      }
      default:
        return this.#dispatchQuery(conn, user, id, number, present);
    }
  }

  #dispatchQuery(conn: number, user: number, id: number, number: number, present: number): void {
    const reader = this.#reader;
    const queries = this.#queries;
    const who = this.#core.readerOfNumber(user);
    switch (number) {
      case SUBSCRIBE.number:
        return queries.subscribe(conn, SUBSCRIBE.readFields(reader, present));
      case GET.number:
        return queries.get(conn, who, GET.readFields(reader, present), false);
      case GET_AS_ADMIN.number:
        return queries.get(conn, who, GET_AS_ADMIN.readFields(reader, present), true);
      case GET_RECEIPT.number: {
        if (user === 0) return this.#core.refuse(conn, id, 'NOT_SIGNED_IN');
        const frame = GET_RECEIPT.readFields(reader, present);
        return this.#receipts.get(conn, who, frame);
      }
      case LIST_BIDS.number:
        return queries.listBids(conn, who, LIST_BIDS.readFields(reader, present));
      case LIST_AUCTIONS.number:
        return queries.listAuctions(conn, LIST_AUCTIONS.readFields(reader, present));
      default:
        return this.#dispatchListing(conn, user, id, number, present);
    }
  }

  #dispatchListing(conn: number, user: number, id: number, number: number, present: number): void {
    const reader = this.#reader;
    const by = this.#signedIn(conn, id, user);
    if (by === NOBODY) return;
    switch (number) {
      case CREATE_AUCTION.number:
        return this.#listings.create(conn, by, CREATE_AUCTION.readFields(reader, present));
      case CHANGE_AUCTION.number:
        return this.#listings.change(conn, by, CHANGE_AUCTION.readFields(reader, present));
      case ADD_TO_DESCRIPTION.number: {
        const frame = ADD_TO_DESCRIPTION.readFields(reader, present);
        return this.#listings.addToDescription(conn, by, frame);
      }
      case RELIST_AUCTION.number:
        return this.#listings.relist(conn, by, RELIST_AUCTION.readFields(reader, present));
      case CANCEL_AUCTION.number:
        return this.#listings.cancel(conn, by, CANCEL_AUCTION.readFields(reader, present));
      case SET_BID_LIMIT.number:
        return this.#listings.setBidLimit(conn, SET_BID_LIMIT.readFields(reader, present));
      case BLOCK_BIDDER.number:
        return this.#listings.block(conn, by, BLOCK_BIDDER.readFields(reader, present));
      default:
        return this.#core.refuse(conn, id, 'UNKNOWN_TYPE');
    }
  }

  /** The user's reference; for nobody the command is refused. */
  #signedIn(conn: number, id: number, user: number): UserRef {
    if (user !== 0) return this.#core.userOfNumber(user);
    this.#core.refuse(conn, id, 'NOT_SIGNED_IN');
    return NOBODY;
  }
}
