import { test } from 'node:test';
import {
  ANN,
  BOB,
  CAT,
  END,
  END_MS,
  SECOND,
  bid,
  cents,
  given,
  prices,
  retract,
} from './fixture.ts';

const DIRECT = { format: 'direct' } as const;

test('the price is the amount bid', () => {
  prices(
    given(DIRECT),
    [bid(ANN, 10_00), 10_00],
    [bid(BOB, 10_50), 10_50],
    [bid(ANN, 40_00), 40_00],
  ).state({ leader: ANN, leaderMaxCents: cents(40_00) });
});

test('start price and increments hold as for automatic bidding', () => {
  given(DIRECT).when(bid(ANN, 99)).then('BID_TOO_LOW');
  const scene = given(DIRECT, bid(ANN, 10_00));
  scene.when(bid(BOB, 10_49)).then('BID_TOO_LOW');
  scene.when(bid(BOB, 10_50)).then([{ leader: BOB }]);
});

test('the leader’s next bid is a bid like any: the increment holds, the price follows', () => {
  const scene = given(DIRECT, bid(ANN, 10_00));
  scene.when(bid(ANN, 9_00)).then('BID_BELOW_OWN_MAXIMUM');
  scene.when(bid(ANN, 10_00)).then('BID_BELOW_OWN_MAXIMUM');
  scene.when(bid(ANN, 10_49)).then('BID_TOO_LOW');
  scene.when(bid(ANN, 10_50)).then([{ priceCents: cents(10_50), leader: ANN }]);
});

test('the leader’s next bid moves the price, so it extends', () => {
  given(DIRECT, bid(ANN, 10_00))
    .when(bid(ANN, 10_49, END - SECOND))
    .then('BID_TOO_LOW')
    .when(bid(ANN, 10_50, END - SECOND))
    .then([{ priceCents: cents(10_50) }, { kind: 'AuctionExtended', endsAtMs: END_MS + 59_000 }]);
});

test('a bid at the reserve meets it', () => {
  const scene = given({ ...DIRECT, reserveCents: 50_00 });
  scene.when(bid(ANN, 49_00)).then([{ priceCents: cents(49_00), reserveMet: false }]);
  scene.when(bid(BOB, 50_00)).then([{ priceCents: cents(50_00), reserveMet: true }]);
});

test('a retraction leaves the highest amount that stands', () => {
  given(DIRECT, bid(ANN, 10_00), bid(BOB, 20_00), bid(CAT, 30_00))
    .when(retract(BOB))
    .then([{ priceCents: cents(30_00), leader: CAT }])
    .when(retract(CAT))
    .then([{ priceCents: cents(10_00), leader: ANN }])
    .when(retract(ANN))
    .then([{ priceCents: cents(1_00), leader: 0 as typeof ANN }])
    .state({ bidCount: 0, leaderMaxCents: cents(0) });
});
