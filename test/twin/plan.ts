/**
 * Random plans for the twins. A plan says what to do relative to how the auction stands by then
 * ("one cent below the minimum", "a microsecond before the window of the soft close"), because
 * absolute amounts and times would nearly always be refused or say nothing. commands.ts turns a
 * plan into commands as it runs; a shrunk plan stays meaningful.
 */
import * as fc from 'fast-check';
import { cents } from '../../src/auction/money.ts';
import type { IncrementTable, Terms } from '../../src/auction/terms.ts';
import { INCREMENTS_OF_RULES, plainTerms } from './slow-terms.ts';

export const COMMANDS_MAX = 60;
/** 2023-11-14: the moment of every listing. */
export const LISTED_AT_MS = 1_700_000_000_000;

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;

/** What an amount is measured from. */
const AMOUNT_BASES = [
  ['minimum', 12],
  ['leader maximum', 6],
  ['own maximum', 4],
  ['price', 2],
  ['reserve', 3],
  ['buy now', 1],
  ['own limit', 2],
  ['fat finger', 2],
  ['start price', 1],
] as const;
export type AmountBase = (typeof AMOUNT_BASES)[number][0];

/** Where the clock goes before a command; never back. */
const TIME_BASES = [
  ['now', 100],
  ['part of the rest', 6],
  ['start', 4],
  ['soft close', 10],
  ['twelve hours left', 8],
  ['end', 1],
  ['own newest bid and 1 h', 6],
  ['velocity window over', 6],
] as const;
export type TimeBase = (typeof TIME_BASES)[number][0];

export interface PlannedTime {
  readonly from: TimeBase;
  readonly plusUs: number;
}

export type PlannedCommand =
  | {
      readonly what: 'bid';
      readonly bidder: number;
      readonly from: AmountBase;
      readonly plusIncrements: number;
      readonly plusCents: number;
      readonly confirm: boolean;
      readonly currency: string | null;
    }
  | { readonly what: 'buy' | 'retract'; readonly bidder: number }
  | { readonly what: 'sell' | 'cancel'; readonly by: number; readonly asAdmin: boolean }
  | { readonly what: 'block'; readonly bidder: number; readonly by: number; readonly on: boolean }
  | {
      readonly what: 'limit';
      readonly bidder: number;
      readonly from: AmountBase;
      /** Null lifts the limit. */
      readonly plusCents: number | null;
    }
  /** The server goes down, and comes back after this time. */
  | { readonly what: 'outage'; readonly lastsUs: number }
  | { readonly what: 'wait' };

export interface PlannedStep {
  readonly time: PlannedTime;
  readonly command: PlannedCommand;
}

export interface Plan {
  readonly terms: Terms;
  readonly bidsPerMinuteMax: number | null;
  readonly steps: readonly PlannedStep[];
}

function weighted<Name extends string>(
  entries: readonly (readonly [Name, number])[],
): fc.Arbitrary<Name> {
  return fc.oneof(...entries.map(([name, weight]) => ({ arbitrary: fc.constant(name), weight })));
}

const SMALL_TABLES: readonly IncrementTable[] = [
  [{ belowCents: null, incrementCents: cents(1) }],
  [{ belowCents: null, incrementCents: cents(100) }],
  [
    { belowCents: cents(20), incrementCents: cents(3) },
    { belowCents: cents(50), incrementCents: cents(10) },
    { belowCents: null, incrementCents: cents(25) },
  ],
];

const softClose = fc.constantFrom(
  { windowMs: 0, extensionMs: 0, extensionsMax: null },
  { windowMs: 30 * SECOND_MS, extensionMs: 60 * SECOND_MS, extensionsMax: 5 },
  { windowMs: 30 * SECOND_MS, extensionMs: 60 * SECOND_MS, extensionsMax: 2 },
  // "Reset to window", without a limit.
  { windowMs: 10 * SECOND_MS, extensionMs: 10 * SECOND_MS, extensionsMax: null },
  // An extension shorter than the window: often "at least" moves nothing.
  { windowMs: 20 * SECOND_MS, extensionMs: 5 * SECOND_MS, extensionsMax: 3 },
);

const terms: fc.Arbitrary<Terms> = fc
  .record({
    format: fc.oneof(
      { arbitrary: fc.constant('proxy' as const), weight: 3 },
      { arbitrary: fc.constant('direct' as const), weight: 1 },
    ),
    increments: fc.constantFrom(INCREMENTS_OF_RULES, INCREMENTS_OF_RULES, ...SMALL_TABLES),
    startPriceCents: fc.constantFrom(1, 7, 99, 100, 450, 2_499, 9_950, 499_999),
    // Percent of the start price, so that both stay near what is bid.
    reservePercent: fc.option(fc.integer({ min: 100, max: 400 })),
    buyNowPercent: fc.option(fc.integer({ min: 130, max: 500 })),
    softClose,
    fatFingerFactor: fc.constantFrom(null, null, 2, 10, 1.5),
    startsInMs: fc.constantFrom(0, 0, 0, 1, 5_000),
    lastsMs: fc.constantFrom(
      30 * SECOND_MS,
      300 * SECOND_MS,
      11 * HOUR_MS,
      14 * HOUR_MS,
      36 * HOUR_MS,
    ),
  })
  .map(({ startPriceCents, reservePercent, buyNowPercent, startsInMs, lastsMs, ...rest }) => {
    const share = (percent: number) => cents(Math.ceil((startPriceCents * percent) / 100));
    const reserveCents = reservePercent === null ? null : share(reservePercent);
    const startsAtMs = LISTED_AT_MS + startsInMs;
    return plainTerms({
      ...rest,
      startPriceCents: cents(startPriceCents),
      reserveCents,
      // A listing whose buy-it-now lies below its reserve is refused.
      buyNowCents:
        buyNowPercent === null ? null : cents(Math.max(share(buyNowPercent), reserveCents ?? 0)),
      startsAtMs,
      endsAtMs: startsAtMs + lastsMs,
    });
  });

const time: fc.Arbitrary<PlannedTime> = weighted(TIME_BASES).chain((from) =>
  fc.record({
    from: fc.constant(from),
    plusUs:
      from === 'now'
        ? fc.oneof(
            { arbitrary: fc.constantFrom(0, 1, 999, 1_000), weight: 2 },
            { arbitrary: fc.integer({ min: 0, max: 1_500_000 }), weight: 1 },
          )
        : // Either side of the edge, and on it.
          fc.oneof(
            fc.constantFrom(-1_000, -1, 0, 1, 1_000),
            fc.integer({ min: -2_000_000, max: 2_000_000 }),
          ),
  }),
);

/** User 1 is the seller; 2 to 5 bid, and the seller tries now and then. */
const SELLER_NUMBER = 1;
const bidder = fc.oneof(
  { arbitrary: fc.integer({ min: 2, max: 5 }), weight: 40 },
  { arbitrary: fc.constant(SELLER_NUMBER), weight: 1 },
);
const authority = fc.oneof(
  { arbitrary: fc.constant(SELLER_NUMBER), weight: 6 },
  { arbitrary: fc.integer({ min: 2, max: 5 }), weight: 1 },
);

const bid = fc.record({
  what: fc.constant('bid' as const),
  bidder,
  from: weighted(AMOUNT_BASES),
  plusIncrements: fc.oneof(
    { arbitrary: fc.constant(0), weight: 3 },
    { arbitrary: fc.integer({ min: -1, max: 12 }), weight: 2 },
  ),
  plusCents: fc.oneof(
    { arbitrary: fc.constantFrom(-1, 0, 0, 0, 1), weight: 5 },
    { arbitrary: fc.integer({ min: -50, max: 5_000 }), weight: 1 },
  ),
  confirm: fc.boolean(),
  currency: fc.oneof(
    { arbitrary: fc.constantFrom(null, 'USD'), weight: 30 },
    { arbitrary: fc.constant('EUR'), weight: 1 },
  ),
});

const retract = fc.record({ what: fc.constant('retract' as const), bidder });
const early = fc.record({
  what: fc.constantFrom('sell' as const, 'cancel' as const),
  by: authority,
  asAdmin: fc.oneof(
    { arbitrary: fc.constant(false), weight: 8 },
    { arbitrary: fc.constant(true), weight: 1 },
  ),
});

const command: fc.Arbitrary<PlannedCommand> = fc.oneof(
  { arbitrary: bid, weight: 180 },
  { arbitrary: fc.record({ what: fc.constant('buy' as const), bidder }), weight: 4 },
  { arbitrary: retract, weight: 24 },
  { arbitrary: early, weight: 2 },
  {
    arbitrary: fc.record({
      what: fc.constant('block' as const),
      bidder,
      by: authority,
      on: fc.boolean(),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      what: fc.constant('limit' as const),
      bidder,
      from: fc.constantFrom('price' as const, 'minimum' as const, 'buy now' as const),
      plusCents: fc.option(fc.oneof(fc.constant(0), fc.integer({ min: -1, max: 2_000 }))),
    }),
    weight: 6,
  },
  { arbitrary: fc.constant({ what: 'wait' as const }), weight: 4 },
  {
    arbitrary: fc.record({
      what: fc.constant('outage' as const),
      lastsUs: fc.oneof(
        fc.constantFrom(1, 999, 1_000, 1_001),
        fc.integer({ min: 1, max: 90_000_000 }),
        fc.integer({ min: 1, max: 40 * 3_600_000_000 }),
      ),
    }),
    weight: 6,
  },
);

const step: fc.Arbitrary<PlannedStep> = fc.oneof(
  { arbitrary: fc.record({ time, command }), weight: 20 },
  // What the rules allow with 12 hours left and not with less, exactly there.
  {
    arbitrary: fc.record({
      time: fc.record({
        from: fc.constant('twelve hours left' as const),
        plusUs: fc.constantFrom(-1, 0, 0, 1),
      }),
      command: fc.oneof({ arbitrary: retract, weight: 3 }, { arbitrary: early, weight: 1 }),
    }),
    weight: 1,
  },
);

export const plan: fc.Arbitrary<Plan> = fc.record({
  terms,
  bidsPerMinuteMax: fc.constantFrom(null, null, 10, 3),
  steps: fc.array(step, {
    minLength: 1,
    maxLength: COMMANDS_MAX,
    size: 'max',
  }),
});
