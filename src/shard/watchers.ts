/**
 * Which auctions somebody watches, and what those are told. Bids of one batch on one auction
 * become one update, written when the batch closes; what is rarer than a bid goes out at once and
 * in order.
 */
import type { Auction } from '../auction/auction.ts';
import type { AuctionEvent } from '../auction/events.ts';
import type { AuctionRef } from '../auction/ids.ts';
import { minimumNextCents } from '../auction/quote.ts';
import { aliasOf } from '../auction/view.ts';
import { AUCTION_CHANGED } from '../protocol/messages/auction-changed.ts';
import { BID_UPDATE } from '../protocol/messages/bid-update.ts';
import { ENDED } from '../protocol/messages/ended.ts';
import { EXTENDED } from '../protocol/messages/extended.ts';
import type { ShardCore } from './core.ts';
import { viewOf } from './views.ts';

/** No bid update is waiting. */
const NONE = 0;

export class Watchers {
  readonly #core: ShardCore;
  /** First update number not yet written, for each watched auction; NONE: all are. */
  readonly #pendingFrom = new Map<AuctionRef, number>();
  readonly #pending: AuctionRef[] = [];

  constructor(core: ShardCore) {
    this.#core = core;
  }

  get count(): number {
    return this.#pendingFrom.size;
  }

  /** From now on updates of this auction go out; the snapshot stands at its present number. */
  watch(auction: Auction): void {
    if (!this.#pendingFrom.has(auction.ref)) this.#pendingFrom.set(auction.ref, NONE);
    // The snapshot includes the bids of this batch; others still get their update, before it.
    else this.#flush(auction);
  }

  /**
   * Watchers of a run that died go on: what it had committed and not delivered is covered by the
   * whole view.
   */
  rewatch(auction: Auction): void {
    this.watch(auction);
    const { ref, auctionSeq } = auction;
    const handle = this.#core.handleOf(ref);
    AUCTION_CHANGED.write(this.#core.outbox.writer, {
      handle,
      auction: viewOf(this.#core, auction),
    });
    this.#core.outbox.update(handle, auctionSeq, auctionSeq, true);
  }

  unwatch(ref: AuctionRef): void {
    if (this.#pendingFrom.has(ref)) this.#flush(this.#core.state.auction(ref));
    this.#pendingFrom.delete(ref);
  }

  saw(auction: Auction, event: AuctionEvent): void {
    const from = this.#pendingFrom.get(auction.ref);
    if (from === undefined) return;
    if (event.kind === 'BidAccepted') {
      if (from !== NONE) return;
      this.#pendingFrom.set(auction.ref, event.auctionSeq);
      this.#pending.push(auction.ref);
    } else if ('auctionSeq' in event) {
      const { auctionSeq } = event;
      this.#writeUrgent(auction, event);
      const handle = this.#core.handleOf(auction.ref);
      this.#core.outbox.update(handle, auctionSeq, auctionSeq, true);
    }
  }

  /**
   * To be told before an event is applied: what is rarer than a bid may change what the bids before
   * it had come to (a retraction does), so their update is written first.
   */
  willSee(event: AuctionEvent): void {
    if (event.kind === 'BidAccepted' || !('auctionSeq' in event)) return;
    if (this.#pendingFrom.has(event.auction)) this.#flush(this.#core.state.auction(event.auction));
  }

  /** Writes what is waiting; called when the batch closes. */
  flushAll(): void {
    for (const ref of this.#pending) this.#flush(this.#core.state.auction(ref));
    this.#pending.length = 0;
  }

  #flush(auction: Auction): void {
    const from = this.#pendingFrom.get(auction.ref) ?? NONE;
    if (from === NONE) return;
    const upTo = auction.auctionSeq;
    this.#pendingFrom.set(auction.ref, NONE);
    const handle = this.#core.handleOf(auction.ref);
    BID_UPDATE.write(this.#core.outbox.writer, {
      handle,
      seq: upTo,
      currentPriceCents: auction.priceCents,
      minimumNextCents: minimumNextCents(auction),
      bidCount: auction.bidCount,
      leadingBidder: aliasOf(auction, auction.leader),
      reserveMet: auction.reserveMet,
      fromSeq: from === upTo ? null : from,
    });
    this.#core.outbox.update(handle, from, upTo, false);
  }

  #writeUrgent(auction: Auction, event: AuctionEvent): void {
    const writer = this.#core.outbox.writer;
    const handle = this.#core.handleOf(auction.ref);
    if (event.kind === 'AuctionExtended') {
      const { auctionSeq: seq, endsAtMs, extension } = event;
      EXTENDED.write(writer, { handle, seq, endsAtMs, extension });
    } else if (event.kind === 'AuctionEnded' || event.kind === 'AuctionCancelled') {
      ENDED.write(writer, {
        handle,
        seq: event.auctionSeq,
        status: auction.status,
        reason: event.kind === 'AuctionEnded' ? event.reason : 'cancelled',
        currentPriceCents: auction.priceCents,
        bidCount: auction.bidCount,
        winner: aliasOf(auction, auction.winner),
      });
    } else {
      AUCTION_CHANGED.write(writer, { handle, auction: viewOf(this.#core, auction) });
    }
  }
}
