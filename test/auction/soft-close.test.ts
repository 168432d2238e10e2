import { test } from 'node:test';
import {
  ANN,
  BOB,
  CAT,
  END,
  END_MS,
  HOUR,
  SECOND,
  bid,
  buy,
  cents,
  given,
  limit,
  retract,
} from './fixture.ts';

const NO_LIMIT = { windowMs: 30_000, extensionMs: 60_000, extensionsMax: null };

test('a bid in the last 30 s sets the end to 60 s from now, and says so', () => {
  given()
    .when(bid(ANN, 5_00, END - 10 * SECOND))
    .then([
      { kind: 'BidAccepted', auctionSeq: 3, endsAtMs: END_MS + 50_000 },
      { kind: 'AuctionExtended', auctionSeq: 4, endsAtMs: END_MS + 50_000, extension: 1 },
    ])
    .state({ endsAtMs: END_MS + 50_000, extensions: 1, auctionSeq: 4 });
});

test('the window begins exactly 30 s before the end', () => {
  given()
    .when(bid(ANN, 5_00, END - 30 * SECOND - 1))
    .then([{ kind: 'BidAccepted', endsAtMs: END_MS }]);
  given()
    .when(bid(ANN, 5_00, END - 30 * SECOND))
    .then([{ kind: 'BidAccepted' }, { kind: 'AuctionExtended', endsAtMs: END_MS + 30_000 }]);
});

test('the last microsecond before the end still extends, and at least by the extension', () => {
  given()
    .when(bid(ANN, 5_00, END - 1))
    .then([{ kind: 'BidAccepted' }, { endsAtMs: END_MS + 60_000 }]);
  given()
    .when(bid(ANN, 5_00, END - 1001))
    .then([{ kind: 'BidAccepted' }, { endsAtMs: END_MS - 1 + 60_000 }]);
});

test('the window moves with the end', () => {
  const scene = given({}, bid(ANN, 5_00, END - 10 * SECOND));
  scene.when(bid(BOB, 6_00, END + 19 * SECOND)).then([{ kind: 'BidAccepted' }]);
  scene
    .when(bid(BOB, 7_00, END + 20 * SECOND))
    .then([{ leader: BOB }])
    .state({ leader: BOB, extensions: 1 });
  scene
    .when(bid(CAT, 20_00, END + 25 * SECOND))
    .then([{ leader: CAT }, { extension: 2, endsAtMs: END_MS + 85_000 }]);
});

test('at most five extensions by default', () => {
  const scene = given();
  let atUs = END - SECOND;
  let amountCents = 5_00;
  for (let extension = 1; extension <= 5; extension++) {
    scene
      .when(bid(extension % 2 === 0 ? ANN : BOB, amountCents, atUs))
      .then([{ kind: 'BidAccepted' }, { extension }]);
    atUs = scene.auction.endsAtMs * 1000 - SECOND;
    amountCents += 5_00;
  }
  scene
    .when(bid(ANN, amountCents, atUs))
    .then([{ kind: 'BidAccepted' }])
    .state({ extensions: 5 });
});

test('without a limit it goes on', () => {
  const scene = given({ softClose: NO_LIMIT });
  for (let extension = 1; extension <= 20; extension++) {
    const atUs = scene.auction.endsAtMs * 1000 - SECOND;
    const bidder = extension % 2 === 0 ? ANN : BOB;
    scene.when(bid(bidder, extension * 5_00, atUs)).then([{ leader: bidder }, { extension }]);
  }
});

test('"reset to window" is an extension as long as the window', () => {
  const softClose = { windowMs: 30_000, extensionMs: 30_000, extensionsMax: 5 };
  given({ softClose })
    .when(bid(ANN, 5_00, END - 10 * SECOND))
    .then([{ kind: 'BidAccepted' }, { endsAtMs: END_MS + 20_000 }]);
  given({ softClose })
    .when(bid(ANN, 5_00, END - 30 * SECOND))
    .then([{ kind: 'BidAccepted', endsAtMs: END_MS }]);
});

test('the end never moves back, and an end that stays is no extension', () => {
  const softClose = { windowMs: 30_000, extensionMs: 10_000, extensionsMax: 5 };
  given({ softClose })
    .when(bid(ANN, 5_00, END - 20 * SECOND))
    .then([{ endsAtMs: END_MS }])
    .state({ extensions: 0 });
  given({ softClose })
    .when(bid(ANN, 5_00, END - 4 * SECOND))
    .then([{ kind: 'BidAccepted' }, { endsAtMs: END_MS + 6_000, extension: 1 }]);
});

test('no soft close: no extension', () => {
  const softClose = { windowMs: 0, extensionMs: 60_000, extensionsMax: null };
  given({ softClose })
    .when(bid(ANN, 5_00, END - 1))
    .then([{ endsAtMs: END_MS }]);
  const none = { windowMs: 30_000, extensionMs: 60_000, extensionsMax: 0 };
  given({ softClose: none })
    .when(bid(ANN, 5_00, END - 1))
    .then([{ endsAtMs: END_MS }]);
});

test('a losing challenger changes the price and extends', () => {
  given({}, bid(ANN, 50_00))
    .when(bid(BOB, 20_00, END - SECOND))
    .then([{ leader: ANN, priceCents: cents(20_50) }, { kind: 'AuctionExtended' }]);
});

test('the leader raising the own maximum never extends, not even to the reserve', () => {
  given({ reserveCents: 50_00 }, bid(ANN, 20_00))
    .when(bid(ANN, 30_00, END - SECOND))
    .then([{ kind: 'BidAccepted', endsAtMs: END_MS }])
    .when(bid(ANN, 60_00, END - SECOND))
    .then([{ priceCents: cents(50_00), reserveMet: true, endsAtMs: END_MS }]);
});

test('refused bids, retractions, purchases and limits never extend', () => {
  const atUs = END - SECOND;
  given({}, bid(ANN, 5_00))
    .when(bid(BOB, 1_00, atUs))
    .then('BID_TOO_LOW')
    .state({ extensions: 0 });
  given({}, bid(ANN, 5_00, END - 40 * SECOND))
    .when(retract(ANN, atUs))
    .then([{ kind: 'BidsRetracted', endsAtMs: END_MS }])
    .state({ endsAtMs: END_MS });
  given({ buyNowCents: 90_00 })
    .when(buy(ANN, atUs))
    .then([{ endsAtMs: END_MS }, { reason: 'bought' }]);
  given({}, limit(ANN, 5_00, END - HOUR), limit(ANN, 6_00, atUs)).state({ endsAtMs: END_MS });
});
