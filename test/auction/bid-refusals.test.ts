import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuctionRefusal } from '../../src/auction/refusal.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import {
  ANN,
  BOB,
  END,
  MINUTE,
  SELLER,
  START,
  bid,
  block,
  buy,
  cents,
  endEarly,
  given,
  givenWith,
  limit,
  retract,
} from './fixture.ts';
import type { At, Scene } from './fixture.ts';

const GUARDED = { fatFingerFactor: 10 };

test('sellers cannot bid on, buy from, or run up their own auctions', () => {
  given().when(bid(SELLER, 5_00)).then('OWN_AUCTION');
  given({ buyNowCents: 90_00 }).when(buy(SELLER)).then('OWN_AUCTION');
});

test('a blocked bidder is refused until unblocked; bids already placed stay', () => {
  const scene = given({ buyNowCents: 90_00 }, bid(ANN, 5_00), block(ANN));
  scene.state({ leader: ANN }).when(bid(ANN, 6_00)).then('BIDDER_BLOCKED');
  scene.when(buy(ANN)).then('BIDDER_BLOCKED');
  scene.when(retract(ANN)).then([{ kind: 'BidsRetracted' }]);
  scene
    .and(block(ANN, false))
    .when(bid(ANN, 6_00))
    .then([{ leader: ANN }]);
});

test('only the seller keeps the block list', () => {
  given()
    .when(block(ANN, true, START, BOB))
    .then('NOT_YOUR_AUCTION');
});

test('a bid in another currency is refused; without one it is in the auction’s', () => {
  given()
    .when(bid(ANN, 5_00, START, { currency: 'EUR' }))
    .then('CURRENCY_DIFFERS');
  given()
    .when(bid(ANN, 5_00, START, { currency: 'USD' }))
    .then([{ leader: ANN }]);
});

test('the limit of a bidder holds for maximums, and null lifts it', () => {
  const scene = given({}, limit(ANN, 50_00));
  scene.when(bid(ANN, 50_01)).then('BID_LIMIT_EXCEEDED');
  scene.when(bid(ANN, 50_00)).then([{ leader: ANN }]);
  scene.and(limit(ANN, 40_00)).state({ leaderMaxCents: cents(50_00) });
  scene.when(bid(ANN, 50_01)).then('BID_LIMIT_EXCEEDED');
  scene
    .and(limit(ANN, null))
    .when(bid(ANN, 50_01))
    .then([{ leader: ANN }]);
});

test('limits and blocks end with the auction', () => {
  given({}, endEarly('cancel')).when(limit(ANN, 5_00)).then('AUCTION_CANCELLED');
  given()
    .when(block(ANN, true, END))
    .then('AUCTION_ENDED');
});

test('a bid above ten times the price needs confirmation', () => {
  const scene = given(GUARDED);
  scene.when(bid(ANN, 10_01)).then('CONFIRMATION_NEEDED');
  scene.when(bid(ANN, 10_00)).then([{ leader: ANN }]);
  scene.when(bid(BOB, 9_00)).then([{ priceCents: cents(9_50) }]);
  scene.when(bid(ANN, 95_01)).then('CONFIRMATION_NEEDED');
  scene.when(bid(ANN, 95_01, START + MINUTE * 90, { confirm: true })).then([{ leader: ANN }]);
});

test('the guard also asks a leader who raises, and can be off', () => {
  given(GUARDED, bid(ANN, 10_00)).when(bid(ANN, 10_01)).then('CONFIRMATION_NEEDED');
  given({ fatFingerFactor: null })
    .when(bid(ANN, 1_000_000_00))
    .then([{ leader: ANN }]);
});

test('the velocity limit counts accepted and refused bids within a minute of the first', () => {
  const scene = givenWith({ bidsPerMinuteMax: 3 });
  scene.when(bid(ANN, 5_00, START)).then([{ leader: ANN }]);
  scene.when(bid(ANN, 4_00, START + 1)).then('BID_BELOW_OWN_MAXIMUM');
  scene.when(bid(ANN, 3_00, START + 2)).then('BID_BELOW_OWN_MAXIMUM');
  scene.when(bid(ANN, 7_00, START + 3)).then('VELOCITY_LIMIT');
  scene.when(bid(ANN, 7_00, START + MINUTE - 1)).then('VELOCITY_LIMIT');
  scene.when(bid(BOB, 8_00, START + MINUTE - 1)).then([{ leader: BOB }]);
  scene.when(bid(ANN, 9_00, START + MINUTE)).then([{ leader: ANN }]);
});

test('the leader who raises the own maximum is not counted; in the direct format every bid is', () => {
  const proxy = givenWith({ bidsPerMinuteMax: 2 });
  for (let i = 0; i < 20; i++) proxy.when(bid(ANN, 5_00 + i)).then([{ leader: ANN }]);
  proxy.when(bid(BOB, 9_00)).then([{ leader: BOB }]);
  proxy.when(bid(ANN, 20_00)).then([{ leader: ANN }]);
  proxy.when(bid(BOB, 30_00)).then([{ leader: BOB }]);
  proxy.when(bid(ANN, 40_00)).then('VELOCITY_LIMIT');
  const direct = givenWith({ bidsPerMinuteMax: 2 }, { format: 'direct' });
  for (let i = 1; i < 3; i++) direct.when(bid(ANN, i * 5_00)).then([{ leader: ANN }]);
  direct.when(bid(ANN, 15_00)).then('VELOCITY_LIMIT');
});

test('bids refused for velocity do not prolong the wait', () => {
  const scene = givenWith({ bidsPerMinuteMax: 1 });
  scene.when(bid(ANN, 5_00, START)).then([{ leader: ANN }]);
  scene.when(bid(BOB, 6_00, START)).then([{ leader: BOB }]);
  for (let i = 1; i < 60; i++) {
    scene.when(bid(ANN, 9_00, START + i * 1_000_000)).then('VELOCITY_LIMIT');
  }
  scene.when(bid(ANN, 9_00, START + MINUTE)).then([{ leader: ANN }]);
});

test('ten bids a minute by default, and none too many where it is off', () => {
  const ten = given();
  const off = givenWith({ bidsPerMinuteMax: null });
  for (let i = 0; i < 10; i++) {
    ten.when(bid(ANN, 50)).then('BID_TOO_LOW');
    off.when(bid(ANN, 50)).then('BID_TOO_LOW');
  }
  ten.when(bid(ANN, 5_00)).then('VELOCITY_LIMIT');
  off.when(bid(ANN, 5_00)).then([{ leader: ANN }]);
});

test('the velocity limit holds for purchases', () => {
  const scene = givenWith({ bidsPerMinuteMax: 1 }, { buyNowCents: 90_00 });
  scene.when(bid(ANN, 50)).then('BID_TOO_LOW');
  scene.when(buy(ANN)).then('VELOCITY_LIMIT');
});

/** Each entry could be refused for its own reason and for every one after it that can be joined. */
const PRECEDENCE: readonly (readonly [AuctionRefusal, () => Scene, At])[] = [
  [
    'AUCTION_CANCELLED',
    () => givenWith({ bidsPerMinuteMax: 1 }, GUARDED, block(SELLER), endEarly('cancel')),
    bid(SELLER, 50, END + 1, { currency: 'EUR' }),
  ],
  ['OWN_AUCTION', () => given({}, block(SELLER)), bid(SELLER, 50, undefined, { currency: 'EUR' })],
  ['BIDDER_BLOCKED', () => given({}, block(ANN)), bid(ANN, 50, undefined, { currency: 'EUR' })],
  [
    'CURRENCY_DIFFERS',
    () => givenWith({ bidsPerMinuteMax: 1 }, {}, bid(ANN, 5_00)),
    bid(ANN, 50, undefined, { currency: 'EUR' }),
  ],
  [
    'VELOCITY_LIMIT',
    () => givenWith({ bidsPerMinuteMax: 1 }, {}, bid(ANN, 5_00), limit(ANN, 10)),
    bid(ANN, 50),
  ],
  ['BID_BELOW_OWN_MAXIMUM', () => given({}, bid(ANN, 5_00), limit(ANN, 10)), bid(ANN, 50)],
  ['BID_TOO_LOW', () => given({}, limit(ANN, 10)), bid(ANN, 50)],
  ['BID_LIMIT_EXCEEDED', () => given(GUARDED, limit(ANN, 10_00)), bid(ANN, 50_00)],
  [
    'BID_LIMIT_EXCEEDED',
    () => given({ buyNowCents: 90_00 }, bid(BOB, 5_00), limit(ANN, 10_00)),
    buy(ANN),
  ],
];

test('of several reasons the one that stands first is given', () => {
  for (const [expected, scene, step] of PRECEDENCE) scene().when(step).then(expected);
});

test('the order tested is the order of the refusal table', () => {
  const codes = PRECEDENCE.map(([name]) => REFUSALS[name].code);
  assert.deepEqual(
    codes,
    codes.toSorted((a, b) => a - b),
  );
});
