/**
 * The fast engine behind the interface of the slow twin: what the shard does around the pure rules
 * (the clock's events first, a record for every refused bid command) and nothing else.
 */
import assert from 'node:assert/strict';
import type { Auction } from '../../src/auction/auction.ts';
import type { AuctionCommand } from '../../src/auction/commands.ts';
import { decide } from '../../src/auction/decide.ts';
import { BID_BUY_NOW, BID_RETRACT } from '../../src/auction/events.ts';
import type { AuctionEvent, Told } from '../../src/auction/events.ts';
import { begin, evolve } from '../../src/auction/evolve.ts';
import type { AuctionId, AuctionRef, UserRef } from '../../src/auction/ids.ts';
import { due } from '../../src/auction/lifecycle.ts';
import { decideListing } from '../../src/auction/listing.ts';
import { creditOf } from '../../src/auction/outage.ts';
import { cents } from '../../src/auction/money.ts';
import { minimumNextCents } from '../../src/auction/quote.ts';
import type { AuctionRefusal } from '../../src/auction/refusal.ts';
import type { RuleSettings } from '../../src/auction/settings.ts';
import type { Terms } from '../../src/auction/terms.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { SlowAnswer, SlowSummary } from './slow-auction.ts';
import { UNSAID_TEXT } from '../unsaid.ts';

const REF = 1 as AuctionRef;
const ID = 'twinTwinTwinTwinTwin22' as AuctionId;
const TEXT = { title: 'A watch', description: '', category: ['Watches'], ...UNSAID_TEXT };

/** Enough of the flags: the rest is for telling a repeated nonce from a reused one. */
const FLAGS = { PlaceBid: 0, BuyNow: BID_BUY_NOW, RetractBid: BID_RETRACT } as const;

export class FastAuction {
  readonly #auction: Auction;
  readonly #settings: RuleSettings;
  #recordSeq = 1;

  constructor(seller: UserRef, terms: Terms, atUs: number, settings: RuleSettings) {
    const command = { kind: 'ListAuction', id: ID, seller, terms, text: TEXT } as const;
    const listed = decideListing(REF, command, atUs, settings);
    assert('kind' in listed, `the generated listing is refused: ${JSON.stringify(listed)}`);
    this.#settings = settings;
    this.#auction = begin(listed, this.#recordSeq);
  }

  tick(atUs: number): void {
    for (const event of due(this.#auction, atUs)) this.#record(event);
  }

  /** A server that comes back: what it does before its clock runs. */
  outage(fromUs: number, toUs: number): void {
    const credit = creditOf(this.#auction, { fromUs, toUs }, this.#settings);
    if (credit !== null) this.#record(credit);
  }

  apply(command: AuctionCommand, atUs: number): SlowAnswer {
    this.tick(atUs);
    const outcome = decide(this.#auction, command, atUs, this.#settings);
    if (typeof outcome === 'string') {
      this.#recordRefusal(command, outcome, atUs);
      return { refusal: outcome };
    }
    for (const event of outcome) this.#record(event);
    return { ok: true };
  }

  summary(): SlowSummary {
    const { status, priceCents, leader, reserveMet, bidCount, endsAtMs, extensions, winner } =
      this.#auction;
    const minimum = minimumNextCents(this.#auction);
    return {
      status,
      priceCents,
      leader,
      reserveMet,
      bidCount,
      endsAtMs,
      extensions,
      winner,
      minimumNextCents: minimum,
    };
  }

  #record(event: AuctionEvent): void {
    // Watchers number what they see: +1 each, without holes.
    const seqBefore = this.#auction.auctionSeq;
    this.#recordSeq += 1;
    evolve(this.#auction, event, this.#recordSeq);
    assert.equal(this.#auction.auctionSeq, seqBefore + ('auctionSeq' in event ? 1 : 0), event.kind);
  }

  #recordRefusal(command: AuctionCommand, refusal: AuctionRefusal, atUs: number): void {
    const { kind } = command;
    if (kind !== 'PlaceBid' && kind !== 'BuyNow' && kind !== 'RetractBid') return;
    this.#record({
      kind: 'BidRefused',
      auction: REF,
      atUs,
      bidder: command.bidder,
      amountCents: kind === 'PlaceBid' ? command.amountCents : cents(0),
      nonce: command.nonce,
      flags: FLAGS[kind],
      code: REFUSALS[refusal].code,
      told: this.#told(),
      currency: kind === 'PlaceBid' ? command.currency : null,
    });
  }

  /** Only for repeating an answer, which is no question of the rules. */
  #told(): Told {
    const { auctionSeq, priceCents, endsAtMs } = this.#auction;
    const minimum = minimumNextCents(this.#auction);
    return {
      auctionSeq,
      priceCents,
      minimumNextCents: minimum,
      status: 'none',
      endsAtMs,
      retryAfterMs: 0,
      suggestedCents: null,
    };
  }
}
