import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BID_RETRACT } from '../../src/auction/events.ts';
import type { AuctionEvent } from '../../src/auction/events.ts';
import { EBAY_INCREMENTS } from '../../src/auction/increments.ts';
import {
  ANN,
  BOB,
  END_MS,
  START,
  bid,
  cents,
  change,
  clock,
  given,
  listed,
  must,
} from './fixture.ts';
import { begin } from '../../src/auction/evolve.ts';
import type { AuctionRef } from '../../src/auction/ids.ts';

/** An event that does not fit is our own mistake, and stops. */
function refuses(event: Partial<AuctionEvent>, reason: RegExp): void {
  const scene = given({ reserveCents: 5_00 }, clock(START), bid(ANN, 9_00));
  const accepted: AuctionEvent = {
    kind: 'BidAccepted',
    auction: scene.auction.ref,
    auctionSeq: 4,
    atUs: START + 1,
    bidder: BOB,
    amountCents: cents(8_00),
    nonce: 'nonce',
    flags: 0,
    priceCents: cents(8_50),
    leader: ANN,
    reserveMet: true,
    endsAtMs: END_MS,
  };
  assert.throws(() => scene.apply({ ...accepted, ...event } as AuctionEvent), reason);
}

test('an event that does not fit the state stops', () => {
  refuses({ auction: 2 as AuctionRef }, /another auction/);
  refuses({ auctionSeq: 3 }, /missing or repeated/);
  refuses({ auctionSeq: 5 }, /missing or repeated/);
  refuses({ priceCents: cents(4_99) }, /never lowers the price/);
  refuses({ priceCents: cents(9_01) }, /within the maximum/);
  refuses({ endsAtMs: END_MS - 1 }, /never moves back/);
  refuses({ reserveMet: false }, /met reserve/);
  refuses({ amountCents: cents(9_01) }, /highest maximum/);
  refuses({ leader: 9 as typeof ANN }, /leaves the leader/);
  refuses({ bidder: ANN, amountCents: cents(9_00) }, /only rises/);
  refuses({ kind: 'AuctionStarted' }, /starts once/);
  refuses({ kind: 'AuctionExtended', endsAtMs: END_MS, extension: 1 }, /moves the end on/);
  refuses({ kind: 'AuctionExtended', endsAtMs: END_MS + 1, extension: 2 }, /counted/);
  refuses({ kind: 'AuctionEnded', reason: 'time', winner: ANN, priceCents: cents(5_00) }, /early/);
  refuses(
    { kind: 'AuctionEnded', reason: 'early', winner: BOB, priceCents: cents(5_00) },
    /leader wins/,
  );
  refuses({ kind: 'AuctionEnded', reason: 'early', winner: ANN }, /leaves the price/);
  refuses({ kind: 'BidsRetracted', scope: 'all' }, /at least one/);
  refuses(
    { kind: 'BidsRetracted', scope: 'all', bidder: ANN, leader: ANN },
    /bids alone leads|raises/,
  );
  refuses({ kind: 'ListingChanged' }, /fixed once/);
});

test('attempts keep every bid command, with its record', () => {
  const scene = given({}, clock(START), bid(ANN, 9_00));
  scene.when(bid(BOB, 50)).then('BID_TOO_LOW');
  const { attempts } = scene.auction;
  assert.equal(attempts.count, 2);
  const [first, second] = [attempts.at(0), attempts.at(1)];
  assert.deepEqual([first.bidder, first.standing, first.recordSeq], [ANN, 'stands', 3]);
  assert.deepEqual([second.bidder, second.standing, second.amountCents], [BOB, 'none', 50]);
  assert.equal(second.priceCents, 0);
});

test('a refused retraction is no bid for the velocity limit', () => {
  const scene = given({}, clock(START));
  scene.apply({
    kind: 'BidRefused',
    auction: scene.auction.ref,
    atUs: START,
    bidder: ANN,
    amountCents: cents(0),
    nonce: 'nonce',
    flags: BID_RETRACT,
    code: 3015,
    told: {
      auctionSeq: 2,
      priceCents: cents(1_00),
      minimumNextCents: cents(1_00),
      status: 'none',
      retryAfterMs: 0,
      endsAtMs: END_MS,
      suggestedCents: null,
    },
    currency: null,
  });
  assert.equal(must(scene.auction.biddersByUser.get(ANN)).windowBids, 0);
});

test('auctions share what their terms have in common', () => {
  const copy = () => JSON.parse(JSON.stringify(listed())) as ReturnType<typeof listed>;
  const one = begin(copy(), 1);
  const other = begin(copy(), 2);
  assert.equal(one.terms.increments, EBAY_INCREMENTS);
  assert.equal(one.terms.softClose, other.terms.softClose);
  assert.deepEqual(one.terms, listed().terms);
});

test('the record with the newest text is remembered', () => {
  given({})
    .state({ textRecordSeq: 1 })
    .and(change({}, START - 1))
    .state({ textRecordSeq: 2 });
});
