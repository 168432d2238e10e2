import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EBAY_INCREMENTS } from '../../src/auction/increments.ts';
import { CENTS_MAX } from '../../src/auction/money.ts';
import { minimumNextCents, suggestedCents } from '../../src/auction/quote.ts';
import { velocityFreeUs } from '../../src/auction/velocity.ts';
import { bidHistory, publicView } from '../../src/auction/view.ts';
import {
  ANN,
  BOB,
  CAT,
  MINUTE,
  START,
  bid,
  cents,
  clock,
  given,
  must,
  retract,
} from './fixture.ts';

test('the minimum is the start price, then one increment above the price', () => {
  assert.equal(minimumNextCents(given({ startPriceCents: 9_99 }).auction), 9_99);
  assert.equal(minimumNextCents(given({}, bid(ANN, 5_00)).auction), 1_25);
  assert.equal(minimumNextCents(given({}, bid(ANN, 5_00)).auction, BOB), 1_25);
});

test('for the leader it is above the own maximum', () => {
  assert.equal(minimumNextCents(given({}, bid(ANN, 5_00)).auction, ANN), 5_01);
});

test('in direct bidding it is one increment above the price for the leader too', () => {
  const { auction } = given({ format: 'direct' }, bid(ANN, 5_00));
  for (const bidder of [ANN, BOB, undefined]) assert.equal(minimumNextCents(auction, bidder), 5_50);
});

test('the suggestions are the minimum and two more steps', () => {
  assert.deepEqual(suggestedCents(EBAY_INCREMENTS, cents(4_75)), [4_75, 5_00, 5_50]);
  assert.deepEqual(suggestedCents(EBAY_INCREMENTS, cents(5_01)), [5_01, 5_51, 6_01]);
});

test('what is more than money can be is neither quoted nor suggested', () => {
  assert.deepEqual(suggestedCents(EBAY_INCREMENTS, cents(CENTS_MAX)), [CENTS_MAX]);
  assert.deepEqual(suggestedCents(EBAY_INCREMENTS, cents(0)), []);
  for (const format of ['proxy', 'direct'] as const) {
    const scene = given({ format, startPriceCents: CENTS_MAX }, bid(ANN, CENTS_MAX));
    assert.equal(minimumNextCents(scene.auction, ANN), 0);
    assert.equal(minimumNextCents(scene.auction), 0);
    assert.equal(publicView(scene.auction).minimumNextCents, 0);
    scene.when(bid(BOB, CENTS_MAX)).then('BID_TOO_LOW');
  }
});

test('decide enforces exactly the quoted minimum', () => {
  for (const format of ['proxy', 'direct'] as const) {
    for (const steps of [[], [bid(ANN, 9_00)], [bid(ANN, 9_00), bid(BOB, 9_50)]]) {
      for (const bidder of [ANN, BOB, CAT]) {
        const scene = given({ format }, ...steps);
        const minimum = minimumNextCents(scene.auction, bidder);
        assert.equal(typeof scene.take(bid(bidder, minimum - 1)), 'string');
        assert.equal(typeof scene.take(bid(bidder, minimum)), 'object');
      }
    }
  }
});

test('velocityFreeUs is when a bidder may bid again', () => {
  const { auction } = given({}, bid(ANN, 5_00, START), bid(ANN, 6_00, START + MINUTE - 1));
  assert.equal(velocityFreeUs(must(auction.biddersByUser.get(ANN))), START + MINUTE);
});

test('the public view has neither maximums nor the reserve nor bidders', () => {
  const { auction } = given({ reserveCents: 777_77, buyNowCents: 999_99 }, bid(BOB, 666_66));
  const view = publicView(auction);
  const text = JSON.stringify(view);
  for (const secret of [777_77, 666_66]) assert.ok(!text.includes(String(secret)));
  assert.equal(view.leaderAlias, 1);
  assert.equal(view.reserve, 'not met');
  assert.equal(view.buyNowCents, 999_99);
  assert.equal(publicView(given().auction).reserve, 'none');
  assert.equal(publicView(given({ reserveCents: 5_00 }, bid(ANN, 5_00)).auction).reserve, 'met');
});

test('the history shows accepted bids, newest first, in pages', () => {
  const scene = given({}, clock(START), bid(BOB, 5_00), bid(ANN, 9_00));
  scene.when(bid(CAT, 1_00)).then('BID_TOO_LOW');
  scene.and(retract(ANN), bid(CAT, 2_00));
  const all = bidHistory(scene.auction, 10);
  assert.deepEqual(
    all.bids.map(({ alias, priceCents, retracted, retractions }) => [
      alias,
      priceCents,
      retracted,
      retractions,
    ]),
    [
      [3, 2_25, false, 0],
      [2, 5_50, true, 1],
      [1, 1_00, false, 0],
    ],
  );
  assert.equal(all.before, null);
  const first = bidHistory(scene.auction, 2);
  assert.deepEqual(first.bids, all.bids.slice(0, 2));
  const rest = bidHistory(scene.auction, 2, first.before ?? 0);
  assert.deepEqual([rest.bids, rest.before], [all.bids.slice(2), null]);
});
