import { test } from 'node:test';
import { ANN, BOB, CAT, START, SECOND, bid, cents, given, prices, retract } from './fixture.ts';

test('the first bid makes the start price the price, whatever its maximum', () => {
  given({ startPriceCents: 9_99 })
    .when(bid(ANN, 50_00))
    .then([{ kind: 'BidAccepted', priceCents: cents(9_99), leader: ANN }])
    .state({ leaderMaxCents: cents(50_00), bidCount: 1, bidderCount: 1 });
});

test('the first bid is at least the start price', () => {
  given({ startPriceCents: 9_99 }).when(bid(ANN, 9_98)).then('BID_TOO_LOW');
  given({ startPriceCents: 9_99 })
    .when(bid(ANN, 9_99))
    .then([{ priceCents: cents(9_99) }]);
});

test('later bids are at least the price plus its increment', () => {
  const scene = given({ startPriceCents: 9_99 }, bid(ANN, 50_00));
  scene.when(bid(BOB, 10_48)).then('BID_TOO_LOW');
  scene.when(bid(BOB, 10_49)).then([{ priceCents: cents(10_99), leader: ANN }]);
});

test('a challenger above the leader leads at one increment above the leader’s maximum', () => {
  given({}, bid(ANN, 10_00))
    .when(bid(BOB, 80_00))
    .then([{ priceCents: cents(10_50), leader: BOB }])
    .state({ leaderMaxCents: cents(80_00) });
});

test('one can be outbid by less than a full increment', () => {
  given({}, bid(ANN, 10_00))
    .when(bid(BOB, 10_01))
    .then([{ priceCents: cents(10_01), leader: BOB }]);
});

test('a challenger below loses, and the price is one increment above the challenger', () => {
  given({}, bid(ANN, 10_00))
    .when(bid(BOB, 4_00))
    .then([{ priceCents: cents(4_25), leader: ANN, amountCents: cents(4_00) }]);
});

test('a losing challenger raises the price no further than to the leader’s maximum', () => {
  given({}, bid(ANN, 10_00))
    .when(bid(BOB, 9_80))
    .then([{ priceCents: cents(10_00), leader: ANN }]);
});

test('equal maximums: the earlier one leads at that price, whatever the user numbers', () => {
  given({}, bid(BOB, 10_00))
    .when(bid(ANN, 10_00))
    .then([{ priceCents: cents(10_00), leader: BOB }]);
  given({}, bid(ANN, 10_00))
    .when(bid(BOB, 10_00))
    .then([{ priceCents: cents(10_00), leader: ANN }]);
});

test('the increment is that of the beaten maximum, not of the price before', () => {
  prices(
    given({}),
    [bid(ANN, 99_99), 1_00],
    [bid(BOB, 200_00), 100_99],
    [bid(ANN, 240_00), 202_50],
  );
});

test('the leader may raise the own maximum, and the price stays', () => {
  given({}, bid(ANN, 10_00), bid(BOB, 4_00))
    .when(bid(ANN, 10_01))
    .then([{ priceCents: cents(4_25), leader: ANN }])
    .state({ leaderMaxCents: cents(10_01), bidCount: 3, bidderCount: 2 });
});

test('the leader’s raise needs no increment, but must be above the own maximum', () => {
  const scene = given({}, bid(ANN, 10_00));
  scene.when(bid(ANN, 10_00)).then('BID_BELOW_OWN_MAXIMUM');
  scene.when(bid(ANN, 9_99)).then('BID_BELOW_OWN_MAXIMUM');
  scene.when(bid(ANN, 10_01)).then([{ priceCents: cents(1_00) }]);
});

test('the price after a raise is that of the raised maximum once somebody challenges it', () => {
  prices(
    given({}),
    [bid(ANN, 10_00), 1_00],
    [bid(BOB, 10_20), 10_20],
    [bid(BOB, 30_00), 10_20],
    [bid(CAT, 20_00), 20_50],
  ).state({ leader: BOB });
});

test('an outbid bidder has to reach the minimum, whatever the own maximum was', () => {
  const scene = given({}, bid(ANN, 10_00), bid(BOB, 30_00));
  scene.when(bid(ANN, 9_00)).then('BID_TOO_LOW');
  scene.when(bid(ANN, 10_00)).then('BID_TOO_LOW');
  scene.when(bid(ANN, 10_99)).then('BID_TOO_LOW');
  scene.when(bid(ANN, 11_00)).then([{ priceCents: cents(11_50), leader: BOB }]);
});

test('below the reserve bids compete as ever, and it stays unmet', () => {
  const scene = given({ reserveCents: 50_00 });
  scene.when(bid(ANN, 20_00)).then([{ priceCents: cents(1_00), reserveMet: false }]);
  scene.when(bid(BOB, 30_00)).then([{ priceCents: cents(20_50), reserveMet: false }]);
});

test('a maximum at the reserve moves the price to the reserve', () => {
  given({ reserveCents: 50_00 })
    .when(bid(ANN, 49_99))
    .then([{ priceCents: cents(1_00), reserveMet: false }]);
  given({ reserveCents: 50_00 })
    .when(bid(ANN, 50_00))
    .then([{ priceCents: cents(50_00), reserveMet: true }]);
  given({ reserveCents: 50_00 }, bid(ANN, 20_00))
    .when(bid(BOB, 90_00))
    .then([{ priceCents: cents(50_00), leader: BOB, reserveMet: true }]);
});

test('the leader’s raise to the reserve moves the price there', () => {
  given({ reserveCents: 50_00 }, bid(ANN, 20_00))
    .when(bid(ANN, 60_00))
    .then([{ priceCents: cents(50_00), leader: ANN, reserveMet: true }]);
});

test('once the reserve is met, bidding goes on as ever', () => {
  const scene = given({ reserveCents: 50_00 }, bid(ANN, 60_00));
  scene.when(bid(BOB, 50_50)).then('BID_TOO_LOW');
  scene.when(bid(BOB, 51_00)).then([{ priceCents: cents(52_00), leader: ANN }]);
});

test('aliases are given in the order of the first accepted bid, and stay', () => {
  const scene = given({}, bid(BOB, 10_00));
  scene.when(bid(ANN, 1_00)).then('BID_TOO_LOW');
  scene.and(bid(CAT, 20_00), retract(CAT, START + 2 * SECOND * 3600), bid(ANN, 20_00));
  const aliases = [BOB, CAT, ANN].map((user) => scene.auction.biddersByUser.get(user)?.alias);
  scene.state({ bidderCount: 3 });
  if (aliases.join() !== '1,2,3') throw new Error(`aliases are ${aliases.join()}`);
});
