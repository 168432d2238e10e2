/**
 * What the operator may decide about the rules, with the defaults as data. Everything here is read
 * by decide only: an event carries its outcome, so a changed setting never changes the past.
 */
import type { CategoryTree } from './categories.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../config/limits.ts';
import { incrementsFault } from './increments.ts';
import type { IncrementsByCurrency } from './increments.ts';
import type { SoftClose } from './terms.ts';

/** With these bounds every time of an auction stays an exact number of microseconds. */
const SPAN_MS_MAX = 10 * 366 * DAY_MS;

export interface RuleSettings {
  /** Bids (accepted or not) of one bidder on one auction within a minute; null: no limit. */
  readonly bidsPerMinuteMax: number | null;
  /** For listings that do not say: a bid above this many times the price asks; null: never. */
  readonly fatFingerFactor: number | null;
  /** For listings that do not say. */
  readonly softClose: SoftClose;
  /** For listings that do not say; a currency that is not here has eBay's table. */
  readonly incrementsByCurrency: IncrementsByCurrency;
  /**
   * An auction whose end lay in a downtime of the server, or up to this long after it, gets the lost
   * time back; null: none does.
   */
  readonly outageCreditWithinMs: number | null;
  /** With more than this left, a retraction takes back all own bids; else only the newest … */
  readonly retractAllBeforeEndMs: number;
  /** … and that only within this time of placing it. */
  readonly retractNewestWithinMs: number;
  /** With at least this left, the seller may end early by cancelling bids. */
  readonly cancelBeforeEndMs: number;
  /** With less left, nothing is added to the description of an auction that had a bid. */
  readonly additionsBeforeEndMs: number;
  /** Buy-it-now is at least this far above the start price. */
  readonly buyNowAboveStartPercent: number;
  /** From start to end, as listed. */
  readonly durationMsMin: number;
  readonly durationMsMax: number;
  /** How far ahead a start may be scheduled. */
  readonly startsInMsMax: number;
  /** Largest soft-close window and extension. */
  readonly softCloseMsMax: number;
  /** In UTF-16 units. */
  readonly titleCharsMax: number;
  readonly descriptionCharsMax: number;
  /** Of one addition to it; and how many there may be. */
  readonly additionCharsMax: number;
  readonly additionsMax: number;
  readonly locationCharsMax: number;
  readonly shippingCharsMax: number;
  readonly categoryCharsMax: number;
  /** Names in a category path. */
  readonly categoryDepthMax: number;
  /** Where listings may stand; empty: anywhere, sellers name categories themselves. */
  readonly categories: CategoryTree;
}

export const RULE_SETTINGS: RuleSettings = Object.freeze({
  bidsPerMinuteMax: 10,
  // One digit too many makes any bid that is high enough more than ten times the price; the other
  // slip, a lost decimal point, is a hundredfold. Of the 7,840 accepted bids of RULES.md section 1
  // 4.6 % would have been asked, 19 of 20 of them at a price of 10.00 or less.
  fatFingerFactor: 10,
  // RULES.md section 2: the seed's numbers.
  softClose: Object.freeze({
    windowMs: 30 * SECOND_MS,
    extensionMs: 60 * SECOND_MS,
    extensionsMax: 5,
  }),
  incrementsByCurrency: Object.freeze({}),
  outageCreditWithinMs: 10 * MINUTE_MS,
  // RULES.md section 2: eBay's 12 hours and 1 hour.
  retractAllBeforeEndMs: 12 * HOUR_MS,
  retractNewestWithinMs: HOUR_MS,
  cancelBeforeEndMs: 12 * HOUR_MS,
  // eBay's, too: "add to only, unless it has also received a bid" in the last 12 hours.
  additionsBeforeEndMs: 12 * HOUR_MS,
  // RULES.md section 1.
  buyNowAboveStartPercent: 30,
  durationMsMin: SECOND_MS,
  durationMsMax: 90 * DAY_MS,
  startsInMsMax: 366 * DAY_MS,
  softCloseMsMax: DAY_MS,
  titleCharsMax: 120,
  descriptionCharsMax: 32_768,
  additionCharsMax: 2000,
  additionsMax: 10,
  locationCharsMax: 120,
  shippingCharsMax: 1000,
  categoryCharsMax: 120,
  categoryDepthMax: 8,
  categories: Object.freeze({}),
});

/**
 * What is wrong with settings from outside, as `name: sentence`; null: nothing. The relations that
 * the rules rely on are checked here, once, and not on every bid.
 */
export function settingsFault(settings: RuleSettings): string | null {
  const { bidsPerMinuteMax, fatFingerFactor, softClose } = settings;
  if (bidsPerMinuteMax !== null && !isWhole(bidsPerMinuteMax, 1, 1_000_000)) {
    return 'bidsPerMinuteMax: must be a whole number from 1, or off';
  }
  if (fatFingerFactor !== null && !isFatFingerFactor(fatFingerFactor)) {
    return `fatFingerFactor: ${FAT_FINGER_RANGE}, or off`;
  }
  const softCloseWrong = softCloseFault(softClose, settings);
  if (softCloseWrong !== null) return `softClose: ${softCloseWrong}`;
  for (const [currency, table] of Object.entries(settings.incrementsByCurrency)) {
    const fault = incrementsFault(table);
    if (fault !== null) return `incrementsByCurrency.${currency}: ${fault}`;
  }
  const { outageCreditWithinMs } = settings;
  if (outageCreditWithinMs !== null && !isWhole(outageCreditWithinMs, 0, SPAN_MS_MAX)) {
    return 'outageCreditWithinMs: must be from 0 to ten years, or off';
  }
  for (const name of SPANS) {
    if (!isWhole(settings[name], 0, SPAN_MS_MAX)) return `${name}: must be from 0 to ten years`;
  }
  for (const name of COUNTS) {
    if (!isWhole(settings[name], 1, 1_000_000)) return `${name}: must be from 1 to 1,000,000`;
  }
  if (settings.durationMsMin < 1) return 'durationMsMin: must be at least a millisecond';
  if (settings.durationMsMax < settings.durationMsMin) {
    return 'durationMsMax: must not be below durationMsMin';
  }
  return isWhole(settings.buyNowAboveStartPercent, 0, 10_000)
    ? null
    : 'buyNowAboveStartPercent: must be from 0 to 10,000';
}

const SPANS = [
  'retractAllBeforeEndMs',
  'retractNewestWithinMs',
  'cancelBeforeEndMs',
  'additionsBeforeEndMs',
  'durationMsMin',
  'durationMsMax',
  'startsInMsMax',
  'softCloseMsMax',
] as const;

const COUNTS = [
  'titleCharsMax',
  'descriptionCharsMax',
  'additionCharsMax',
  'additionsMax',
  'locationCharsMax',
  'shippingCharsMax',
  'categoryCharsMax',
  'categoryDepthMax',
] as const;

export const FAT_FINGER_RANGE = 'must be a number from 1 to 1,000,000';

/** Whether this can be a fat-finger factor. */
export function isFatFingerFactor(value: number): boolean {
  return value >= 1 && value <= 1_000_000;
}

/** What is wrong with a soft close, as a sentence; null: nothing. RULES.md section 2. */
export function softCloseFault(
  { windowMs, extensionMs, extensionsMax }: SoftClose,
  settings: RuleSettings,
): string | null {
  const max = settings.softCloseMsMax;
  if (!isWhole(windowMs, 0, max)) return `windowMs must be from 0 to ${max}`;
  if (!isWhole(extensionMs, 0, max)) return `extensionMs must be from 0 to ${max}`;
  if (extensionsMax !== null && !isWhole(extensionsMax, 0, 1_000_000)) {
    return 'extensionsMax must be from 0 to 1,000,000, or no limit';
  }
  return null;
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
