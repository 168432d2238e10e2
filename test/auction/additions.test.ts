/** What a seller may add to the description, and until when (RULES.md section 2, eBay's rule). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { additionFault } from '../../src/auction/additions.ts';
import type { UserRef } from '../../src/auction/ids.ts';
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import type { Addition } from '../../src/auction/terms.ts';
import type { At } from './fixture.ts';
import {
  ANN,
  bid,
  change,
  clock,
  END,
  endEarly,
  given,
  givenWith,
  HOUR,
  retract,
  SELLER,
  START,
  TEXT,
} from './fixture.ts';

const LATE = END - 12 * HOUR;

function add(
  addition: string,
  atUs = START + HOUR,
  before: readonly Addition[] = [],
  by: UserRef = SELLER,
): At {
  const text = { ...TEXT, additions: before };
  return { atUs, command: { kind: 'AddToDescription', by, addition, text } };
}

test('an addition stands behind the earlier ones with its time, and everything else stays', () => {
  const before = [{ atMs: 5, text: 'It ticks.' }];
  const atUs = START + HOUR;
  const additions = [...before, { atMs: Math.floor(atUs / 1000), text: 'It is loud.' }];
  given({}, bid(ANN, 5_00))
    .when(add('It is loud.', atUs, before))
    .then([{ kind: 'DescriptionAdded', auctionSeq: 4, text: { ...TEXT, additions } }])
    .state({ textRecordSeq: 4, auctionSeq: 4, bidCount: 1, title: TEXT.title });
});

test('with a bid, also one that was taken back, nothing is changed, and added until 12 hours before the end', () => {
  for (const steps of [[bid(ANN, 5_00)], [bid(ANN, 5_00), retract(ANN)]]) {
    given({}, ...steps)
      .when(change({}, START + 2 * HOUR))
      .then('CHANGE_TOO_LATE');
    given({}, ...steps)
      .when(add('More.', LATE))
      .then([{ kind: 'DescriptionAdded' }]);
    given({}, ...steps)
      .when(add('More.', LATE + 1))
      .then('ADDITION_TOO_LATE');
  }
});

test('without a bid something is added until the end, and not behind it', () => {
  given({})
    .when(add('More.', END - 1))
    .then([{ kind: 'DescriptionAdded' }]);
  given({}).when(add('More.', END)).then('AUCTION_ENDED');
  given({}, endEarly('cancel')).when(add('More.')).then('AUCTION_CANCELLED');
});

test('how late is too late is the operator’s', () => {
  givenWith({ additionsBeforeEndMs: 0 }, {}, bid(ANN, 5_00))
    .when(add('More.', END - 1))
    .then([{ kind: 'DescriptionAdded' }]);
});

test('only the seller adds, plain words, and ten times at most', () => {
  given()
    .when(add('More.', START + HOUR, [], ANN))
    .then('NOT_YOUR_AUCTION');
  const nine = Array.from({ length: 9 }, (_, i) => ({ atMs: i, text: `${i}` }));
  given()
    .when(add('The tenth.', START + HOUR, nine))
    .then([{ kind: 'DescriptionAdded' }]);
  given()
    .when(add('The eleventh.', START + HOUR, [...nine, { atMs: 9, text: '9' }]))
    .then('TOO_MANY_ADDITIONS');
  for (const wrong of ['', '  \n', 'x'.repeat(2001), '\u0007', '\udc00']) {
    given().when(add(wrong)).then('INVALID_LISTING');
    assert.equal(additionFault(wrong, RULE_SETTINGS)?.field, 'text');
  }
});

test('an addition never changes what bidders have relied on', () => {
  const amounts = fc.array(fc.integer({ min: 1_00, max: 90_00 }), { maxLength: 6 });
  fc.assert(
    fc.property(amounts, fc.nat({ max: 6 * 24 - 13 }), (bids, hours) => {
      const scene = given({}, clock(START));
      for (const amount of bids) scene.take(bid(ANN, amount));
      const { auctionSeq: _, textRecordSeq: _record, ...before } = { ...scene.auction };
      scene.take(add('More.', START + HOUR + hours * 1000));
      const { auctionSeq: _seq, textRecordSeq: _newest, ...after } = scene.auction;
      assert.deepEqual(after, before);
    }),
  );
});
