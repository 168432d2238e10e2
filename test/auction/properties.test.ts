/**
 * What must hold for any story: random auctions with random commands at random times, taken as
 * the shard takes them. fast-check prints the seed and the shortest failing story.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Auction } from '../../src/auction/auction.ts';
import { decide } from '../../src/auction/decide.ts';
import type { AuctionEvent } from '../../src/auction/events.ts';
import { begin, evolve } from '../../src/auction/evolve.ts';
import type { UserRef } from '../../src/auction/ids.ts';
import { due, nextDeadlineMs } from '../../src/auction/lifecycle.ts';
import { unbid } from '../../src/auction/priced.ts';
import { minimumNextCents } from '../../src/auction/quote.ts';
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import { stateHash } from '../../src/auction/state-hash.ts';
import {
  END,
  HOUR,
  SECOND,
  SELLER,
  START,
  Scene,
  bid,
  block,
  buy,
  change,
  copyOf,
  endEarly,
  limit,
  listed,
  must,
  retract,
} from './fixture.ts';
import type { At, TermsGiven } from './fixture.ts';

const NOBODY = 0 as UserRef;

/** Seller 1 and bidders 2 to 5. */
const user = fc.integer({ min: 1, max: 5 }).map((ref) => ref as UserRef);
const amount = fc.oneof(
  fc.integer({ min: 1, max: 40 }).map((n) => n * 50),
  fc.integer({ min: 1, max: 3_000 }),
  fc.integer({ min: 1, max: 600_000 }),
);
/** Steps of time: mostly none or small, sometimes to just before the end. */
const pause = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 20 * SECOND }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 8 * HOUR }) },
);

const terms: fc.Arbitrary<TermsGiven> = fc
  .record({
    format: fc.constantFrom('proxy' as const, 'direct' as const),
    startPriceCents: fc.integer({ min: 1, max: 2_000 }),
    reserve: fc.option(fc.integer({ min: 0, max: 3_000 })),
    buyNow: fc.option(fc.integer({ min: 0, max: 5_000 })),
    softClose: fc.record({
      windowMs: fc.constantFrom(0, 30_000, 3_600_000),
      extensionMs: fc.constantFrom(0, 1_000, 60_000, 3_600_000),
      extensionsMax: fc.option(fc.integer({ min: 0, max: 6 })),
    }),
    fatFingerFactor: fc.option(fc.constantFrom(1.5, 10)),
  })
  .map(({ reserve, buyNow, ...rest }) => {
    const { startPriceCents } = rest;
    const reserveCents = reserve === null ? null : startPriceCents + reserve;
    const lowest = Math.max(Math.ceil(startPriceCents * 1.3), reserveCents ?? 0);
    return { ...rest, reserveCents, buyNowCents: buyNow === null ? null : lowest + buyNow };
  });

type Make = (atUs: number, terms: TermsGiven) => At;

const command: fc.Arbitrary<Make> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ by: user, amount, confirm: fc.boolean() }).map(
      (it): Make =>
        (atUs) =>
          bid(it.by, it.amount, atUs, { confirm: it.confirm }),
    ),
  },
  {
    weight: 4,
    arbitrary: user.map(
      (by): Make =>
        (atUs) =>
          retract(by, atUs),
    ),
  },
  {
    weight: 1,
    arbitrary: user.map(
      (by): Make =>
        (atUs) =>
          buy(by, atUs),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ how: fc.constantFrom('sell' as const, 'cancel' as const), by: user })
      .map(
        (it): Make =>
          (atUs) =>
            endEarly(it.how, atUs, it.by),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ by: user, max: fc.option(amount) }).map(
      (it): Make =>
        (atUs) =>
          limit(it.by, it.max, atUs),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ by: user, blocked: fc.boolean() }).map(
      (it): Make =>
        (atUs) =>
          block(it.by, it.blocked, atUs),
    ),
  },
  {
    weight: 1,
    arbitrary: amount.map(
      (startPriceCents): Make =>
        (atUs, given) =>
          change({ ...given, startPriceCents, reserveCents: null, buyNowCents: null }, atUs),
    ),
  },
);

const story = fc.record({
  terms,
  fromUs: fc.constantFrom(START - SECOND, START, START + HOUR, END - 13 * HOUR, END - 40 * SECOND),
  steps: fc.array(fc.record({ make: command, pause }), { maxLength: 60 }),
  bidsPerMinuteMax: fc.option(fc.constantFrom(1, 3, 10)),
});

interface Story {
  readonly terms: TermsGiven;
  readonly fromUs: number;
  readonly steps: readonly { readonly make: Make; readonly pause: number }[];
  readonly bidsPerMinuteMax: number | null;
}

/** Plays a story; `check` sees the auction before and after each decision. */
function play(
  { terms: given, fromUs, steps, bidsPerMinuteMax }: Story,
  check: (before: Auction, after: Auction, events: readonly AuctionEvent[]) => void,
): Scene {
  const scene = new Scene(listed(given), { ...RULE_SETTINGS, bidsPerMinuteMax });
  let atUs = fromUs;
  for (const { make, pause: pauseUs } of steps) {
    atUs += pauseUs;
    const before = copyOf(scene.auction);
    const from = scene.events.length;
    scene.take(make(atUs, given));
    check(before, scene.auction, scene.events.slice(from));
  }
  return scene;
}

const FALLS: readonly string[] = ['BidsRetracted', 'AuctionCancelled', 'ListingChanged'];

function standing(auction: Auction): { bidder: UserRef; amountCents: number }[] {
  return Array.from({ length: auction.attempts.count }, (_, i) => auction.attempts.at(i)).filter(
    (attempt) => attempt.standing === 'stands',
  );
}

test('the price never falls, except where bids go or before anybody bid', () => {
  fc.assert(
    fc.property(story, (each) => {
      play(each, (before, after, events) => {
        const mayFall = events.some(({ kind }) => FALLS.includes(kind));
        if (!mayFall) assert.ok(after.priceCents >= before.priceCents);
        if (events.some(({ kind }) => kind === 'BidsRetracted')) {
          assert.ok(after.priceCents <= before.priceCents);
        }
        assert.ok(after.priceCents >= after.terms.startPriceCents);
      });
    }),
    { numRuns: 400 },
  );
});

test('the leader has the highest standing maximum, first of equals, and the price is within it', () => {
  fc.assert(
    fc.property(story, (each) => {
      play(each, (_, after) => {
        const bids = standing(after);
        assert.equal(after.bidCount, bids.length);
        const highest = Math.max(0, ...bids.map(({ amountCents }) => amountCents));
        const first = bids.find(({ amountCents }) => amountCents === highest);
        assert.equal(after.leader, first?.bidder ?? NOBODY);
        assert.equal(after.leaderMaxCents, highest);
        if (first === undefined) assert.equal(after.priceCents, after.terms.startPriceCents);
        else assert.ok(after.priceCents <= after.leaderMaxCents);
        const { reserveCents } = after.terms;
        const met = reserveCents === null || highest >= reserveCents;
        assert.equal(after.reserveMet, met || after.endReason === 'bought');
        if (met && reserveCents !== null) assert.ok(after.priceCents >= reserveCents);
      });
    }),
    { numRuns: 400 },
  );
});

test('every bidder’s maximum is the highest bid of the own that stands', () => {
  fc.assert(
    fc.property(story, (each) => {
      play(each, (_, after) => {
        for (const bidder of after.biddersByUser.values()) {
          const own = standing(after).filter((attempt) => attempt.bidder === bidder.user);
          assert.equal(bidder.maxCents, Math.max(0, ...own.map((attempt) => attempt.amountCents)));
        }
      });
    }),
  );
});

test('the end never moves back, and moves only with an extension or a change', () => {
  fc.assert(
    fc.property(story, (each) => {
      play(each, (before, after, events) => {
        assert.ok(after.endsAtMs >= before.endsAtMs);
        assert.ok(after.extensions >= before.extensions);
        const moved = events.some(
          ({ kind }) => kind === 'AuctionExtended' || kind === 'ListingChanged',
        );
        if (!moved) assert.equal(after.endsAtMs, before.endsAtMs);
        const { extensionsMax } = after.terms.softClose;
        if (extensionsMax !== null) assert.ok(after.extensions <= extensionsMax);
        assert.ok(nextDeadlineMs(after) === Infinity || nextDeadlineMs(after) <= after.endsAtMs);
      });
    }),
  );
});

test('the same events give the same state, record for record', () => {
  fc.assert(
    fc.property(story, (each) => {
      const scene = play(each, () => {});
      const again = begin(scene.listed, 1);
      for (const [i, event] of scene.events.entries()) evolve(again, event, i + 2);
      assert.equal(stateHash([again]), stateHash([scene.auction]));
      assert.equal(again.auctionSeq, 1 + scene.events.filter((it) => 'auctionSeq' in it).length);
    }),
  );
});

test('deciding changes nothing, and asking again gives the same answer', () => {
  const last = fc.record({ make: command, pause });
  fc.assert(
    fc.property(story, last, (each, { make, pause: pauseUs }) => {
      const { auction, settings } = play(each, () => {});
      const before = stateHash([auction]);
      const atUs = each.fromUs + pauseUs + each.steps.reduce((sum, it) => sum + it.pause, 0);
      due(auction, atUs);
      const step = make(atUs, each.terms);
      const first = decide(auction, step.command, atUs, settings);
      assert.deepEqual(decide(auction, step.command, atUs, settings), first);
      assert.equal(stateHash([auction]), before);
    }),
  );
});

test('a bid of exactly the minimum is never too low, and one cent less never taken', () => {
  fc.assert(
    fc.property(story, user, (each, bidder) => {
      const { auction } = play({ ...each, bidsPerMinuteMax: null }, () => {});
      if (auction.status !== 'active' || bidder === SELLER) return;
      if (auction.biddersByUser.get(bidder)?.blocked === true) return;
      const settings = { ...RULE_SETTINGS, bidsPerMinuteMax: null };
      const atUs = auction.endsAtMs * 1000 - 1;
      const minimum = minimumNextCents(auction, bidder);
      const low = decide(auction, bid(bidder, minimum - 1).command, atUs, settings);
      assert.ok(low === 'BID_TOO_LOW' || low === 'BID_BELOW_OWN_MAXIMUM');
      const enough = decide(auction, bid(bidder, minimum).command, atUs, settings);
      if (typeof enough !== 'string') return;
      assert.ok(enough === 'BID_LIMIT_EXCEEDED' || enough === 'CONFIRMATION_NEEDED');
    }),
  );
});

test('a cancelled auction is left as if nobody had bid', () => {
  fc.assert(
    fc.property(story, fc.boolean(), (each, asAdmin) => {
      const scene = play(each, () => {});
      const atUs = each.fromUs + each.steps.reduce((sum, it) => sum + it.pause, 0);
      if (typeof scene.take(endEarly('cancel', atUs, SELLER, asAdmin)) === 'string') return;
      const { auction } = scene;
      assert.deepEqual(standing(auction), []);
      const { terms: listedTerms, priceCents, leader, leaderMaxCents, reserveMet } = auction;
      assert.deepEqual({ priceCents, leader, leaderMaxCents, reserveMet }, unbid(listedTerms));
      assert.deepEqual([auction.bidCount, auction.winner], [0, NOBODY]);
      for (const { maxCents } of auction.biddersByUser.values()) assert.equal(maxCents, 0);
    }),
  );
});

test('a retraction leaves the auction as if the bids had never been made', () => {
  fc.assert(
    fc.property(
      terms,
      fc.array(fc.record({ by: user, amount }), { maxLength: 30 }),
      user,
      (given, bids, who) => {
        const settings = { ...RULE_SETTINGS, bidsPerMinuteMax: null };
        const guard = { ...given, fatFingerFactor: null };
        const told = new Scene(listed(guard), settings);
        for (const it of bids) told.take(bid(it.by, it.amount));
        const accepted = standing(told.auction).filter(({ bidder }) => bidder !== who);
        if (typeof told.take(retract(who)) === 'string') return;
        const never = new Scene(listed(guard), settings);
        for (const it of accepted) never.and(bid(it.bidder, it.amountCents));
        for (const name of [
          'priceCents',
          'leader',
          'leaderMaxCents',
          'reserveMet',
          'bidCount',
        ] as const) {
          assert.equal(told.auction[name], never.auction[name], name);
        }
        assert.ok(must(told.auction.biddersByUser.get(who)).maxCents === 0);
      },
    ),
    { numRuns: 400 },
  );
});
