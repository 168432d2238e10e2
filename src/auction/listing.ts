/**
 * Listing an auction, and changing a listing (RULES.md section 2, life cycle). What a bidder has
 * relied on cannot be changed: with the first accepted bid the terms are fixed for good, also if
 * it is retracted later.
 */
import type { Auction } from './auction.ts';
import type { ChangeListing, ListAuction } from './commands.ts';
import type { AuctionEvent, AuctionListed, ListingChanged } from './events.ts';
import { AUCTION_ID_PATTERN } from './ids.ts';
import type { AuctionRef } from './ids.ts';
import { overRefusal } from './lifecycle.ts';
import { currencyFault, fault, termsFault, textFault } from './listing-checks.ts';
import type { ListingFault } from './listing-checks.ts';
import type { AuctionRefusal } from './refusal.ts';
import type { RuleSettings } from './settings.ts';
import type { Terms } from './terms.ts';

/**
 * A start in the past means now, rounded down to the millisecond: the start is then due at once.
 * `atUs` in microseconds.
 */
export function decideListing(
  ref: AuctionRef,
  command: ListAuction,
  atUs: number,
  settings: RuleSettings,
): AuctionListed | ListingFault {
  const { id, seller, text } = command;
  if (!AUCTION_ID_PATTERN.test(id)) return fault('auctionId', 'must be 22 letters and digits');
  const terms = startingNow(command.terms, atUs);
  const wrong =
    currencyFault(terms.currency) ??
    termsFault(terms, settings) ??
    tooFarAhead(terms, atUs, settings) ??
    textFault(text, settings);
  if (wrong !== null) return wrong;
  return {
    kind: 'AuctionListed',
    auction: ref,
    auctionSeq: 1,
    atUs,
    id,
    seller,
    terms,
    text,
  };
}

/** `changeFault` says which field an INVALID_LISTING is about. */
export function decideChange(
  auction: Auction,
  command: ChangeListing,
  atUs: number,
  settings: RuleSettings,
): AuctionRefusal | readonly AuctionEvent[] {
  const over = overRefusal(auction, atUs);
  if (over !== null) return over;
  if (command.by !== auction.seller) return 'NOT_YOUR_AUCTION';
  if (auction.bidderCount > 0) return 'CHANGE_TOO_LATE';
  const wrong = changeFault(auction, command, atUs, settings);
  if (wrong !== null) return wrong.refusal;
  const changed: ListingChanged = {
    kind: 'ListingChanged',
    auction: auction.ref,
    auctionSeq: auction.auctionSeq + 1,
    atUs,
    terms: changedTerms(auction, command, atUs),
    text: command.text,
  };
  return [changed];
}

/**
 * What is wrong with a change, given that changing is allowed at all; null: nothing. Once active,
 * format, currency and start stand; the end never moves back in any case.
 */
export function changeFault(
  auction: Auction,
  command: ChangeListing,
  atUs: number,
  settings: RuleSettings,
): ListingFault | null {
  const before = auction.terms;
  const terms = changedTerms(auction, command, atUs);
  if (auction.status === 'active') {
    const fixed = 'cannot be changed after the start';
    if (terms.format !== before.format) return fault('format', fixed);
    if (terms.currency !== before.currency) return fault('currency', fixed);
    if (terms.startsAtMs !== before.startsAtMs) return fault('startsAtMs', fixed);
  } else {
    const ahead = tooFarAhead(terms, atUs, settings);
    if (ahead !== null) return ahead;
  }
  if (terms.currency !== before.currency) {
    const unknown = currencyFault(terms.currency);
    if (unknown !== null) return unknown;
  }
  if (terms.endsAtMs < auction.endsAtMs) {
    return fault('endsAtMs', 'must not be before the present end');
  }
  return termsFault(terms, settings) ?? textFault(command.text, settings);
}

function changedTerms(auction: Auction, { terms }: ChangeListing, atUs: number): Terms {
  return auction.status === 'active' ? terms : startingNow(terms, atUs);
}

function startingNow(terms: Terms, atUs: number): Terms {
  const nowMs = Math.floor(atUs / 1000);
  return terms.startsAtMs < nowMs ? { ...terms, startsAtMs: nowMs } : terms;
}

function tooFarAhead(terms: Terms, atUs: number, settings: RuleSettings): ListingFault | null {
  const { startsInMsMax } = settings;
  if (terms.startsAtMs <= Math.floor(atUs / 1000) + startsInMsMax) return null;
  return fault('startsAtMs', `must be within ${startsInMsMax} ms from now`);
}
