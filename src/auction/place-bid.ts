/**
 * One bid: every check in the order of precedence (protocol/refusals.ts), then the price, then the
 * end. This is the hot path; it allocates what it returns and little else.
 */
import { assert } from '../lib/assert.ts';
import type { Auction, Bidder } from './auction.ts';
import type { PlaceBid } from './commands.ts';
import { BID_CONFIRMED } from './events.ts';
import type { AuctionEvent, AuctionExtended, BidAccepted } from './events.ts';
import type { UserRef } from './ids.ts';
import { notOpenRefusal } from './lifecycle.ts';
import { isCents } from './money.ts';
import { pricingOf } from './pricing.ts';
import { leastBidCents } from './quote.ts';
import type { AuctionRefusal } from './refusal.ts';
import type { RuleSettings } from './settings.ts';
import { endAfterBidMs } from './soft-close.ts';
import { isTooFast } from './velocity.ts';

/** RULES.md sections 1 to 3. A bid at or above the buy-it-now price bids; it does not buy. */
export function decideBid(
  auction: Auction,
  command: PlaceBid,
  atUs: number,
  settings: RuleSettings,
): AuctionRefusal | readonly AuctionEvent[] {
  const { bidder, amountCents } = command;
  assert(isCents(amountCents), 'a bid is an amount of money');
  const known = auction.biddersByUser.get(bidder);
  const refusal =
    entryRefusal(auction, bidder, known, command.currency, atUs, settings) ??
    amountRefusal(auction, command, known);
  if (refusal !== null) return refusal;

  const { terms } = auction;
  const priced = pricingOf(terms.format)(auction, bidder, amountCents, terms);
  // Every accepted bid changes the leader or the price, but for a leader who raises a hidden
  // maximum: that never extends, also not where it makes the reserve met.
  const isRaise = terms.format === 'proxy' && bidder === auction.leader;
  const endsAtMs = isRaise ? auction.endsAtMs : endAfterBidMs(auction, atUs);
  const accepted: BidAccepted = {
    kind: 'BidAccepted',
    auction: auction.ref,
    auctionSeq: auction.auctionSeq + 1,
    atUs,
    bidder,
    amountCents,
    nonce: command.nonce,
    flags: command.confirm ? BID_CONFIRMED : 0,
    priceCents: priced.priceCents,
    leader: priced.leader,
    reserveMet: priced.reserveMet,
    endsAtMs,
  };
  if (endsAtMs === auction.endsAtMs) return [accepted];
  const extended: AuctionExtended = {
    kind: 'AuctionExtended',
    auction: auction.ref,
    auctionSeq: auction.auctionSeq + 2,
    atUs,
    endsAtMs,
    extension: auction.extensions + 1,
  };
  return [accepted, extended];
}

/** What stands before any look at the amount; for bids and for buy-it-now. */
export function entryRefusal(
  auction: Auction,
  bidder: UserRef,
  known: Bidder | undefined,
  currency: string | null,
  atUs: number,
  settings: RuleSettings,
): AuctionRefusal | null {
  const notOpen = notOpenRefusal(auction, atUs);
  if (notOpen !== null) return notOpen;
  if (bidder === auction.seller) return 'OWN_AUCTION';
  if (known?.blocked === true) return 'BIDDER_BLOCKED';
  if (currency !== null && currency !== auction.terms.currency) return 'CURRENCY_DIFFERS';
  const tooFast = known !== undefined && isTooFast(known, atUs, settings.bidsPerMinuteMax);
  return tooFast ? 'VELOCITY_LIMIT' : null;
}

function amountRefusal(
  auction: Auction,
  { bidder, amountCents, confirm }: PlaceBid,
  known: Bidder | undefined,
): AuctionRefusal | null {
  // Of the leader only: whoever was outbid had a maximum below the minimum of today.
  if (bidder === auction.leader && amountCents <= auction.leaderMaxCents) {
    return 'BID_BELOW_OWN_MAXIMUM';
  }
  if (amountCents < leastBidCents(auction, bidder)) return 'BID_TOO_LOW';
  const limitCents = known === undefined ? null : known.limitCents;
  if (limitCents !== null && amountCents > limitCents) return 'BID_LIMIT_EXCEEDED';
  // The price is the start price until there is a bid, so it is never below it. Raises count too.
  const factor = auction.terms.fatFingerFactor;
  if (!confirm && factor !== null && amountCents > factor * auction.priceCents) {
    return 'CONFIRMATION_NEEDED';
  }
  return null;
}
