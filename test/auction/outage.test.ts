import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { creditOf } from '../../src/auction/outage.ts';
import type { RuleSettings } from '../../src/auction/settings.ts';
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import type { Scene } from './fixture.ts';
import {
  ANN,
  END,
  END_MS,
  HOUR,
  MINUTE,
  SECOND,
  START,
  START_MS,
  bid,
  copyOf,
  endEarly,
  given,
  givenWith,
} from './fixture.ts';

const within = (outageCreditWithinMs: number | null): RuleSettings => ({
  ...RULE_SETTINGS,
  outageCreditWithinMs,
});

/** The end after an outage, milliseconds. */
function endAfter(scene: Scene, fromUs: number, toUs: number, settings = scene.settings): number {
  const credit = creditOf(scene.auction, { fromUs, toUs }, settings);
  if (credit !== null) scene.apply(credit);
  return scene.auction.endsAtMs;
}

test('an end inside the outage moves so that as much is left as was left before it', () => {
  const scene = given({}, bid(ANN, 5_00));
  assert.equal(endAfter(scene, END - 3 * MINUTE, END + 7 * MINUTE), END_MS + 600_000);
  scene.state({ status: 'active', extensions: 0, auctionSeq: 4 });
  scene.when(bid(ANN, 9_00, END + 9 * MINUTE)).then([{ kind: 'BidAccepted' }]);
});

test('an end soon after the outage moves as well, a later one does not', () => {
  const settings = within(60_000);
  const of = (leftUs: number): number =>
    endAfter(given({}, bid(ANN, 5_00)), END - leftUs - SECOND, END - leftUs, settings);
  assert.equal(of(0), END_MS + 1_000);
  assert.equal(of(MINUTE - 1), END_MS + 1_000);
  assert.equal(of(MINUTE), END_MS);
});

test('what was over before the outage is over', () => {
  assert.equal(endAfter(given({}, bid(ANN, 5_00)), END, END + HOUR), END_MS);
  const early = given({}, bid(ANN, 5_00), endEarly('sell', END - 2 * MINUTE));
  assert.equal(endAfter(early, END - MINUTE, END + MINUTE), END_MS);
});

test('a start inside the outage loses only what comes after it', () => {
  const terms = { endsAtMs: START_MS + 60_000 };
  const scene = given(terms);
  assert.equal(endAfter(scene, START - HOUR, START + 5 * SECOND), START_MS + 65_000);
  scene.tick(START + 5 * SECOND).state({ status: 'active' });
  assert.equal(endAfter(given(terms), START - HOUR, START), START_MS + 60_000);
});

test('a credit counts as no extension and takes none away', () => {
  const softClose = { windowMs: 30_000, extensionMs: 60_000, extensionsMax: 1 };
  const scene = given({ softClose }, bid(ANN, 5_00));
  endAfter(scene, END - 20 * SECOND, END + 20 * SECOND);
  scene
    .when(bid(4 as typeof ANN, 9_00, END + 30 * SECOND))
    .then([{ kind: 'BidAccepted' }, { kind: 'AuctionExtended', extension: 1 }]);
});

test('none does what it says', () => {
  const scene = givenWith({ outageCreditWithinMs: null }, {}, bid(ANN, 5_00));
  assert.equal(endAfter(scene, END - MINUTE, END + MINUTE), END_MS);
});

test('whatever the outage: the end never moves back, and what was left is left', () => {
  const times = fc.record({
    leftMs: fc.integer({ min: -600_000, max: 1_200_000 }),
    lostUs: fc.integer({ min: 1, max: 2 * HOUR }),
    withinMs: fc.option(fc.integer({ min: 0, max: 600_000 })),
  });
  fc.assert(
    fc.property(times, ({ leftMs, lostUs, withinMs }) => {
      const scene = given({}, bid(ANN, 5_00));
      const before = copyOf(scene.auction);
      const fromUs = END - leftMs * 1000;
      const toUs = fromUs + lostUs;
      const endsAtMs = endAfter(scene, fromUs, toUs, within(withinMs));
      assert.ok(endsAtMs >= END_MS);
      const isNear = withinMs !== null && leftMs > 0 && END < toUs + withinMs * 1000;
      const leftAfterUs = endsAtMs * 1000 - toUs;
      if (!isNear) assert.deepEqual(scene.auction, before);
      else assert.equal(Math.floor(leftAfterUs / 1000), leftMs);
    }),
    { numRuns: 500 },
  );
});

test('two outages in a row give back the sum, asked for one by one or as one', () => {
  const cuts = fc.tuple(
    fc.integer({ min: 1, max: 1_000_000 }),
    fc.integer({ min: 1, max: 1_000_000 }),
  );
  fc.assert(
    fc.property(cuts, ([firstMs, secondMs]) => {
      const [one, two] = [given({}, bid(ANN, 5_00)), given({}, bid(ANN, 5_00))];
      const fromUs = END - 5 * SECOND;
      const middleUs = fromUs + firstMs * 1000;
      const toUs = middleUs + secondMs * 1000;
      endAfter(one, fromUs, middleUs);
      assert.equal(endAfter(one, middleUs, toUs), endAfter(two, fromUs, toUs));
    }),
  );
});
