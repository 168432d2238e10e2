/**
 * How much more the next bid has to be: tables of increments by price (RULES.md section 1). The
 * table is data, one for each currency and replaceable for each auction; equal tables are held
 * once, so that a million auctions point at the same one.
 */
import { CENTS_MAX, cents, isCents } from './money.ts';
import type { Cents } from './money.ts';
import type { IncrementStep, IncrementTable } from './terms.ts';

export const INCREMENT_STEPS_MAX = 32;

/** Tables that replace eBay's, by ISO 4217 currency. */
export type IncrementsByCurrency = Readonly<Record<string, IncrementTable>>;

/** How many different tables are shared; more (a seller's own) are kept, but each on its own. */
const SHARED_TABLES_MAX = 4096;

const shared = new Map<string, IncrementTable>();
const sharedTables = new Set<IncrementTable>();

function step(belowCents: number | null, incrementCents: number): IncrementStep {
  return { belowCents: belowCents as Cents | null, incrementCents: cents(incrementCents) };
}

/** eBay's table for US dollars; the default for every currency. Minor units. RULES.md section 1. */
export const EBAY_INCREMENTS: IncrementTable = shareIncrements([
  step(1_00, 5),
  step(5_00, 25),
  step(25_00, 50),
  step(100_00, 1_00),
  step(250_00, 2_50),
  step(500_00, 5_00),
  step(1_000_00, 10_00),
  step(2_500_00, 25_00),
  step(5_000_00, 50_00),
  step(null, 100_00),
]);

/** The increment at this price, minor units. The table is valid (incrementsFault). */
export function incrementAt(table: IncrementTable, priceCents: Cents): Cents {
  const last = table.length - 1;
  for (let i = 0; i < last; i++) {
    const { belowCents, incrementCents } = table[i] as IncrementStep;
    if (priceCents < (belowCents as Cents)) return incrementCents;
  }
  return (table[last] as IncrementStep).incrementCents;
}

/** This price plus its increment, minor units: where the next bid starts. RULES.md section 1. */
export function oneStepAbove(table: IncrementTable, priceCents: Cents): Cents {
  return (priceCents + incrementAt(table, priceCents)) as Cents;
}

/** The table of a listing that does not bring its own: the currency's, or else eBay's. */
export function incrementsFor(
  { incrementsByCurrency }: { readonly incrementsByCurrency: IncrementsByCurrency },
  currency: string,
): IncrementTable {
  if (!Object.hasOwn(incrementsByCurrency, currency)) return EBAY_INCREMENTS;
  return incrementsByCurrency[currency] ?? EBAY_INCREMENTS;
}

/** What is wrong with a table from outside, as a sentence; null: nothing. */
export function incrementsFault(table: IncrementTable): string | null {
  if (table.length === 0) return 'must have at least one step';
  if (table.length > INCREMENT_STEPS_MAX) return `must have at most ${INCREMENT_STEPS_MAX} steps`;
  let belowBefore = 0;
  let incrementBefore = 0;
  for (const [i, { belowCents, incrementCents }] of table.entries()) {
    if (!isCents(incrementCents) || incrementCents < 1) {
      return `increments must be whole numbers from 1 to ${CENTS_MAX}`;
    }
    // Else a higher price could ask for a lower next bid, and one bid less could mean a higher price.
    if (incrementCents < incrementBefore) return 'increments must not fall from step to step';
    incrementBefore = incrementCents;
    const isLast = i === table.length - 1;
    if (isLast !== (belowCents === null)) return 'the last step, and only it, must be open';
    if (belowCents === null) break;
    if (!isCents(belowCents) || belowCents <= belowBefore) return 'steps must ascend from 0';
    belowBefore = belowCents;
  }
  return null;
}

/** The one shared table that is equal to this one. */
export function shareIncrements(table: IncrementTable): IncrementTable {
  if (sharedTables.has(table)) return table;
  const key = table.map((each) => `${each.belowCents ?? ''}:${each.incrementCents}`).join(' ');
  const known = shared.get(key);
  if (known !== undefined) return known;
  // Its steps are frozen, the table is not: V8 reads frozen arrays several times as slowly, and a
  // bid asks for an increment six times.
  const own = table.map(({ belowCents, incrementCents }) =>
    Object.freeze({ belowCents, incrementCents }),
  );
  if (shared.size < SHARED_TABLES_MAX) {
    shared.set(key, own);
    sharedTables.add(own);
  }
  return own;
}
