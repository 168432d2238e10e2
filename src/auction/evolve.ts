/**
 * The state as the fold of events: what happened is applied, never judged again. The rules may
 * change and old logs must still be readable, so nothing here asks whether an event was allowed;
 * what is asserted holds under any rules: no update is missing, the price only falls where bids are
 * taken back or void, the end never moves back, the price is never above the leader's maximum.
 */
import { assert, must, unreachable } from '../lib/assert.ts';
import { attemptKey } from './attempt-key.ts';
import { AttemptLog } from './attempt-log.ts';
import type { Auction, Bidder } from './auction.ts';
import { NO_BIDDERS, bidderOf } from './bidders.ts';
import { BID_RETRACT } from './events.ts';
import type {
  AuctionCancelled,
  AuctionEnded,
  AuctionEvent,
  AuctionExtended,
  AuctionListed,
  AuctionStarted,
  BidAccepted,
  BidRefused,
  BidsRetracted,
  ListingChanged,
  OutageCredited,
} from './events.ts';
import { NOBODY } from './ids.ts';
import type { UserRef } from './ids.ts';
import { NO_CENTS } from './money.ts';
import { unbid } from './priced.ts';
import { retractedBy } from './retraction.ts';
import { shareTerms } from './shared-terms.ts';
import { countBid } from './velocity.ts';

/** The state right after listing. `recordSeq`: number of the record that holds the event. */
export function begin(event: AuctionListed, recordSeq: number): Auction {
  const terms = shareTerms(event.terms);
  const { priceCents, leader, leaderMaxCents, reserveMet } = unbid(terms);
  return {
    ref: event.auction,
    id: event.id,
    seller: event.seller,
    listedAtUs: event.atUs,
    title: event.text.title,
    textRecordSeq: recordSeq,
    terms,
    status: 'scheduled',
    endsAtMs: terms.endsAtMs,
    extensions: 0,
    priceCents,
    leader,
    leaderMaxCents,
    reserveMet,
    bidCount: 0,
    bidderCount: 0,
    auctionSeq: event.auctionSeq,
    endReason: null,
    winner: NOBODY,
    closedAtMs: 0,
    relistedAs: null,
    biddersByUser: NO_BIDDERS,
    attempts: new AttemptLog(),
  };
}

/**
 * Applies one event, in place. `recordSeq`: number of the record that holds it.
 * @throws AssertionFailure where the event does not fit: the log and the state have parted.
 */
export function evolve(auction: Auction, event: AuctionEvent, recordSeq: number): void {
  assert(event.auction === auction.ref, 'the event is of another auction');
  switch (event.kind) {
    case 'BidAccepted':
      return bidAccepted(auction, event, recordSeq);
    case 'BidRefused':
      return bidRefused(auction, event, recordSeq);
    case 'AuctionExtended':
      return extended(auction, event);
    case 'OutageCredited':
      return credited(auction, event);
    case 'BidsRetracted':
      return bidsRetracted(auction, event, recordSeq);
    case 'AuctionStarted':
      return started(auction, event);
    case 'AuctionEnded':
      return ended(auction, event);
    case 'AuctionCancelled':
      return cancelled(auction, event);
    case 'ListingChanged':
      return listingChanged(auction, event, recordSeq);
    case 'DescriptionAdded':
      seen(auction, event.auctionSeq);
      assertAlive(auction);
      auction.textRecordSeq = recordSeq;
      return;
    case 'AuctionRelisted':
      assert(auction.status === 'unsold' || auction.status === 'cancelled', 'it found no buyer');
      assert(auction.relistedAs === null, 'an auction is relisted once');
      auction.relistedAs = event.as;
      return;
    case 'BidLimitSet':
      bidderOf(auction, event.bidder).limitCents = event.limitCents;
      return;
    case 'BidderBlocked':
      bidderOf(auction, event.bidder).blocked = event.blocked;
      return;
    default:
      return unreachable(event, 'event');
  }
}

function bidAccepted(auction: Auction, event: BidAccepted, recordSeq: number): void {
  seen(auction, event.auctionSeq);
  assert(auction.status === 'active', 'bids count on an active auction only');
  const { amountCents, priceCents, leader } = event;
  const bidder = bidderOf(auction, event.bidder);
  assert(amountCents > bidder.maxCents, 'the own maximum only rises');
  assert(priceCents >= auction.priceCents, 'a bid never lowers the price');
  assert(event.endsAtMs >= auction.endsAtMs, 'the end never moves back');
  assert(event.reserveMet || !auction.reserveMet, 'a bid never takes back a met reserve');

  // Raising a hidden maximum contests nothing: it does not count (RULES.md section 1).
  const isRaise = auction.terms.format === 'proxy' && auction.leader === bidder.user;
  bidder.maxCents = amountCents;
  if (bidder.alias === 0) bidder.alias = ++auction.bidderCount;
  if (leader === bidder.user) auction.leaderMaxCents = amountCents;
  else assert(leader === auction.leader && leader !== NOBODY, 'a loser leaves the leader');
  assert(priceCents <= auction.leaderMaxCents, 'the price is within the maximum');
  assert(amountCents <= auction.leaderMaxCents, 'the leader has the highest maximum');
  auction.leader = leader;
  auction.priceCents = priceCents;
  auction.reserveMet = event.reserveMet;
  auction.bidCount += 1;
  if (!isRaise) countBid(bidder, event.atUs);
  auction.attempts.push({
    bidder: bidder.user,
    amountCents,
    priceCents,
    atUs: event.atUs,
    recordSeq,
    key: attemptKey(auction, bidder.user, event.nonce),
    standing: 'stands',
  });
}

function bidRefused(auction: Auction, event: BidRefused, recordSeq: number): void {
  const { amountCents, atUs } = event;
  const bidder = bidderOf(auction, event.bidder);
  // A retraction is no bid. Repeats of a nonce have no record, so they never count (section 7).
  if ((event.flags & BID_RETRACT) === 0) countBid(bidder, atUs);
  auction.attempts.push({
    bidder: bidder.user,
    amountCents,
    priceCents: NO_CENTS,
    atUs,
    recordSeq,
    key: attemptKey(auction, bidder.user, event.nonce),
    standing: 'none',
  });
}

function extended(auction: Auction, event: AuctionExtended): void {
  seen(auction, event.auctionSeq);
  assert(auction.status === 'active', 'only an active auction is extended');
  assert(event.endsAtMs > auction.endsAtMs, 'an extension moves the end on');
  assert(event.extension === auction.extensions + 1, 'extensions are counted');
  auction.endsAtMs = event.endsAtMs;
  auction.extensions = event.extension;
}

function credited(auction: Auction, event: OutageCredited): void {
  seen(auction, event.auctionSeq);
  assertAlive(auction);
  assert(event.fromUs < event.atUs, 'an outage takes time');
  assert(event.endsAtMs > auction.endsAtMs, 'a credit moves the end on');
  auction.endsAtMs = event.endsAtMs;
}

function bidsRetracted(auction: Auction, event: BidsRetracted, recordSeq: number): void {
  seen(auction, event.auctionSeq);
  assert(auction.status === 'active', 'bids are retracted from an active auction only');
  const { attempts } = auction;
  const bidder = bidderOf(auction, event.bidder);
  const entries = retractedBy(attempts, bidder.user, event.scope);
  assert(entries.length > 0, 'a retraction takes at least one bid');
  for (const entry of entries) attempts.retract(entry);
  // The own maximums only rise, so the newest that remains is the highest.
  const newest = event.scope === 'all' ? -1 : attempts.newestStandingOf(bidder.user);
  bidder.maxCents = newest === -1 ? NO_CENTS : attempts.amountAt(newest);
  bidder.retractions += 1;
  auction.bidCount -= entries.length;

  assert(event.endsAtMs === auction.endsAtMs, 'a retraction leaves the end');
  assert(event.priceCents <= auction.priceCents, 'a retraction never raises the price');
  assert((event.leader === NOBODY) === (auction.bidCount === 0), 'who bids alone leads');
  auction.priceCents = event.priceCents;
  auction.leader = event.leader;
  auction.leaderMaxCents = maxOf(auction, event.leader);
  auction.reserveMet = event.reserveMet;
  assert(
    event.leader === NOBODY || event.priceCents <= auction.leaderMaxCents,
    'the price is within the maximum',
  );
  assert(event.maxCents === null || event.maxCents === bidder.maxCents, 'what remains is told');
  attempts.push({
    bidder: bidder.user,
    amountCents: NO_CENTS,
    priceCents: NO_CENTS,
    atUs: event.atUs,
    recordSeq,
    key: attemptKey(auction, bidder.user, event.nonce),
    standing: 'none',
  });
}

function started(auction: Auction, event: AuctionStarted): void {
  seen(auction, event.auctionSeq);
  assert(auction.status === 'scheduled', 'an auction starts once');
  auction.status = 'active';
}

function ended(auction: Auction, event: AuctionEnded): void {
  seen(auction, event.auctionSeq);
  const { reason, winner } = event;
  assert(auction.status === 'active', 'only an active auction ends');
  assert(winner === NOBODY || winner === auction.leader, 'the leader wins, or nobody');
  assert(event.priceCents === auction.priceCents, 'the end leaves the price');
  const isEarly = event.atUs < auction.endsAtMs * 1000;
  assert(reason !== 'time' || !isEarly, 'the clock never ends an auction early');
  auction.status = winner === NOBODY ? 'unsold' : 'sold';
  auction.endReason = reason;
  auction.winner = winner;
  auction.closedAtMs = reason === 'time' ? auction.endsAtMs : wholeMs(event.atUs);
}

function cancelled(auction: Auction, event: AuctionCancelled): void {
  seen(auction, event.auctionSeq);
  assertAlive(auction);
  voidBids(auction);
  auction.status = 'cancelled';
  auction.closedAtMs = wholeMs(event.atUs);
}

/** Leaves the auction as if nobody had bid; the history shows the bids as retracted. */
function voidBids(auction: Auction): void {
  const { attempts } = auction;
  for (let entry = 0; entry < attempts.count; entry++) {
    if (attempts.standsAt(entry)) attempts.retract(entry);
  }
  // No retraction of theirs: the public count stays.
  for (const bidder of auction.biddersByUser.values()) bidder.maxCents = NO_CENTS;
  const { priceCents, leader, leaderMaxCents, reserveMet } = unbid(auction.terms);
  auction.priceCents = priceCents;
  auction.leader = leader;
  auction.leaderMaxCents = leaderMaxCents;
  auction.reserveMet = reserveMet;
  auction.bidCount = 0;
}

function listingChanged(auction: Auction, event: ListingChanged, recordSeq: number): void {
  seen(auction, event.auctionSeq);
  assertAlive(auction);
  assert(auction.bidderCount === 0, 'terms are fixed once somebody bid');
  assert(event.terms.endsAtMs >= auction.endsAtMs, 'the end never moves back');
  const terms = shareTerms(event.terms);
  auction.terms = terms;
  auction.title = event.text.title;
  auction.textRecordSeq = recordSeq;
  auction.endsAtMs = terms.endsAtMs;
  const { priceCents, reserveMet } = unbid(terms);
  auction.priceCents = priceCents;
  auction.reserveMet = reserveMet;
}

function seen(auction: Auction, auctionSeq: number): void {
  assert(auctionSeq === auction.auctionSeq + 1, 'an update is missing or repeated');
  auction.auctionSeq = auctionSeq;
}

function assertAlive({ status }: Auction): void {
  assert(status === 'scheduled' || status === 'active', 'the auction is over');
}

function wholeMs(atUs: number): number {
  return Math.floor(atUs / 1000);
}

function maxOf(auction: Auction, user: UserRef): Bidder['maxCents'] {
  if (user === NOBODY) return NO_CENTS;
  return must(auction.biddersByUser.get(user), 'the leader has bid').maxCents;
}
