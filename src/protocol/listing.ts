/** A listing as the seller sends it: what is left out gets the server's defaults. */
import { WIRE } from '../config/limits.ts';
import { amount, auctionFormat, currency, timeMs } from './common.ts';
import type { Field, Values } from './field.ts';
import { float, list, optional, record, str, uint } from './field.ts';

const softCloseFields = {
  /** A bid this close to the end extends; 0: no soft close. */
  windowMs: uint(86_400_000),
  extensionMs: uint(86_400_000),
  /** Absent: no limit. */
  extensionsMax: optional(uint(1_000_000)),
};
export const softClose = record(softCloseFields);

const incrementStep = record({
  /** Below this price; absent in the last step. */
  belowCents: optional(amount),
  incrementCents: amount,
});

const listingFields = {
  title: str(1, 120),
  currency,
  startPriceCents: amount,
  endsAtMs: timeMs,
  description: optional(str(0, 32_768)),
  category: optional(list(str(1, WIRE.categoryCharsMax), WIRE.categoryDepthMax)),
  format: optional(auctionFormat),
  reserveCents: optional(amount),
  buyNowCents: optional(amount),
  /** Absent or past: at once. */
  startsAtMs: optional(timeMs),
  softClose: optional(softClose),
  increments: optional(list(incrementStep, 32)),
  /** A bid above this many times the price asks for confirmation; 0: never. */
  fatFingerFactor: optional(float(0, 1_000_000)),
};
export const listing = record(listingFields);
export type Listing = Values<typeof listingFields>;

type AllOptional<S extends Record<string, Field<unknown>>> = {
  readonly [K in keyof S]: S[K] extends Field<infer T> ? Field<T | null> : never;
};

function allOptional<S extends Record<string, Field<unknown>>>(shape: S): AllOptional<S> {
  const entries = Object.entries(shape) as unknown as [string, Field<unknown>][];
  return Object.fromEntries(
    entries.map(([name, field]) => [name, field.optional ? field : optional(field)]),
  ) as unknown as AllOptional<S>;
}

const changeFields = allOptional(listingFields);
export const listingChange = record(changeFields);
export type ListingChange = Values<typeof changeFields>;
