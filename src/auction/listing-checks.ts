/**
 * What a listing has to be like before it may become an auction (RULES.md sections 1 and 2). The
 * first fault is returned with its field, so that a seller's form can point at it.
 */
import { isCountry } from '../lib/country.ts';
import { isCurrency } from '../lib/currency.ts';
import { isInTree } from './categories.ts';
import { incrementsFault } from './increments.ts';
import { CENTS_MAX, isCents } from './money.ts';
import { FAT_FINGER_RANGE, isFatFingerFactor, softCloseFault } from './settings.ts';
import type { RuleSettings } from './settings.ts';
import type { ListingText, Terms } from './terms.ts';

export interface ListingFault {
  readonly refusal: 'INVALID_LISTING';
  /** Where, by the name that the seller's listing has for it: `buyNowCents`, `title`. */
  readonly field: string;
  /** A clause that goes on after the field's name: `must be …`. */
  readonly reason: string;
}

/** Line breaks and tabs are fine in a description, other control characters nowhere. */
// oxlint-disable-next-line no-control-regex
const LINE_CONTROLS = /[\u0000-\u001f\u007f-\u009f]/;
// oxlint-disable-next-line no-control-regex
const TEXT_CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

export function fault(field: string, reason: string): ListingFault {
  return { refusal: 'INVALID_LISTING', field, reason };
}

/**
 * Null: nothing is wrong. Asked once, when a currency is chosen: should a country give its own up,
 * the auctions in it go on.
 */
export function currencyFault(currency: string): ListingFault | null {
  if (isCurrency(currency)) return null;
  return fault('currency', 'must be the ISO 4217 code of a currency in use, such as EUR or USD');
}

/** Null: nothing is wrong. The start is the one that will hold (listing.ts), not in the past. */
export function termsFault(terms: Terms, settings: RuleSettings): ListingFault | null {
  const incrementsWrong = incrementsFault(terms.increments);
  if (incrementsWrong !== null) return fault('increments', incrementsWrong);
  const softCloseWrong = softCloseFault(terms.softClose, settings);
  if (softCloseWrong !== null) return fault('softClose', softCloseWrong);
  const factor = terms.fatFingerFactor;
  if (factor !== null && !isFatFingerFactor(factor)) {
    return fault('fatFingerFactor', FAT_FINGER_RANGE);
  }
  return pricesFault(terms, settings) ?? spanFault(terms, settings);
}

/**
 * The reserve lies between the start price and the buy-it-now price: so the price is always below
 * buy-it-now while that is offered, and buying never lowers the price.
 */
function pricesFault(terms: Terms, settings: RuleSettings): ListingFault | null {
  const { startPriceCents, reserveCents, buyNowCents } = terms;
  const amount = `must be a whole number from 1 to ${CENTS_MAX}`;
  if (!isCents(startPriceCents) || startPriceCents < 1) {
    return fault('startPriceCents', amount);
  }
  if (reserveCents !== null) {
    if (!isCents(reserveCents)) return fault('reserveCents', amount);
    if (reserveCents < startPriceCents) {
      return fault('reserveCents', 'must not be below the start price');
    }
  }
  if (buyNowCents === null) return null;
  if (!isCents(buyNowCents)) return fault('buyNowCents', amount);
  const percent = 100 + settings.buyNowAboveStartPercent;
  if (buyNowCents * 100 < startPriceCents * percent) {
    const above = `at least ${settings.buyNowAboveStartPercent} % above the start price`;
    return fault('buyNowCents', `must be ${above}`);
  }
  if (reserveCents !== null && buyNowCents < reserveCents) {
    return fault('buyNowCents', 'must not be below the reserve');
  }
  return null;
}

function spanFault({ startsAtMs, endsAtMs }: Terms, settings: RuleSettings): ListingFault | null {
  if (!Number.isSafeInteger(startsAtMs)) {
    return fault('startsAtMs', 'must be a time in whole milliseconds');
  }
  if (!Number.isSafeInteger(endsAtMs)) {
    return fault('endsAtMs', 'must be a time in whole milliseconds');
  }
  const durationMs = endsAtMs - startsAtMs;
  if (durationMs < settings.durationMsMin) {
    return fault('endsAtMs', `must be at least ${settings.durationMsMin} ms after the start`);
  }
  if (durationMs > settings.durationMsMax) {
    return fault('endsAtMs', `must be at most ${settings.durationMsMax} ms after the start`);
  }
  return null;
}

/** Null: nothing is wrong. */
export function textFault(text: ListingText, settings: RuleSettings): ListingFault | null {
  const { title, description, category } = text;
  const titleWrong = lineFault(title, settings.titleCharsMax);
  if (titleWrong !== null) return fault('title', titleWrong);
  const descriptionWrong = paragraphsFault(description, settings.descriptionCharsMax);
  if (descriptionWrong !== null) return fault('description', descriptionWrong);
  if (category.length > settings.categoryDepthMax) {
    return fault('category', `must have at most ${settings.categoryDepthMax} levels`);
  }
  for (const name of category) {
    const wrong = lineFault(name, settings.categoryCharsMax);
    if (wrong !== null) return fault('category', wrong);
  }
  const { categories } = settings;
  if (Object.keys(categories).length > 0 && !isInTree(categories, category)) {
    return fault('category', 'must be one of the categories of this marketplace');
  }
  return itemFault(text, settings);
}

/** Where the thing is, and how it gets to its buyer. */
function itemFault(text: ListingText, settings: RuleSettings): ListingFault | null {
  const { location, country, shipping, shippingCents } = text;
  if (location !== null) {
    const wrong = lineFault(location, settings.locationCharsMax);
    if (wrong !== null) return fault('location', wrong);
  }
  if (country !== null && !isCountry(country)) {
    return fault('country', 'must be the ISO 3166-1 code of a country, such as DE or US');
  }
  if (shipping !== null) {
    const wrong = paragraphsFault(shipping, settings.shippingCharsMax);
    if (wrong !== null) return fault('shipping', wrong);
  }
  if (shippingCents === null || isCents(shippingCents)) return null;
  return fault('shippingCents', `must be a whole number from 0 to ${CENTS_MAX}`);
}

/** Null: nothing is wrong. */
export function paragraphsFault(text: string, charsMax: number): string | null {
  if (text.length > charsMax) return `must have at most ${charsMax} characters`;
  return TEXT_CONTROLS.test(text) || !text.isWellFormed() ? 'must be plain text' : null;
}

function lineFault(line: string, charsMax: number): string | null {
  if (line.trim() === '') return 'must not be empty';
  if (line.length > charsMax) return `must have at most ${charsMax} characters`;
  if (LINE_CONTROLS.test(line) || !line.isWellFormed()) return 'must be plain text on one line';
  return null;
}
