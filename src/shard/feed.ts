/**
 * The private feed: what became of the user's commands, who was outbid, who leads again, and how an
 * auction ended for its seller and those who bid. A command's answer is copied only for users whose
 * feed is kept; a repeated nonce, a dry run and what was no decision are not told here.
 */
import type { Auction } from '../auction/auction.ts';
import type { AuctionEvent } from '../auction/events.ts';
import { BID_BUY_NOW, BID_RETRACT } from '../auction/events.ts';
import type { UserRef } from '../auction/ids.ts';
import { NOBODY } from '../auction/ids.ts';
import { minimumNextCents } from '../auction/quote.ts';
import { WIRE } from '../config/limits.ts';
import type { Answer } from '../protocol/messages/answer.ts';
import { LEADING_AGAIN } from '../protocol/messages/leading-again.ts';
import { OUTBID } from '../protocol/messages/outbid.ts';
import type { OwnAnswer, OwnCommand } from '../protocol/messages/own-answer.ts';
import { OWN_ANSWER } from '../protocol/messages/own-answer.ts';
import type { Result } from '../protocol/messages/result.ts';
import { RESULT } from '../protocol/messages/result.ts';
import type { AnsweringEvent } from './answers.ts';
import type { ShardCore } from './core.ts';
import { idOf } from './views.ts';

/** An answer without a standing. */
export interface Decided extends Pick<OwnAnswer, 'auctionId' | 'command' | 'code' | 'record'> {
  readonly nonce?: string;
  readonly amountCents?: number | null;
  readonly field?: string | undefined;
  readonly reason?: string | undefined;
}

const NOTHING_MORE = {
  nonce: null,
  amountCents: null,
  standing: null,
  retryAfterMs: null,
  field: null,
  reason: null,
  noticeSeq: null,
} as const;

export class Feed {
  readonly #core: ShardCore;

  constructor(core: ShardCore) {
    this.#core = core;
  }

  /** A bid, a purchase or a retraction was decided; `conn` is told by the answer itself. */
  answered(conn: number, auction: Auction, event: AnsweringEvent, answer: Answer): void {
    const number = this.#core.feedOf(event.bidder);
    if (number === 0) return;
    OWN_ANSWER.write(this.#core.outbox.writer, {
      auctionId: auction.id,
      command: commandOf(event),
      nonce: event.nonce,
      amountCents: amountOf(event),
      code: answer.code,
      record: answer.record,
      serverTimeMs: answer.serverTimeMs,
      standing: answer,
      retryAfterMs: answer.retryAfterMs,
      field: null,
      reason: null,
      noticeSeq: null,
    });
    this.#core.outbox.notify(number, conn);
  }

  /** What has no standing was decided: a listing, or a command on an auction that is not there. */
  decided(conn: number, user: UserRef, said: Decided): void {
    const number = this.#core.feedOf(user);
    if (number === 0) return;
    const { field = null, reason = null } = said;
    OWN_ANSWER.write(this.#core.outbox.writer, {
      ...NOTHING_MORE,
      ...said,
      field: field?.slice(0, WIRE.refusedFieldCharsMax) ?? null,
      reason: reason?.slice(0, WIRE.refusedReasonCharsMax) ?? null,
      serverTimeMs: this.#core.nowMs,
    });
    this.#core.outbox.notify(number, conn);
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

function commandOf(event: AnsweringEvent): OwnCommand {
  if (event.kind === 'BidsRetracted' || (event.flags & BID_RETRACT) !== 0) return 'retract';
  return (event.flags & BID_BUY_NOW) === 0 ? 'place_bid' : 'buy_now';
}

function amountOf(event: AnsweringEvent): number | null {
  if (event.kind === 'BidsRetracted' || (event.flags & BID_RETRACT) !== 0) return null;
  return event.amountCents;
}
