import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bidHistory, publicView } from '../../src/auction/view.ts';
import {
  ANN,
  BOB,
  CAT,
  DAY,
  END,
  HOUR,
  SELLER,
  START,
  START_MS,
  bid,
  cents,
  endEarly,
  given,
  givenWith,
  retract,
} from './fixture.ts';

const NOBODY = 0 as typeof ANN;

test('with at least 12 h left the seller may cancel all bids', () => {
  given({}, bid(ANN, 5_00))
    .when(endEarly('cancel', END - 12 * HOUR))
    .then([{ kind: 'AuctionCancelled', auctionSeq: 4, by: SELLER }])
    .state({ status: 'cancelled', winner: NOBODY, endReason: null });
  given({}, bid(ANN, 5_00))
    .when(endEarly('cancel', END - 12 * HOUR + 1))
    .then('CANCEL_TOO_LATE');
});

test('cancelling voids the bids: the auction stands as if nobody had bid', () => {
  for (const [by, asAdmin] of [
    [SELLER, false],
    [BOB, true],
  ] as const) {
    const terms = { reserveCents: 6_00, startPriceCents: 2_00 };
    const scene = given(terms, bid(ANN, 5_00), bid(BOB, 9_00), bid(CAT, 20_00), retract(ANN))
      .when(endEarly('cancel', END - DAY, by, asAdmin))
      .then([{ kind: 'AuctionCancelled', by }])
      .state({
        status: 'cancelled',
        priceCents: cents(2_00),
        leader: NOBODY,
        leaderMaxCents: cents(0),
        winner: NOBODY,
        reserveMet: false,
        bidCount: 0,
        bidderCount: 3,
      });
    const { auction } = scene;
    const bidders = [...auction.biddersByUser.values()];
    assert.deepEqual(
      bidders.map(({ maxCents, retractions }) => [maxCents, retractions]),
      [
        [0, 1],
        [0, 0],
        [0, 0],
      ],
    );
    const { bids } = bidHistory(auction, 10);
    assert.equal(bids.length, 3);
    for (const { retracted } of bids) assert.ok(retracted);
    const view = publicView(auction);
    assert.deepEqual(
      [view.priceCents, view.bidCount, view.leaderAlias, view.winnerAlias, view.reserve],
      [2_00, 0, 0, 0, 'not met'],
    );
  }
});

test('a cancelled auction without a reserve has none to be met', () => {
  given({}, bid(ANN, 5_00), endEarly('cancel')).state({
    reserveMet: true,
    priceCents: cents(1_00),
  });
});

test('with less only where no bid stands', () => {
  given()
    .when(endEarly('cancel', END - 1))
    .then([{ kind: 'AuctionCancelled' }]);
  given({}, bid(ANN, 5_00), retract(ANN))
    .when(endEarly('cancel', END - HOUR))
    .then([{ kind: 'AuctionCancelled' }]);
});

test('the seller may sell to the high bidder at any time', () => {
  for (const atUs of [START + 2 * HOUR, END - 1]) {
    given({}, bid(ANN, 5_00), bid(BOB, 3_00))
      .when(endEarly('sell', atUs))
      .then([{ kind: 'AuctionEnded', reason: 'early', winner: ANN, priceCents: cents(3_25) }])
      .state({
        status: 'sold',
        winner: ANN,
        endReason: 'early',
        closedAtMs: Math.floor(atUs / 1000),
      });
  }
});

test('without a bid, or below the reserve, there is nobody to sell to', () => {
  given().when(endEarly('sell')).then('NO_BIDS_TO_SELL');
  given({ reserveCents: 50_00 }, bid(ANN, 5_00)).when(endEarly('sell')).then('NO_BIDS_TO_SELL');
  given({ reserveCents: 50_00 }, bid(ANN, 50_00))
    .when(endEarly('sell'))
    .then([{ winner: ANN, priceCents: cents(50_00) }]);
});

test('before the start it can be cancelled, and not sold', () => {
  given()
    .when(endEarly('sell', START - 1))
    .then('AUCTION_NOT_STARTED');
  given()
    .when(endEarly('cancel', START - 1000))
    .then([{ kind: 'AuctionCancelled', auctionSeq: 2 }])
    .state({ status: 'cancelled', closedAtMs: START_MS - 1 });
});

test('nobody but the seller may, and an admin at any time', () => {
  given()
    .when(endEarly('cancel', START + HOUR, ANN))
    .then('NOT_YOUR_AUCTION');
  given({}, bid(ANN, 5_00))
    .when(endEarly('sell', START + HOUR, BOB))
    .then('NOT_YOUR_AUCTION');
  given({}, bid(ANN, 5_00))
    .when(endEarly('cancel', END - 1, BOB, true))
    .then([{ kind: 'AuctionCancelled', by: BOB }]);
});

test('at the end and after it is too late', () => {
  given({}, bid(ANN, 5_00)).when(endEarly('sell', END)).then('AUCTION_ENDED');
  given({}, endEarly('cancel')).when(endEarly('cancel')).then('AUCTION_CANCELLED');
});

test('the 12 h are a setting', () => {
  givenWith({ cancelBeforeEndMs: 0 }, {}, bid(ANN, 5_00))
    .when(endEarly('cancel', END - 1))
    .then([{ kind: 'AuctionCancelled' }]);
});
