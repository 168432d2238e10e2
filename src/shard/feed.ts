/**
 * The private feed: who was outbid, who leads again, and how an auction ended for its seller and
 * those who bid.
 */
import type { Auction } from '../auction/auction.ts';
import type { AuctionEvent } from '../auction/events.ts';
import type { UserRef } from '../auction/ids.ts';
import { NOBODY } from '../auction/ids.ts';
import { minimumNextCents } from '../auction/quote.ts';
import { LEADING_AGAIN } from '../protocol/messages/leading-again.ts';
import { OUTBID } from '../protocol/messages/outbid.ts';
import type { Result } from '../protocol/messages/result.ts';
import { RESULT } from '../protocol/messages/result.ts';
import type { ShardCore } from './core.ts';
import { idOf } from './views.ts';

export class Feed {
  readonly #core: ShardCore;

  constructor(core: ShardCore) {
    this.#core = core;
  }

  /** A bid was taken: tells the former leader, if somebody else leads now. */
  outbid(auction: Auction, former: UserRef): void {
    if (former === NOBODY || former === auction.leader) return;
    const number = this.#core.numberOf(former);
    if (number === 0) return;
    OUTBID.write(this.#core.outbox.writer, {
      auctionId: auction.id,
      epoch: this.#core.epoch,
      seq: auction.auctionSeq,
      yourBidCents: auction.biddersByUser.get(former)?.maxCents ?? 0,
      currentPriceCents: auction.priceCents,
      minimumNextCents: minimumNextCents(auction),
      endsAtMs: auction.endsAtMs,
      noticeSeq: null,
    });
    this.#core.outbox.notify(number);
  }

  /** Bids were taken back: tells who leads now, if that was somebody else. */
  retracted(auction: Auction, former: UserRef): void {
    const { leader } = auction;
    if (leader === NOBODY || leader === former) return;
    const number = this.#core.numberOf(leader);
    if (number === 0) return;
    LEADING_AGAIN.write(this.#core.outbox.writer, {
      auctionId: auction.id,
      epoch: this.#core.epoch,
      seq: auction.auctionSeq,
      yourBidCents: auction.leaderMaxCents,
      currentPriceCents: auction.priceCents,
      reserveMet: auction.reserveMet,
      endsAtMs: auction.endsAtMs,
      noticeSeq: null,
    });
    this.#core.outbox.notify(number);
  }

  saw(auction: Auction, event: AuctionEvent): void {
    if (event.kind === 'AuctionEnded') {
      const { winner } = event;
      const winnerId = idOf(this.#core, winner);
      this.#tell(auction, auction.seller, winner === NOBODY ? 'unsold' : 'sold', winnerId);
      for (const bidder of auction.biddersByUser.values()) {
        if (bidder.alias === 0) continue;
        this.#tell(auction, bidder.user, bidder.user === winner ? 'won' : 'lost');
      }
    } else if (event.kind === 'AuctionCancelled') {
      this.#tell(auction, auction.seller, 'cancelled');
      for (const bidder of auction.biddersByUser.values()) {
        if (bidder.alias !== 0) this.#tell(auction, bidder.user, 'cancelled');
      }
    }
  }

  #tell(
    auction: Auction,
    user: UserRef,
    outcome: Result['outcome'],
    winnerId: Result['winnerId'] = null,
  ): void {
    const number = this.#core.numberOf(user);
    if (number === 0) return;
    RESULT.write(this.#core.outbox.writer, {
      auctionId: auction.id,
      epoch: this.#core.epoch,
      seq: auction.auctionSeq,
      outcome,
      currentPriceCents: auction.priceCents,
      winnerId,
      noticeSeq: null,
    });
    this.#core.outbox.notify(number);
  }
}
