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
import { minimumNextCents, suggestedCents } from '../auction/quote.ts';
import type { AuctionRefusal } from '../auction/refusal.ts';
import { velocityFreeUs } from '../auction/velocity.ts';
import type { Seq } from '../journal/seq.ts';
import { SEQ_NONE } from '../journal/seq.ts';
import { assert } from '../lib/assert.ts';
import type { Answer } from '../protocol/messages/answer.ts';
import { ANSWER } from '../protocol/messages/answer.ts';
import type { BuyNow } from '../protocol/messages/buy-now.ts';
import type { PlaceBid, PlainBid } from '../protocol/messages/place-bid.ts';
import type { Retract } from '../protocol/messages/retract.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import { ACCEPTED, REFUSALS } from '../protocol/refusals.ts';
import type { AnsweringEvent } from './answers.ts';
import { answerTo, statusOf } from './answers.ts';
import type { ShardCore } from './core.ts';

/** What a bid command says, in the form in which a repeated nonce is compared. */
interface Content {
  readonly amountCents: Cents;
  readonly flags: number;
  /** As it was said. */
  readonly currency: string | null;
}

const COMMAND_NAMES = { PlaceBid: 'place_bid', BuyNow: 'buy_now', RetractBid: 'retract' } as const;

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
      return this.#tell(conn, id, event, core.record(event), auction);
    }
    const seq = core.recordAll(decided);
    this.#tell(conn, id, decided[0] as AnsweringEvent, seq, auction);
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

  /** Answers, and tells the bidder's other connections. */
  #tell(conn: number, id: number, event: AnsweringEvent, seq: Seq, auction: Auction): void {
    const answer = this.#answer(conn, id, event, seq, auction);
    this.#core.feed.answered(conn, auction, event, answer);
  }

  #answer(conn: number, id: number, event: AnsweringEvent, seq: Seq, auction: Auction): Answer {
    const core = this.#core;
    const answer = answerTo(id, event, seq, core.epoch, auction);
    ANSWER.write(core.outbox.writer, answer);
    core.outbox.reply(conn);
    return answer;
  }

  /**
   * A command that changes nothing, with the auction as it is. `name` null: it would be accepted, but
   * it was a dry run; never recorded.
   */
  #refusal(
    auction: Auction,
    command: BidCommand,
    content: Content,
    name: AuctionRefusal | null,
  ): BidRefused {
    const open = auction.status === 'active' || auction.status === 'scheduled';
    const least = open ? minimumNextCents(auction, command.bidder) : NO_CENTS;
    return {
      kind: 'BidRefused',
      auction: auction.ref,
      atUs: this.#core.nowUs,
      bidder: command.bidder,
      amountCents: content.amountCents,
      nonce: command.nonce,
      flags: content.flags,
      code: name === null ? ACCEPTED : codeOf(name),
      told: {
        auctionSeq: auction.auctionSeq,
        priceCents: auction.priceCents,
        minimumNextCents: least,
        status: statusOf(auction, command.bidder),
        endsAtMs: auction.endsAtMs,
        retryAfterMs: name === 'VELOCITY_LIMIT' ? this.#waitMs(auction, command.bidder) : 0,
        suggestedCents: suggestedCents(auction.terms.increments, least),
      },
      currency: content.currency,
    };
  }

  /** How long until the bidder's velocity window is over. */
  #waitMs(auction: Auction, user: UserRef): number {
    const bidder = auction.biddersByUser.get(user);
    if (bidder === undefined) return 0;
    return Math.max(1, Math.ceil((velocityFreeUs(bidder) - this.#core.nowUs) / 1000));
  }

  /**
   * Whether the bid would be taken now: a refusal as it would be, or the auction as it is. Not what
   * it would come to: whoever may ask for that as often as he likes reads hidden maximums and the
   * reserve from it, for nothing (docs/decisions/0018).
   */
  #rehearse(conn: number, id: number, auctionId: string, command: BidCommand): void {
    const core = this.#core;
    const auction = core.state.auctionById(auctionId as AuctionId);
    if (auction === undefined) return core.refuse(conn, id, 'AUCTION_UNKNOWN', 'auctionId');
    core.settle(auction);
    const decided = decide(auction, command, core.nowUs, core.settings);
    const name = typeof decided === 'string' ? decided : null;
    const event = this.#refusal(auction, command, contentOf(command, auction), name);
    this.#answer(conn, id, event, SEQ_NONE, auction);
  }

  #refuseStray(conn: number, id: number, auctionId: string, command: BidCommand): void {
    const { bidder, nonce, kind } = command;
    const code = codeOf('AUCTION_UNKNOWN');
    const record = this.#core.record({
      kind: 'StrayBidRefused',
      auctionId: auctionId as AuctionId,
      bidder,
      amountCents: kind === 'PlaceBid' ? command.amountCents : NO_CENTS,
      nonce,
      code,
      atUs: this.#core.nowUs,
    });
    this.#core.refuse(conn, id, 'AUCTION_UNKNOWN', 'auctionId');
    const amountCents = kind === 'PlaceBid' ? command.amountCents : null;
    const said = { auctionId, command: COMMAND_NAMES[kind], code, record, nonce, amountCents };
    this.#core.feed.decided(conn, bidder, { ...said, field: 'auctionId' });
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
      return { amountCents: command.amountCents, flags, currency: command.currency };
    }
    case 'BuyNow': {
      const amountCents = auction.terms.buyNowCents ?? NO_CENTS;
      return { amountCents, flags: BID_BUY_NOW, currency: null };
    }
    case 'RetractBid':
      return { amountCents: NO_CENTS, flags: BID_RETRACT, currency: null };
  }
}

/**
 * Until a bid is accepted the seller may change currency and buy-it-now price. What a refused
 * command said is the same all the same: the currency by its name, a purchase whatever it costs.
 */
function sameContent(event: AnsweringEvent, content: Content): boolean {
  if (event.kind === 'BidsRetracted') return content.flags === BID_RETRACT;
  if ((content.flags & BID_BUY_NOW) !== 0) return event.flags === content.flags;
  if (event.amountCents !== content.amountCents) return false;
  const said = event.kind === 'BidRefused' ? event.currency : null;
  if (said === null || content.currency === null) return event.flags === content.flags;
  if (said !== content.currency) return false;
  return (event.flags | BID_OTHER_CURRENCY) === (content.flags | BID_OTHER_CURRENCY);
}

function isAnswering(event: { kind: AuctionEvent['kind'] | string }): event is AnsweringEvent {
  return (
    event.kind === 'BidAccepted' || event.kind === 'BidRefused' || event.kind === 'BidsRetracted'
  );
}
