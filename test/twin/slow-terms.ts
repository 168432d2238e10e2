/** Terms for the twin's tests: defaults, and eBay's increments copied out of RULES.md once more. */
import { cents } from '../../src/auction/money.ts';
import type { IncrementTable, Terms } from '../../src/auction/terms.ts';

/** RULES.md section 1; not the engine's table, so that a slip in one of the two shows. */
export const INCREMENTS_OF_RULES: IncrementTable = [
  { belowCents: cents(1_00), incrementCents: cents(5) },
  { belowCents: cents(5_00), incrementCents: cents(25) },
  { belowCents: cents(25_00), incrementCents: cents(50) },
  { belowCents: cents(100_00), incrementCents: cents(1_00) },
  { belowCents: cents(250_00), incrementCents: cents(2_50) },
  { belowCents: cents(500_00), incrementCents: cents(5_00) },
  { belowCents: cents(1_000_00), incrementCents: cents(10_00) },
  { belowCents: cents(2_500_00), incrementCents: cents(25_00) },
  { belowCents: cents(5_000_00), incrementCents: cents(50_00) },
  { belowCents: null, incrementCents: cents(100_00) },
];

/** A proxy auction of a day with everything optional left out. */
export function plainTerms(over: Partial<Terms> = {}): Terms {
  return {
    format: 'proxy',
    currency: 'USD',
    startPriceCents: cents(1_00),
    reserveCents: null,
    buyNowCents: null,
    increments: INCREMENTS_OF_RULES,
    softClose: { windowMs: 0, extensionMs: 0, extensionsMax: null },
    fatFingerFactor: null,
    startsAtMs: 0,
    endsAtMs: 24 * 3_600_000,
    ...over,
  };
}
