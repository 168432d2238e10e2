import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../src/auction/decide.ts';
import { begin } from '../../src/auction/evolve.ts';
import { due, nextDeadlineMs } from '../../src/auction/lifecycle.ts';
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import {
  ANN,
  BOB,
  DAY,
  END,
  END_MS,
  START,
  START_MS,
  bid,
  buy,
  cents,
  clock,
  given,
  listed,
  retract,
  endEarly,
} from './fixture.ts';

const NOBODY = 0 as typeof ANN;

test('it starts by the clock, not a microsecond early', () => {
  const auction = begin(listed(), 1);
  assert.equal(auction.status, 'scheduled');
  assert.equal(nextDeadlineMs(auction), START_MS);
  assert.deepEqual(due(auction, START - 1), []);
  assert.deepEqual(due(auction, START), [
    { kind: 'AuctionStarted', auction: 1, auctionSeq: 2, atUs: START },
  ]);
});

test('before the start no bid, purchase or retraction is taken', () => {
  given()
    .when(bid(ANN, 5_00, START - 1))
    .then('AUCTION_NOT_STARTED');
  given({ buyNowCents: 90_00 })
    .when(buy(ANN, START - 1))
    .then('AUCTION_NOT_STARTED');
  given()
    .when(retract(ANN, START - 1))
    .then('AUCTION_NOT_STARTED');
  given()
    .when(bid(ANN, 5_00, START))
    .then([{ auctionSeq: 3 }]);
});

test('a bid read a microsecond before the end counts; at the end and after it does not', () => {
  given({ softClose: { windowMs: 0, extensionMs: 0, extensionsMax: 0 } })
    .when(bid(ANN, 5_00, END - 1))
    .then([{ kind: 'BidAccepted' }]);
  given()
    .when(bid(ANN, 5_00, END))
    .then('AUCTION_ENDED');
  given()
    .when(bid(ANN, 5_00, END + 1))
    .then('AUCTION_ENDED');
});

test('a bid at the end is refused even where the close is not recorded yet', () => {
  const { auction } = given({}, clock(START));
  for (const atUs of [END, END + 1]) {
    assert.equal(decide(auction, bid(ANN, 5_00).command, atUs, RULE_SETTINGS), 'AUCTION_ENDED');
  }
  assert.equal(auction.status, 'active');
  const scheduled = begin(listed(), 1);
  const early = decide(scheduled, bid(ANN, 5_00).command, START + 1, RULE_SETTINGS);
  assert.equal(early, 'AUCTION_NOT_STARTED');
});

test('it ends by the clock in favour of the leader', () => {
  const scene = given({}, bid(ANN, 5_00), bid(BOB, 7_00));
  assert.equal(nextDeadlineMs(scene.auction), END_MS);
  assert.deepEqual(due(scene.auction, END - 1), []);
  assert.deepEqual(due(scene.auction, END), [
    {
      kind: 'AuctionEnded',
      auction: 1,
      auctionSeq: 5,
      atUs: END,
      reason: 'time',
      winner: BOB,
      priceCents: 5_50,
    },
  ]);
  scene.and(clock(END + 7_000_000)).state({
    status: 'sold',
    winner: BOB,
    endReason: 'time',
    closedAtMs: END_MS,
    priceCents: cents(5_50),
  });
  assert.equal(nextDeadlineMs(scene.auction), Infinity);
  assert.deepEqual(due(scene.auction, END + DAY), []);
});

test('without bids, or below the reserve, it is unsold', () => {
  given({}, clock(END)).state({ status: 'unsold', winner: NOBODY, endReason: 'time' });
  given({ reserveCents: 50_00 }, bid(ANN, 49_99), clock(END)).state({
    status: 'unsold',
    winner: NOBODY,
    leader: ANN,
  });
  given({ reserveCents: 50_00 }, bid(ANN, 50_00), clock(END)).state({
    status: 'sold',
    winner: ANN,
  });
});

test('an extended auction ends at its new end', () => {
  const scene = given({}, bid(ANN, 5_00, END - 1));
  scene.and(clock(END)).state({ status: 'active' });
  scene.when(bid(BOB, 9_00, END + 1)).then([{ leader: BOB }]);
  scene.and(clock(END + 60_000_000)).state({ status: 'sold', winner: BOB });
});

test('an auction whose whole span has passed starts and ends', () => {
  const auction = begin(listed(), 1);
  const events = due(auction, END + DAY);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['AuctionStarted', 'AuctionEnded'],
  );
  given({}, clock(END + DAY)).state({ status: 'unsold', auctionSeq: 3, closedAtMs: END_MS });
});

test('ends more than 24.8 days away are plain numbers', () => {
  const far = START_MS + (80 * DAY) / 1000;
  const scene = given({ endsAtMs: far }, bid(ANN, 5_00));
  assert.equal(nextDeadlineMs(scene.auction), far);
  scene.when(bid(BOB, 9_00, START + 79 * DAY)).then([{ leader: BOB }]);
  scene.and(clock(far * 1000 - 1)).state({ status: 'active' });
  scene.and(clock(far * 1000)).state({ status: 'sold' });
});

test('over is over: each way of ending has its refusal', () => {
  const after = START + DAY;
  given({}, clock(END))
    .when(bid(ANN, 5_00, END + 1))
    .then('AUCTION_ENDED');
  given({ buyNowCents: 90_00 }, buy(ANN))
    .when(bid(BOB, 500_00, after))
    .then('AUCTION_BOUGHT');
  given({ buyNowCents: 90_00 }, buy(ANN))
    .when(bid(BOB, 500_00, END + 1))
    .then('AUCTION_BOUGHT');
  given({}, endEarly('cancel'))
    .when(bid(BOB, 5_00, after))
    .then('AUCTION_CANCELLED');
  given({}, bid(ANN, 5_00), endEarly('sell'))
    .when(bid(BOB, 9_00, after))
    .then('AUCTION_ENDED');
  given({}, bid(ANN, 5_00), clock(END))
    .when(retract(ANN, END + 1))
    .then('AUCTION_ENDED');
});
