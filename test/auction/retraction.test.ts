import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ANN,
  BOB,
  CAT,
  END,
  END_MS,
  HOUR,
  MINUTE,
  START,
  bid,
  cents,
  given,
  givenWith,
  retract,
} from './fixture.ts';

const NOBODY = 0 as typeof ANN;

test('with more than 12 h left all own bids go', () => {
  given({}, bid(ANN, 5_00), bid(BOB, 9_00), bid(ANN, 20_00))
    .when(retract(ANN, END - 12 * HOUR - 1))
    .then([
      {
        kind: 'BidsRetracted',
        auctionSeq: 6,
        scope: 'all',
        priceCents: cents(1_00),
        leader: BOB,
        endsAtMs: END_MS,
      },
    ])
    .state({ bidCount: 1, leaderMaxCents: cents(9_00), bidderCount: 2 });
});

test('with exactly 12 h left, or less, only the newest goes, and the one before stands again', () => {
  for (const leftUs of [12 * HOUR, HOUR]) {
    const atUs = END - leftUs;
    given({}, bid(ANN, 5_00, atUs), bid(BOB, 9_00, atUs), bid(ANN, 20_00, atUs))
      .when(retract(ANN, atUs))
      .then([{ scope: 'newest', priceCents: cents(5_25 + 25), leader: BOB }])
      .state({ bidCount: 2, leaderMaxCents: cents(9_00) });
  }
});

test('the newest goes within an hour of placing it, to the microsecond', () => {
  const atUs = END - 2 * HOUR;
  given({}, bid(ANN, 5_00, atUs - HOUR))
    .when(retract(ANN, atUs))
    .then([{ scope: 'newest', leader: NOBODY }]);
  given({}, bid(ANN, 5_00, atUs - HOUR - 1))
    .when(retract(ANN, atUs))
    .then('RETRACTION_TOO_LATE');
  given({}, bid(ANN, 5_00, END - 12 * HOUR - 1))
    .when(retract(ANN, END - 12 * HOUR))
    .then([{ scope: 'newest' }]);
});

test('a second retraction takes the one before, while that is young enough', () => {
  const atUs = END - 2 * HOUR;
  given({}, bid(ANN, 5_00, atUs), bid(ANN, 6_00, atUs + MINUTE))
    .when(retract(ANN, atUs + 2 * MINUTE))
    .then([{ scope: 'newest', leader: ANN }])
    .state({ leaderMaxCents: cents(5_00), bidCount: 1 })
    .when(retract(ANN, atUs + 3 * MINUTE))
    .then([{ scope: 'newest', leader: NOBODY }])
    .when(retract(ANN, atUs + 4 * MINUTE))
    .then('NOTHING_TO_RETRACT');
});

test('who has no standing bid has nothing to retract', () => {
  given().when(retract(ANN)).then('NOTHING_TO_RETRACT');
  const scene = given({}, bid(ANN, 5_00));
  scene.when(bid(BOB, 1_00)).then('BID_TOO_LOW');
  scene.when(retract(BOB)).then('NOTHING_TO_RETRACT');
  given({}, bid(ANN, 5_00), retract(ANN)).when(retract(ANN)).then('NOTHING_TO_RETRACT');
});

test('the price is recomputed from the maximums that remain', () => {
  const scene = given({}, bid(ANN, 10_00), bid(BOB, 80_00), bid(CAT, 200_00));
  scene.state({ priceCents: cents(81_00), leader: CAT });
  scene.when(retract(CAT)).then([{ priceCents: cents(10_50), leader: BOB }]);
  scene.when(retract(ANN)).then([{ priceCents: cents(1_00), leader: BOB }]);
});

test('retracting a bid in the middle leaves what the others made of each other', () => {
  given({}, bid(ANN, 10_00), bid(BOB, 80_00), bid(CAT, 200_00))
    .when(retract(BOB))
    .then([{ priceCents: cents(10_50), leader: CAT }]);
});

test('a raise that did not move the price does not move it after a retraction either', () => {
  given({}, bid(ANN, 10_00), bid(BOB, 10_20), bid(BOB, 30_00), bid(CAT, 20_00))
    .state({ priceCents: cents(20_50) })
    .when(retract(CAT))
    .then([{ priceCents: cents(10_20), leader: BOB }]);
});

test('equal maximums: after the earlier one is gone, the later one leads', () => {
  given({}, bid(ANN, 10_00), bid(BOB, 10_00))
    .when(retract(ANN))
    .then([{ priceCents: cents(1_00), leader: BOB }]);
});

test('a met reserve can become unmet, and stays met where the leader still meets it', () => {
  const terms = { reserveCents: 50_00 };
  given(terms, bid(ANN, 20_00), bid(BOB, 60_00))
    .when(retract(BOB))
    .then([{ priceCents: cents(1_00), leader: ANN, reserveMet: false }])
    .when(retract(ANN))
    .then([{ priceCents: cents(1_00), leader: NOBODY, reserveMet: false }]);
  given(terms, bid(ANN, 20_00), bid(BOB, 60_00))
    .when(retract(ANN))
    .then([{ priceCents: cents(50_00), leader: BOB, reserveMet: true }]);
});

test('after a retraction bidding goes on from the lower price', () => {
  const scene = given({}, bid(ANN, 10_00), bid(BOB, 80_00), retract(BOB));
  scene.when(bid(CAT, 1_24)).then('BID_TOO_LOW');
  scene.when(bid(CAT, 1_25)).then([{ leader: ANN, priceCents: cents(1_50) }]);
  scene.when(bid(BOB, 40_00)).then([{ leader: BOB, priceCents: cents(10_50) }]);
});

test('retractions are counted for each bidder, one for each retraction', () => {
  const { auction } = given({}, bid(ANN, 5_00), bid(ANN, 6_00), retract(ANN), bid(ANN, 7_00));
  assert.equal(auction.biddersByUser.get(ANN)?.retractions, 1);
  assert.equal(auction.biddersByUser.get(ANN)?.maxCents, 7_00);
});

test('a retraction is no bid: it is neither counted nor stopped by the velocity limit', () => {
  const scene = givenWith({ bidsPerMinuteMax: 2 }, {}, bid(ANN, 5_00), retract(ANN));
  scene.when(bid(ANN, 6_00)).then([{ leader: ANN }]);
  scene.when(bid(ANN, 7_00)).then('VELOCITY_LIMIT');
  scene.when(retract(ANN)).then([{ leader: NOBODY }]);
});

test('the limits are settings', () => {
  const settings = { retractAllBeforeEndMs: 0, retractNewestWithinMs: 0 };
  givenWith(settings, {}, bid(ANN, 5_00, START))
    .when(retract(ANN, END - 1))
    .then([{ scope: 'all' }]);
  givenWith({ retractNewestWithinMs: 0 }, {}, bid(ANN, 5_00, END - HOUR))
    .when(retract(ANN, END - HOUR + 1))
    .then('RETRACTION_TOO_LATE');
});

test('the time left is that to the end as it stands, not as it was listed', () => {
  const softClose = { windowMs: 1_000, extensionMs: 43_202_000, extensionsMax: 5 };
  given({ softClose }, bid(ANN, 5_00, END - 2 * HOUR), bid(BOB, 9_00, END - 1))
    .when(retract(ANN, END - 1))
    .then([{ scope: 'all' }]);
});

test('where an older listing has increments that fall, the price stays at most where it was', () => {
  const increments = [
    { belowCents: cents(100_00), incrementCents: cents(50_00) },
    { belowCents: null, incrementCents: cents(1) },
  ];
  const scene = given({ increments, startPriceCents: cents(10_00) });
  scene.when(bid(ANN, 99_00)).then([{ leader: ANN }]);
  scene.when(bid(BOB, 100_00)).then([{ leader: BOB, priceCents: cents(100_00) }]);
  scene
    .when(bid(CAT, 130_00, START, { confirm: true }))
    .then([{ leader: CAT, priceCents: cents(100_01) }]);
  // Without Bob: 99.00 and an increment of 50.00 come to more than the price of today.
  scene
    .when(retract(BOB))
    .then([{ kind: 'BidsRetracted', leader: CAT, priceCents: cents(100_01), maxCents: cents(0) }]);
});

test('what remains of the own maximums is told', () => {
  const atUs = END - HOUR;
  given({}, bid(ANN, 5_00, atUs), bid(ANN, 9_00, atUs))
    .when(retract(ANN, atUs))
    .then([{ scope: 'newest', leader: ANN, maxCents: cents(5_00) }]);
  given({}, bid(ANN, 5_00), bid(ANN, 9_00))
    .when(retract(ANN))
    .then([{ maxCents: cents(0) }]);
});
