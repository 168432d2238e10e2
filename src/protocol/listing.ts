/** A listing as the seller sends it: what is left out gets the server's defaults. */
import { WIRE } from '../config/limits.ts';
import { amount, auctionFormat, condition, country, currency, timeMs } from './common.ts';
import type { Field, Values } from './field.ts';
import { float, list, described, optional, record, str, uint } from './field.ts';

const softCloseFields = {
  windowMs: described(uint(86_400_000), 'A bid this close to the end extends; 0: no soft close.'),
  extensionMs: uint(86_400_000),
  extensionsMax: described(optional(uint(1_000_000)), 'Absent: no limit.'),
};
export const softClose = record(softCloseFields);

const incrementStep = record({
  belowCents: described(optional(amount), 'Below this price; absent in the last step.'),
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
  startsAtMs: described(optional(timeMs), 'Absent or past: at once.'),
  softClose: optional(softClose),
  increments: optional(list(incrementStep, 32)),
  fatFingerFactor: described(
    optional(float(0, 1_000_000)),
    'A bid above this many times the price asks for confirmation; 0: never.',
  ),
  condition: optional(condition),
  location: described(
    optional(str(0, WIRE.locationCharsMax)),
    'Where it is, in words; an empty text takes it away.',
  ),
  country: optional(country),
  shipping: described(
    optional(str(0, WIRE.shippingCharsMax)),
    'How and where to it is sent; an empty text takes it away.',
  ),
  shippingCents: described(optional(amount), 'What sending costs; 0: free.'),
};
/** What is added to the description of a listing. */
export const additionText = str(1, WIRE.additionCharsMax);
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
