/**
 * Bids, buys and retractions: recognise a repeated nonce, decide, record, answer. Every command
 * of a signed-in bidder leaves a record, also when it is refused; a dry run leaves none.
 */
import type { Auction } from '../auction/auction.ts';
import { attemptKey } from '../auction/attempt-key.ts';
import type { BidCommand } from '../auction/commands.ts';
import { decide } from '../auction/decide.ts';
import type { AuctionEvent, BidRefused } from '../auction/events.ts';
import { BID_BUY_NOW, BID_CONFIRMED, BID_OTHER_CURRENCY, BID_RETRACT } from '../auction/events.ts';
import type { AuctionId, UserRef } from '../auction/ids.ts';
import type { Cents } from '../auction/money.ts';
import { NO_CENTS } from '../auction/money.ts';
import { minimumNextCents } from '../auction/quote.ts';
import type { AuctionRefusal } from '../auction/refusal.ts';
import { velocityFreeUs } from '../auction/velocity.ts';
import type { Seq } from '../journal/seq.ts';
import { SEQ_NONE } from '../journal/seq.ts';
import { assert } from '../lib/assert.ts';
import { ANSWER } from '../protocol/messages/answer.ts';
import type { BuyNow } from '../protocol/messages/buy-now.ts';
import type { PlaceBid, PlainBid } from '../protocol/messages/place-bid.ts';
import type { Retract } from '../protocol/messages/retract.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import { REFUSALS } from '../protocol/refusals.ts';
import type { AnsweringEvent } from './answers.ts';
import { answerTo, statusOf } from './answers.ts';
import type { ShardCore } from './core.ts';

/** What a bid command says, in the form in which a repeated nonce is compared. */
interface Content {
  readonly amountCents: Cents;
  readonly flags: number;
}

export class BidDesk {
  readonly #core: ShardCore;

  constructor(core: ShardCore) {
    this.#core = core;
  }

  placeBid(conn: number, bidder: UserRef, frame: PlaceBid): void {
    const command: BidCommand = {
      kind: 'PlaceBid',
      bidder,
      amountCents: frame.amountCents as Cents,
      currency: frame.currency,
      nonce: frame.nonce,
      confirm: frame.confirm === true,
    };
    if (frame.dryRun === true) this.#rehearse(conn, frame.id, frame.auctionId, command);
    else this.#handle(conn, frame.id, frame.auctionId, command);
  }

  /** As `placeBid`, for a bid without options on an auction that is known. */
  placePlainBid(
    conn: number,
    bidder: UserRef,
    auction: Auction,
    { id, amountCents, nonce }: PlainBid,
  ): void {
    this.#handleOn(conn, id, auction, {
      kind: 'PlaceBid',
      bidder,
      amountCents: amountCents as Cents,
      currency: null,
      nonce,
      confirm: false,
    });
  }

  buyNow(conn: number, bidder: UserRef, frame: BuyNow): void {
    const { id, auctionId, nonce } = frame;
    this.#handle(conn, id, auctionId, { kind: 'BuyNow', bidder, nonce });
  }

  retract(conn: number, bidder: UserRef, frame: Retract): void {
    const { id, auctionId, nonce } = frame;
    this.#handle(conn, id, auctionId, { kind: 'RetractBid', bidder, nonce });
  }

  #handle(conn: number, id: number, auctionId: string, command: BidCommand): void {
    const auction = this.#core.state.auctionById(auctionId as AuctionId);
    if (auction === undefined) this.#refuseStray(conn, id, auctionId, command);
    else this.#handleOn(conn, id, auction, command);
  }

  #handleOn(conn: number, id: number, auction: Auction, command: BidCommand): void {
    const core = this.#core;
    core.settle(auction);
    const content = contentOf(command, auction);
    if (this.#answerRepeated(conn, id, auction, command, content)) return;

    const former = auction.leader;
    const decided = decide(auction, command, core.nowUs, core.settings);
    if (typeof decided === 'string') {
      const event = this.#refusal(auction, command, content, decided);
      return this.#answer(conn, id, event, core.record(event), auction);
    }
    const seq = core.recordAll(decided);
    this.#answer(conn, id, decided[0] as AnsweringEvent, seq, auction);
    if (auction.status !== 'active') return;
    // Whoever takes back the leading bid knows that it leads no more.
    if (command.kind === 'RetractBid') core.feed.retracted(auction, former);
    else core.feed.outbid(auction, former);
  }

  /** Whether the nonce was used before; then the command has been answered. */
  #answerRepeated(
    conn: number,
    id: number,
    auction: Auction,
    command: BidCommand,
    content: Content,
  ): boolean {
    const key = attemptKey(auction, command.bidder, command.nonce);
    for (const seq of auction.attempts.recordsWithKey(key)) {
      const { event, epoch } = this.#core.batch.read(seq as Seq);
      assert(isAnswering(event), 'an attempt points to the record that answered it');
      // The key is a hash: another bidder or nonce behind it is no repetition.
      if (event.bidder !== command.bidder || event.nonce !== command.nonce) continue;
      if (sameContent(event, content)) {
        ANSWER.write(this.#core.outbox.writer, answerTo(id, event, seq, epoch, auction));
        this.#core.outbox.reply(conn);
      } else {
        this.#core.refuse(conn, id, 'NONCE_REUSED', 'nonce');
      }
      return true;
    }
    return false;
  }

  #answer(conn: number, id: number, event: AnsweringEvent, seq: Seq, auction: Auction): void {
    const core = this.#core;
    ANSWER.write(core.outbox.writer, answerTo(id, event, seq, core.epoch, auction));
    core.outbox.reply(conn);
  }

  #refusal(
    auction: Auction,
    command: BidCommand,
    content: Content,
    name: AuctionRefusal,
  ): BidRefused {
    const open = auction.status === 'active' || auction.status === 'scheduled';
    return {
      kind: 'BidRefused',
      auction: auction.ref,
      atUs: this.#core.nowUs,
      bidder: command.bidder,
      amountCents: content.amountCents,
      nonce: command.nonce,
      flags: content.flags,
      code: codeOf(name),
      told: {
        auctionSeq: auction.auctionSeq,
        priceCents: auction.priceCents,
        minimumNextCents: open ? minimumNextCents(auction, command.bidder) : NO_CENTS,
        status: statusOf(auction, command.bidder),
        endsAtMs: auction.endsAtMs,
        retryAfterMs: name === 'VELOCITY_LIMIT' ? this.#waitMs(auction, command.bidder) : 0,
      },
    };
  }

  /** How long until the bidder's velocity window is over. */
  #waitMs(auction: Auction, user: UserRef): number {
    const bidder = auction.biddersByUser.get(user);
    if (bidder === undefined) return 0;
    return Math.max(1, Math.ceil((velocityFreeUs(bidder) - this.#core.nowUs) / 1000));
  }

  /** What would happen: the answer without a record. */
  #rehearse(conn: number, id: number, auctionId: string, command: BidCommand): void {
    const core = this.#core;
    const auction = core.state.auctionById(auctionId as AuctionId);
    if (auction === undefined) return core.refuse(conn, id, 'AUCTION_UNKNOWN', 'auctionId');
    core.settle(auction);
    const decided = decide(auction, command, core.nowUs, core.settings);
    const event =
      typeof decided === 'string'
        ? this.#refusal(auction, command, contentOf(command, auction), decided)
        : (decided[0] as AnsweringEvent);
    this.#answer(conn, id, event, SEQ_NONE, auction);
  }

  #refuseStray(conn: number, id: number, auctionId: string, command: BidCommand): void {
    this.#core.record({
      kind: 'StrayBidRefused',
      auctionId: auctionId as AuctionId,
      bidder: command.bidder,
      amountCents: command.kind === 'PlaceBid' ? command.amountCents : NO_CENTS,
      nonce: command.nonce,
      code: codeOf('AUCTION_UNKNOWN'),
      atUs: this.#core.nowUs,
    });
    this.#core.refuse(conn, id, 'AUCTION_UNKNOWN', 'auctionId');
  }
}

function codeOf(name: RefusalName): number {
  return REFUSALS[name].code;
}

function contentOf(command: BidCommand, auction: Auction): Content {
  switch (command.kind) {
    case 'PlaceBid': {
      const other = command.currency !== null && command.currency !== auction.terms.currency;
      const flags = (command.confirm ? BID_CONFIRMED : 0) | (other ? BID_OTHER_CURRENCY : 0);
      return { amountCents: command.amountCents, flags };
    }
    case 'BuyNow':
      return { amountCents: auction.terms.buyNowCents ?? NO_CENTS, flags: BID_BUY_NOW };
    case 'RetractBid':
      return { amountCents: NO_CENTS, flags: BID_RETRACT };
  }
}

function sameContent(event: AnsweringEvent, content: Content): boolean {
  if (event.kind === 'BidsRetracted') return content.flags === BID_RETRACT;
  return event.amountCents === content.amountCents && event.flags === content.flags;
}

function isAnswering(event: { kind: AuctionEvent['kind'] | string }): event is AnsweringEvent {
  return (
    event.kind === 'BidAccepted' || event.kind === 'BidRefused' || event.kind === 'BidsRetracted'
  );
}
