import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BID_BUY_NOW } from '../../src/auction/events.ts';
import { buyNowOffered } from '../../src/auction/quote.ts';
import {
  ANN,
  BOB,
  END_MS,
  HOUR,
  START,
  START_MS,
  bid,
  buy,
  cents,
  given,
  limit,
  retract,
} from './fixture.ts';

const OFFER = { buyNowCents: 90_00 };

test('a purchase is a bid at that price and ends the auction', () => {
  given(OFFER)
    .when(buy(ANN))
    .then([
      {
        kind: 'BidAccepted',
        auctionSeq: 3,
        amountCents: cents(90_00),
        priceCents: cents(90_00),
        leader: ANN,
        reserveMet: true,
        flags: BID_BUY_NOW,
        endsAtMs: END_MS,
      },
      {
        kind: 'AuctionEnded',
        auctionSeq: 4,
        reason: 'bought',
        winner: ANN,
        priceCents: cents(90_00),
      },
    ])
    .state({
      status: 'sold',
      winner: ANN,
      endReason: 'bought',
      closedAtMs: START_MS + HOUR / 1000,
      bidCount: 1,
    });
});

test('it is gone after the first bid', () => {
  given(OFFER, bid(ANN, 2_00)).when(buy(BOB)).then('BUY_NOW_UNAVAILABLE');
});

test('with a reserve it is there until the reserve is met', () => {
  const terms = { ...OFFER, reserveCents: 50_00 };
  given(terms, bid(ANN, 49_00))
    .when(buy(BOB))
    .then([{ leader: BOB }, { winner: BOB }]);
  given(terms, bid(ANN, 49_00))
    .when(buy(ANN))
    .then([{ leader: ANN }, { winner: ANN }]);
  given(terms, bid(ANN, 50_00)).when(buy(BOB)).then('BUY_NOW_UNAVAILABLE');
});

test('it is back when every bid has been retracted', () => {
  given(OFFER, bid(ANN, 2_00), retract(ANN))
    .when(buy(BOB))
    .then([{ leader: BOB }, { winner: BOB }]);
  given({ ...OFFER, reserveCents: 50_00 }, bid(ANN, 60_00), retract(ANN))
    .when(buy(BOB))
    .then([{ leader: BOB }, { winner: BOB }]);
});

test('where it is not offered it cannot be bought', () => {
  given().when(buy(ANN)).then('BUY_NOW_UNAVAILABLE');
});

test('a bid at or above the price bids and does not buy', () => {
  given(OFFER)
    .when(bid(ANN, 95_00))
    .then([{ kind: 'BidAccepted', priceCents: cents(1_00), flags: 0 }])
    .state({ status: 'active' });
});

test('a limit below the price stops the purchase', () => {
  given(OFFER, limit(ANN, 89_99)).when(buy(ANN)).then('BID_LIMIT_EXCEEDED');
  given(OFFER, limit(ANN, 90_00))
    .when(buy(ANN))
    .then([{ leader: ANN }, { winner: ANN }]);
});

test('a price far above the start price needs no confirmation: it is the seller’s', () => {
  given({ ...OFFER, fatFingerFactor: 2 })
    .when(buy(ANN))
    .then([{ leader: ANN }, { winner: ANN }]);
});

test('buyNowOffered says what a purchase would find', () => {
  assert.equal(buyNowOffered(given(OFFER).auction), true);
  assert.equal(buyNowOffered(given(OFFER, bid(ANN, 2_00)).auction), false);
  assert.equal(buyNowOffered(given().auction), false);
  assert.equal(buyNowOffered(given(OFFER, buy(ANN, START)).auction), false);
});
