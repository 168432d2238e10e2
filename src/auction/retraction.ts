/**
 * Taking bids back (RULES.md section 2). How many go follows from the time left; the price is then
 * recomputed from what remains, never patched.
 *
 *   ────────────────────────┬──────────────────────── end
 *    more than 12 h left:   │ 12 h or less: the newest one,
 *    all own bids           │ within 1 h of placing it
 */
import { must } from '../lib/assert.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { Auction } from './auction.ts';
import type { RetractBid } from './commands.ts';
import type { AuctionEvent, BidsRetracted } from './events.ts';
import type { UserRef } from './ids.ts';
import { NO_CENTS } from './money.ts';
import type { Cents } from './money.ts';
import { notOpenRefusal } from './lifecycle.ts';
import { priceWithout } from './pricing.ts';
import type { AuctionRefusal } from './refusal.ts';
import type { RuleSettings } from './settings.ts';

/** A retraction is no bid: it asks nothing of block lists and the velocity limit. */
export function decideRetraction(
  auction: Auction,
  command: RetractBid,
  atUs: number,
  settings: RuleSettings,
): AuctionRefusal | readonly AuctionEvent[] {
  const { bidder, nonce } = command;
  const notOpen = notOpenRefusal(auction, atUs);
  if (notOpen !== null) return notOpen;
  const known = auction.biddersByUser.get(bidder);
  if (known === undefined || known.maxCents === 0) return 'NOTHING_TO_RETRACT';

  const leftUs = auction.endsAtMs * 1000 - atUs;
  const scope = leftUs > settings.retractAllBeforeEndMs * 1000 ? 'all' : 'newest';
  const entries = retractedBy(auction.attempts, bidder, scope);
  if (scope === 'newest') {
    const newest = auction.attempts.at(must(entries[0], 'a maximum without a bid'));
    if (atUs - newest.atUs > settings.retractNewestWithinMs * 1000) return 'RETRACTION_TOO_LATE';
  }
  const priced = priceWithout(auction, entries);
  // Only tables whose increments fall, as older listings may have them, come to more than before.
  const priceCents =
    priced.priceCents < auction.priceCents ? priced.priceCents : auction.priceCents;
  const retracted: BidsRetracted = {
    kind: 'BidsRetracted',
    auction: auction.ref,
    auctionSeq: auction.auctionSeq + 1,
    atUs,
    bidder,
    nonce,
    scope,
    endsAtMs: auction.endsAtMs,
    priceCents,
    leader: priced.leader,
    reserveMet: priced.reserveMet,
    maxCents: remainingMaximum(auction.attempts, bidder, entries),
  };
  return [retracted];
}

/** The own maximums only rise, so the newest that remains is the highest. */
function remainingMaximum(
  attempts: AttemptLog,
  bidder: UserRef,
  retracted: readonly number[],
): Cents {
  const remaining = attempts.standingOf(bidder).filter((entry) => !retracted.includes(entry));
  const newest = remaining.at(-1);
  return newest === undefined ? NO_CENTS : attempts.amountAt(newest);
}

/** The entries that a retraction of this scope takes, oldest first. */
export function retractedBy(
  attempts: AttemptLog,
  bidder: UserRef,
  scope: BidsRetracted['scope'],
): readonly number[] {
  if (scope === 'all') return attempts.standingOf(bidder);
  const newest = attempts.newestStandingOf(bidder);
  return newest === -1 ? [] : [newest];
}
