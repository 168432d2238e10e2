/**
 * One auction for the tests of the rules, told as given – when – then. Given steps are commands
 * that must be taken (decided and applied, with the clock moved there first) or plain events; when
 * asks for one decision; then compares it, naming only the fields that matter.
 *
 *   given({ startPriceCents: 100 }, bid(ANN, 500)).when(bid(BOB, 300)).then([{ priceCents: 325 }])
 *
 * Amounts are minor units. Times are microseconds; START and END are milliseconds.
 */
import assert from 'node:assert/strict';
import { AttemptLog } from '../../src/auction/attempt-log.ts';
import type { Auction } from '../../src/auction/auction.ts';
import type { AuctionCommand, BidCommand } from '../../src/auction/commands.ts';
import { decide } from '../../src/auction/decide.ts';
import { BID_BUY_NOW, BID_CONFIRMED, BID_RETRACT } from '../../src/auction/events.ts';
import type { AuctionEvent, AuctionListed, BidRefused } from '../../src/auction/events.ts';
import { begin, evolve } from '../../src/auction/evolve.ts';
import type { AuctionId, AuctionRef, UserRef } from '../../src/auction/ids.ts';
import { EBAY_INCREMENTS } from '../../src/auction/increments.ts';
import { due } from '../../src/auction/lifecycle.ts';
import type { Cents } from '../../src/auction/money.ts';
import { minimumNextCents } from '../../src/auction/quote.ts';
import type { AuctionRefusal } from '../../src/auction/refusal.ts';
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import type { RuleSettings } from '../../src/auction/settings.ts';
import type { ListingText, Terms } from '../../src/auction/terms.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { UNSAID_TEXT } from '../unsaid.ts';

export const SELLER = 1 as UserRef;
export const ANN = 2 as UserRef;
export const BOB = 3 as UserRef;
export const CAT = 4 as UserRef;

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Milliseconds: the auction lasts seven days. */
export const START_MS = 1_800_000_000_000;
export const END_MS = START_MS + (7 * DAY) / 1000;
/** Microseconds. */
export const START = START_MS * 1000;
export const END = END_MS * 1000;

export const ID = 'a'.repeat(22) as AuctionId;

/** A value that the test knows to be there. */
export function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

export function cents(value: number): Cents {
  return value as Cents;
}

/** Terms with plain numbers for amounts, so that tests read like the rules. */
export type TermsGiven = {
  readonly [K in keyof Terms]?: Terms[K] extends Cents
    ? number
    : Terms[K] extends Cents | null
      ? number | null
      : Terms[K];
};

export function terms(given: TermsGiven = {}): Terms {
  return {
    format: 'proxy',
    currency: 'USD',
    startPriceCents: cents(1_00),
    reserveCents: null,
    buyNowCents: null,
    increments: EBAY_INCREMENTS,
    softClose: RULE_SETTINGS.softClose,
    fatFingerFactor: null,
    startsAtMs: START_MS,
    endsAtMs: END_MS,
    ...(given as Partial<Terms>),
  };
}

export const TEXT: ListingText = {
  title: 'A watch',
  description: 'It runs.\nIt is old.',
  category: ['Jewellery', 'Watches'],
  ...UNSAID_TEXT,
};

export function listed(given: TermsGiven = {}, ref = 1): AuctionListed {
  return {
    kind: 'AuctionListed',
    auction: ref as AuctionRef,
    auctionSeq: 1,
    atUs: START - HOUR,
    id: ID,
    seller: SELLER,
    terms: terms(given),
    text: TEXT,
  };
}

/** Every default test is one hour into the auction. */
const NOW = START + HOUR;

export interface At {
  readonly command: AuctionCommand;
  readonly atUs: number;
}

let nonces = 0;
function nonce(): string {
  nonces += 1;
  return `nonce-${nonces}`;
}

export function bid(
  bidder: UserRef,
  amountCents: number,
  atUs = NOW,
  { confirm = false, currency = null }: { confirm?: boolean; currency?: string | null } = {},
): At {
  const amount = cents(amountCents);
  return {
    atUs,
    command: {
      kind: 'PlaceBid',
      bidder,
      amountCents: amount,
      currency,
      nonce: nonce(),
      confirm,
    },
  };
}

export function buy(bidder: UserRef, atUs = NOW): At {
  return { atUs, command: { kind: 'BuyNow', bidder, nonce: nonce() } };
}

export function retract(bidder: UserRef, atUs = NOW): At {
  return { atUs, command: { kind: 'RetractBid', bidder, nonce: nonce() } };
}

export function endEarly(how: 'sell' | 'cancel', atUs = NOW, by = SELLER, asAdmin = false): At {
  return { atUs, command: { kind: 'EndEarly', by, asAdmin, how } };
}

export function change(
  given: TermsGiven,
  atUs = NOW,
  by = SELLER,
  text: Partial<ListingText> = {},
): At {
  const command: AuctionCommand = {
    kind: 'ChangeListing',
    by,
    terms: terms(given),
    text: { ...TEXT, ...text },
  };
  return { atUs, command };
}

export function limit(bidder: UserRef, limitCents: number | null, atUs = NOW): At {
  return { atUs, command: { kind: 'SetBidLimit', bidder, limitCents: limitCents as Cents | null } };
}

export function block(bidder: UserRef, blocked = true, atUs = NOW, by = SELLER): At {
  return { atUs, command: { kind: 'BlockBidder', by, asAdmin: false, bidder, blocked } };
}

/** The clock, moved to a time. */
export function clock(atUs: number): { readonly clockUs: number } {
  return { clockUs: atUs };
}

export type Step = At | AuctionEvent | { readonly clockUs: number };

/** The record that the shard makes of a refused bid. */
export function refusedBid(
  auction: Auction,
  command: BidCommand,
  refusal: AuctionRefusal,
  atUs: number,
): BidRefused {
  const flagsByKind = { PlaceBid: 0, BuyNow: BID_BUY_NOW, RetractBid: BID_RETRACT };
  const confirmed = command.kind === 'PlaceBid' && command.confirm ? BID_CONFIRMED : 0;
  return {
    kind: 'BidRefused',
    auction: auction.ref,
    atUs,
    bidder: command.bidder,
    amountCents: command.kind === 'PlaceBid' ? command.amountCents : cents(0),
    nonce: command.nonce,
    flags: flagsByKind[command.kind] | confirmed,
    code: REFUSALS[refusal].code,
    told: {
      auctionSeq: auction.auctionSeq,
      priceCents: auction.priceCents,
      minimumNextCents: minimumNextCents(auction),
      status: 'none',
      retryAfterMs: 0,
      endsAtMs: auction.endsAtMs,
      suggestedCents: null,
    },
    currency: command.kind === 'PlaceBid' ? command.currency : null,
  };
}

/** What a decision is expected to be: a refusal, or events of which some fields are named. */
export type Expected = AuctionRefusal | readonly Partial<AuctionEvent>[];

export class Scene {
  readonly auction: Auction;
  readonly settings: RuleSettings;
  readonly events: AuctionEvent[] = [];
  readonly listed: AuctionListed;
  #record = 1;
  #decided: AuctionRefusal | readonly AuctionEvent[] | null = null;

  constructor(event: AuctionListed, settings: RuleSettings) {
    this.listed = event;
    this.auction = begin(event, 1);
    this.settings = settings;
  }

  apply(...events: readonly AuctionEvent[]): this {
    for (const event of events) {
      this.#record += 1;
      evolve(this.auction, event, this.#record);
      this.events.push(event);
    }
    return this;
  }

  tick(atUs: number): this {
    return this.apply(...due(this.auction, atUs));
  }

  /** As the shard does it: the clock, the decision, the record. */
  take({ command, atUs }: At): AuctionRefusal | readonly AuctionEvent[] {
    this.tick(atUs);
    const decided = decide(this.auction, command, atUs, this.settings);
    if (typeof decided !== 'string') this.apply(...decided);
    else if (isBidCommand(command)) {
      this.apply(refusedBid(this.auction, command, decided, atUs));
    }
    return decided;
  }

  /** Further steps that must be taken. */
  and(...steps: readonly Step[]): this {
    for (const step of steps) {
      if ('kind' in step) this.apply(step);
      else if ('clockUs' in step) this.tick(step.clockUs);
      else {
        const decided = this.take(step);
        assert.ok(typeof decided !== 'string', `a given step was refused: ${String(decided)}`);
      }
    }
    return this;
  }

  /** The decision under test. It is applied, so that a story can go on. */
  when(step: At): this {
    this.#decided = this.take(step);
    return this;
  }

  then(expected: Expected): this {
    const decided = this.#decided;
    if (typeof expected === 'string' || typeof decided === 'string') {
      assert.equal(decided, expected);
      return this;
    }
    assert.ok(decided !== null);
    const named = decided.map((event, i) => pick(event, Object.keys(expected[i] ?? { kind: 0 })));
    assert.deepEqual(named, expected);
    return this;
  }

  /** Some fields of the state. */
  state(expected: Partial<Auction>): this {
    assert.deepEqual(pick(this.auction, Object.keys(expected)), expected);
    return this;
  }
}

export function isBidCommand(command: AuctionCommand): command is BidCommand {
  return command.kind === 'PlaceBid' || command.kind === 'BuyNow' || command.kind === 'RetractBid';
}

function pick(from: object, names: readonly string[]): Record<string, unknown> {
  const values = from as Readonly<Record<string, unknown>>;
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

/** A scheduled auction with these terms, then the steps. It starts by the clock. */
export function given(given: TermsGiven = {}, ...steps: readonly Step[]): Scene {
  return new Scene(listed(given), RULE_SETTINGS).and(...steps);
}

export function givenWith(
  settings: Partial<RuleSettings>,
  given: TermsGiven = {},
  ...steps: readonly Step[]
): Scene {
  return new Scene(listed(given), { ...RULE_SETTINGS, ...settings }).and(...steps);
}

/** Bids that are expected to be taken, with the price after each. */
export function prices(scene: Scene, ...bids: readonly (readonly [At, number])[]): Scene {
  for (const [step, priceCents] of bids) {
    scene.and(step);
    assert.equal(scene.auction.priceCents, priceCents);
  }
  return scene;
}

/** A copy that shares nothing that changes, to show that something had no side effect. */
export function copyOf(auction: Auction): Auction {
  const attempts = new AttemptLog();
  attempts.appendUpTo(auction.attempts.slice(0, auction.attempts.count), auction.attempts.count);
  const biddersByUser = new Map(
    [...auction.biddersByUser].map(([user, bidder]) => [user, { ...bidder }]),
  );
  return { ...auction, biddersByUser, attempts };
}
