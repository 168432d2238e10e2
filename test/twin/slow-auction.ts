/**
 * The slow, obvious twin of the fast engine: one auction as the plain list of everything that was
 * accepted, written from RULES.md sections 1 and 2 alone. It keeps no price, no leader, no end and
 * no counter. Every question walks the whole list from the beginning, as the sentences of the
 * rules say (slow-price.ts has those on the price). Where the rules leave something open, the
 * reading chosen is marked "Reading:".
 */
import type {
  AuctionCommand,
  BidCommand,
  AddToDescription,
  ChangeListing,
  EndEarly,
} from '../../src/auction/commands.ts';
import { NOBODY, type UserRef } from '../../src/auction/ids.ts';
import type { Cents } from '../../src/auction/money.ts';
import type { AuctionRefusal } from '../../src/auction/refusal.ts';
import type { Terms } from '../../src/auction/terms.ts';
import { minimumNext, walk, type SlowBid, type Standing } from './slow-price.ts';

const SECOND_US = 1_000_000;
const HOUR_US = 3_600 * SECOND_US;
const WINDOW_US = 60 * SECOND_US;
/** "With ≥ 12 h left ...", "with > 12 h left ...". */
const EARLY_US = 12 * HOUR_US;
/** "Only the newest, within 1 h of placing." */
const NEWEST_US = HOUR_US;

/** Changing a listing is no question of sections 1 and 2; the twin does not know that command. */
export type SlowCommand = Exclude<AuctionCommand, ChangeListing | AddToDescription>;

export type SlowAnswer = { readonly refusal: AuctionRefusal } | { readonly ok: true };

export interface SlowSettings {
  /** Bid commands per user and auction within a minute; null: no limit. */
  readonly bidsPerWindowMax: number | null;
}

export interface SlowSummary {
  readonly status: 'scheduled' | 'active' | 'sold' | 'unsold' | 'cancelled';
  readonly priceCents: number;
  readonly leader: number;
  readonly reserveMet: boolean;
  readonly bidCount: number;
  readonly endsAtMs: number;
  readonly extensions: number;
  readonly winner: number;
  readonly minimumNextCents: number;
}

/** `retracts`: which own bids a retraction took back; null for every other command. */
interface Accepted {
  readonly command: SlowCommand;
  readonly atUs: number;
  readonly retracts: 'all' | 'newest' | null;
}
interface Attempt {
  readonly bidder: UserRef;
  readonly atUs: number;
  readonly tooFast: boolean;
}
interface Outage {
  /** How many commands had been accepted before it. */
  readonly after: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly withinMs: number;
}
interface End {
  readonly endsAtMs: number;
  readonly extensions: number;
}

export class SlowAuction {
  readonly #seller: UserRef;
  readonly #terms: Terms;
  readonly #settings: SlowSettings;
  /** Everything that was accepted, in order. */
  readonly #accepted: Accepted[] = [];
  /** Every bid and purchase, accepted or not, in order: only the velocity limit looks here. */
  readonly #attempts: Attempt[] = [];
  readonly #outages: Outage[] = [];
  #nowUs = 0;

  constructor(seller: UserRef, terms: Terms, settings: SlowSettings) {
    this.#seller = seller;
    this.#terms = terms;
    this.#settings = settings;
  }

  tick(atUs: number): void {
    this.#nowUs = atUs;
  }

  /** Nobody could bid from `fromUs` to `toUs`; it is known before anything later is. */
  outage(fromUs: number, toUs: number, withinMs: number): void {
    this.#outages.push({ after: this.#accepted.length, fromUs, toUs, withinMs });
  }

  apply(command: SlowCommand, atUs: number): SlowAnswer {
    this.tick(atUs);
    const refusal = this.#refusalOf(command);
    // Reading: the limit is on bids, and a retraction is none: not counted and never refused for it.
    // "The leader may raise the own maximum: … it must not count against the bidder." Refused, it does.
    const counts = refusal !== null || !this.#raisesOwnMaximum(command);
    if (isBidCommand(command) && command.kind !== 'RetractBid' && counts) {
      this.#attempts.push({ bidder: command.bidder, atUs, tooFast: refusal === 'VELOCITY_LIMIT' });
    }
    if (refusal !== null) return { refusal };
    // "With > 12 h left all own bids go; with less only the newest."
    const scope = this.#leftUs() > EARLY_US ? 'all' : 'newest';
    this.#accepted.push({ command, atUs, retracts: command.kind === 'RetractBid' ? scope : null });
    return { ok: true };
  }

  #raisesOwnMaximum(command: SlowCommand): boolean {
    if (command.kind !== 'PlaceBid' || this.#terms.format !== 'proxy') return false;
    return this.standing().leader === command.bidder;
  }

  summary(): SlowSummary {
    const standing = this.standing();
    return {
      status: this.#status(),
      priceCents: standing.priceCents,
      leader: standing.leader,
      reserveMet: standing.reserveMet,
      bidCount: this.bids().length + (this.#has('buy') ? 1 : 0),
      ...this.end(),
      winner: this.#winner(),
      minimumNextCents: minimumNext(this.#terms, standing),
    };
  }

  /** Price and leader now, from the first bid that stands to the last. */
  standing(): Standing {
    const purchase = this.#accepted.find(({ command }) => command.kind === 'BuyNow');
    const standing = walk(this.#terms, this.bids());
    // Reading: a purchase is the last bid of the auction: it leads, at its own price, whatever
    // maximums stood before.
    const buyNowCents = this.#terms.buyNowCents;
    if (purchase?.command.kind !== 'BuyNow' || buyNowCents === null) return standing;
    const { reserveCents } = this.#terms;
    return {
      priceCents: buyNowCents,
      leader: purchase.command.bidder,
      leaderMaxCents: buyNowCents,
      reserveMet: reserveCents === null || buyNowCents >= reserveCents,
    };
  }

  /** The bids that stand now, in order. */
  bids(): SlowBid[] {
    return standingBids(this.#accepted);
  }

  /**
   * "A bid in the last 30 s sets the end to at least now + 60 s; at most 5 extensions." "`endsAt`
   * never moves back": so neither a retraction nor anything else takes an extension back, and this
   * walks everything that was ever accepted, the retracted bids as well.
   */
  end(): End {
    const { windowMs, extensionMs, extensionsMax } = this.#terms.softClose;
    let { endsAtMs } = this.#terms;
    let extensions = 0;
    this.#accepted.forEach(({ command, atUs }, index) => {
      endsAtMs = this.#endAfterOutages(endsAtMs, index);
      if (command.kind !== 'PlaceBid' || windowMs === 0) return;
      if (extensionsMax !== null && extensions >= extensionsMax) return;
      // Reading: a bid with exactly the window left is within the window.
      if (endsAtMs * 1000 - atUs > windowMs * 1000) return;
      // "Only an accepted bid that changes the leader or the price extends; a leader raising the
      // own maximum never does." Section 1: a raise that makes the reserve met "is no extension".
      const before = walk(this.#terms, standingBids(this.#accepted.slice(0, index)));
      const after = walk(this.#terms, standingBids(this.#accepted.slice(0, index + 1)));
      // Reading: in direct bidding there is no maximum to raise, and the leader's bid moves the price.
      const raise = this.#terms.format === 'proxy' && before.leader === command.bidder;
      if (raise) return;
      if (before.leader === after.leader && before.priceCents === after.priceCents) return;
      // Reading: "at least now + 60 s" in whole milliseconds is rounded up.
      const atLeastMs = Math.ceil(atUs / 1000) + extensionMs;
      if (atLeastMs <= endsAtMs) return;
      endsAtMs = atLeastMs;
      extensions += 1;
    });
    return { endsAtMs: this.#endAfterOutages(endsAtMs, this.#accepted.length), extensions };
  }

  /**
   * "An auction whose end fell inside a downtime, or within the last N minutes before it, gets
   * exactly the lost time back." Reading: the downtime lay within the last N minutes before the end;
   * what it would lose is the part after its start; and what is over is not touched.
   */
  #endAfterOutages(endsAtMs: number, after: number): number {
    const isOver = this.#accepted
      .slice(0, after)
      .some(({ command }) => command.kind === 'BuyNow' || command.kind === 'EndEarly');
    if (isOver) return endsAtMs;
    let end = endsAtMs;
    for (const outage of this.#outages) {
      if (outage.after !== after || end * 1000 <= outage.fromUs) continue;
      if (end - outage.toUs / 1000 >= outage.withinMs) continue;
      const bidFromUs = Math.max(outage.fromUs, this.#terms.startsAtMs * 1000);
      // In whole milliseconds, rounded in favour of the bidders.
      end += Math.max(0, Math.ceil((outage.toUs - bidFromUs) / 1000));
    }
    return end;
  }

  #status(): SlowSummary['status'] {
    const sold = (): 'sold' | 'unsold' => (this.#winner() === NOBODY ? 'unsold' : 'sold');
    if (this.#has('cancel')) return 'cancelled';
    if (this.#has('buy') || this.#has('sell')) return sold();
    // "A bid read at or after the end never counts": the end is the first moment outside.
    if (this.#nowUs >= this.end().endsAtMs * 1000) return sold();
    return this.#nowUs < this.#terms.startsAtMs * 1000 ? 'scheduled' : 'active';
  }

  /** "Sold | unsold (reserve not met / no bids)"; "below [the reserve] nobody wins". */
  #winner(): UserRef {
    const over = this.#has('buy') || this.#has('sell') || this.#nowUs >= this.end().endsAtMs * 1000;
    if (!over || this.#has('cancel')) return NOBODY;
    const { leader, reserveMet } = this.standing();
    return reserveMet || this.#has('buy') ? leader : NOBODY;
  }

  #has(what: 'buy' | EndEarly['how']): boolean {
    return this.#accepted.some(({ command }) =>
      what === 'buy'
        ? command.kind === 'BuyNow'
        : command.kind === 'EndEarly' && command.how === what,
    );
  }

  /** The checks in the order of the refusal table; the first that holds is the answer. */
  #refusalOf(command: SlowCommand): AuctionRefusal | null {
    const status = this.#status();
    // Reading: bids and selling to the high bidder need a start; cancelling, blocks and limits not.
    const sells = command.kind === 'EndEarly' && command.how === 'sell';
    if (status === 'scheduled' && (sells || isBidCommand(command))) return 'AUCTION_NOT_STARTED';
    if (status === 'cancelled') return 'AUCTION_CANCELLED';
    if (this.#has('buy')) return 'AUCTION_BOUGHT';
    if (status === 'sold' || status === 'unsold') return 'AUCTION_ENDED';
    switch (command.kind) {
      case 'PlaceBid':
      case 'BuyNow':
      case 'RetractBid':
        return this.#bidRefusal(command);
      case 'EndEarly':
        return this.#endRefusal(command);
      case 'BlockBidder':
        return command.by === this.#seller || command.asAdmin ? null : 'NOT_YOUR_AUCTION';
      case 'SetBidLimit':
        return null;
    }
  }

  #bidRefusal(command: BidCommand): AuctionRefusal | null {
    const { bidder } = command;
    // Reading: a retraction is no bid; a blocked bidder may still take back what stands.
    if (command.kind === 'RetractBid') return this.#retractRefusal(bidder);
    if (bidder === this.#seller) return 'OWN_AUCTION';
    if (this.#isBlocked(bidder)) return 'BIDDER_BLOCKED';
    if (
      command.kind === 'PlaceBid' &&
      command.currency !== null &&
      command.currency !== this.#terms.currency
    ) {
      return 'CURRENCY_DIFFERS';
    }
    if (this.#isTooFast(bidder)) return 'VELOCITY_LIMIT';

    const standing = this.standing();
    const { priceCents, leader, leaderMaxCents, reserveMet } = standing;
    const limitCents = this.#limitOf(bidder);
    if (command.kind === 'BuyNow') {
      const { buyNowCents, reserveCents } = this.#terms;
      if (buyNowCents === null) return 'BUY_NOW_UNAVAILABLE';
      // Reading: the most that a bidder may bid here bounds a purchase too.
      if (limitCents !== null && buyNowCents > limitCents) return 'BID_LIMIT_EXCEEDED';
      // "Gone after the first bid, or with a reserve, gone once the reserve is met." Reading: a
      // retracted bid was never made, so that the offer may come back.
      const gone = reserveCents === null ? leader !== NOBODY : reserveMet;
      return gone ? 'BUY_NOW_UNAVAILABLE' : null;
    }

    const { amountCents } = command;
    const leads = leader === bidder;
    // "The leader may raise the own maximum. Lowering it is refused." Reading: of the leader only;
    // for anybody else such a bid is simply below the minimum.
    if (leads && amountCents <= leaderMaxCents) return 'BID_BELOW_OWN_MAXIMUM';
    // "First bid: at least the start price. Later: at least price + increment(price)." Reading: a
    // leader who raises the own maximum challenges nobody and needs no full increment (one of the
    // real auctions says so: ebay.test.ts). In direct bidding the same bid moves the price and does.
    const raises = leads && this.#terms.format === 'proxy';
    if (!raises && amountCents < minimumNext(this.#terms, standing)) return 'BID_TOO_LOW';
    if (limitCents !== null && amountCents > limitCents) return 'BID_LIMIT_EXCEEDED';
    // "A bid above N × the current price needs confirm."
    const { fatFingerFactor, startPriceCents } = this.#terms;
    if (fatFingerFactor !== null && !command.confirm) {
      const high = fatFingerFactor * Math.max(priceCents, startPriceCents);
      if (amountCents > high) return 'CONFIRMATION_NEEDED';
    }
    return null;
  }

  /** "With > 12 h left all own bids go; with less only the newest, within 1 h of placing." */
  #retractRefusal(bidder: UserRef): AuctionRefusal | null {
    const newest = this.bids().findLast((bid) => bid.bidder === bidder);
    if (newest === undefined) return 'NOTHING_TO_RETRACT';
    if (this.#leftUs() > EARLY_US) return null;
    return this.#nowUs - newest.atUs > NEWEST_US ? 'RETRACTION_TOO_LATE' : null;
  }

  /** "With ≥ 12 h left the seller may end early, selling to the high bidder or cancelling ..." */
  #endRefusal(command: EndEarly): AuctionRefusal | null {
    if (command.by !== this.#seller && !command.asAdmin) return 'NOT_YOUR_AUCTION';
    const { leader, reserveMet } = this.standing();
    if (command.how === 'sell') {
      // Reading: "below [the reserve] nobody wins" holds for an early end as well.
      return leader !== NOBODY && reserveMet ? null : 'NO_BIDS_TO_SELL';
    }
    // "... all bids; with less only if there are no bids or by selling to the high bidder."
    const tooLate = this.#leftUs() < EARLY_US && leader !== NOBODY && !command.asAdmin;
    return tooLate ? 'CANCEL_TOO_LATE' : null;
  }

  #leftUs(): number {
    return this.end().endsAtMs * 1000 - this.#nowUs;
  }

  #isBlocked(bidder: UserRef): boolean {
    let blocked = false;
    for (const { command } of this.#accepted) {
      if (command.kind === 'BlockBidder' && command.bidder === bidder) blocked = command.blocked;
    }
    return blocked;
  }

  #limitOf(bidder: UserRef): Cents | null {
    let limitCents: Cents | null = null;
    for (const { command } of this.#accepted) {
      if (command.kind === 'SetBidLimit' && command.bidder === bidder) {
        limitCents = command.limitCents;
      }
    }
    return limitCents;
  }

  /**
   * Fixed windows of 60 s, each beginning with the first bid after the one before. Every bid and
   * purchase counts, refused ones too, but for those that this very limit refused.
   */
  #isTooFast(bidder: UserRef): boolean {
    const { bidsPerWindowMax } = this.#settings;
    if (bidsPerWindowMax === null) return false;
    let fromUs = Number.NEGATIVE_INFINITY;
    let count = 0;
    for (const attempt of this.#attempts) {
      if (attempt.bidder !== bidder || attempt.tooFast) continue;
      if (attempt.atUs - fromUs >= WINDOW_US) {
        fromUs = attempt.atUs;
        count = 0;
      }
      count += 1;
    }
    return this.#nowUs - fromUs < WINDOW_US && count >= bidsPerWindowMax;
  }
}

function isBidCommand(command: SlowCommand): command is BidCommand {
  return command.kind === 'PlaceBid' || command.kind === 'BuyNow' || command.kind === 'RetractBid';
}

/** "The price is recomputed from the remaining maximums": which remain after each command. */
function standingBids(accepted: readonly Accepted[]): SlowBid[] {
  let bids: SlowBid[] = [];
  for (const { command, atUs, retracts } of accepted) {
    if (command.kind === 'PlaceBid') {
      bids.push({ bidder: command.bidder, amountCents: command.amountCents, atUs });
    } else if (command.kind === 'RetractBid') {
      const newest = bids.findLast((bid) => bid.bidder === command.bidder);
      bids = bids.filter((bid) =>
        retracts === 'all' ? bid.bidder !== command.bidder : bid !== newest,
      );
    } else if (command.kind === 'EndEarly' && command.how === 'cancel') {
      // "... or cancelling all bids": none stands, so nobody leads, at the start price.
      bids = [];
    }
  }
  return bids;
}
