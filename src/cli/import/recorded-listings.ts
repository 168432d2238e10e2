/**
 * Recorded listings from a file of JSON lines: one listing a line, with `id`, `title`, `categories`
 * (from wide to narrow), `startPrice`, `buyNowPrice`, `started`, `ends`, `seller`, `description`,
 * `location`, `country` (a name or a code) and `condition`. Times are `Dec-03-01 18:10:40`, amounts
 * dollars. A line that is not such a listing is a fault with its number; the others are not touched
 * by it. Pure.
 */
import { WIRE } from '../../config/limits.ts';
import { COUNTRIES } from '../../lib/country.ts';
import { CONDITIONS } from '../../protocol/common.ts';
import { parseDecimal } from '../amounts.ts';

const CURRENCY = 'USD';
const DIGITS = 2;
/** A buy-it-now price has to be this far above the start price (RULES.md section 1). */
const BUY_NOW_LEAST = 1.3;
/** Codes by name, and by names that people write. */
const CODES: ReadonlyMap<string, string> = new Map([
  ...Array.from(COUNTRIES, ([code, name]) => [name.toLowerCase(), code] as const),
  ['usa', 'US'],
  ['russian federation', 'RU'],
]);
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export interface RecordedListing {
  readonly line: number;
  readonly id: string;
  readonly seller: string;
  readonly endsAtMs: number;
  /** As the server takes it, but for the end. */
  readonly listing: {
    readonly title: string;
    readonly currency: string;
    readonly startPriceCents: number;
    readonly buyNowCents?: number;
    readonly description: string;
    readonly category: readonly string[];
    readonly location?: string;
    readonly country?: string;
    readonly condition?: string;
  };
  /** What had to be changed, in words. */
  readonly remarks: readonly string[];
}

export interface Fault {
  readonly line: number;
  readonly reason: string;
}

export interface Recording {
  readonly listings: readonly RecordedListing[];
  readonly faults: readonly Fault[];
}

/** A line that is no listing of this layout. */
class Malformed extends Error {}

export function readListings(text: string): Recording {
  const listings: RecordedListing[] = [];
  const faults: Fault[] = [];
  const lineOfId = new Map<string, number>();
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    if (content.trim() === '') continue;
    const line = index + 1;
    try {
      const listing = listingOf(content, line);
      const before = lineOfId.get(listing.id);
      if (before !== undefined) throw new Malformed(`id ${listing.id} is that of line ${before}`);
      lineOfId.set(listing.id, line);
      listings.push(listing);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      faults.push({ line, reason: error.message });
    }
  }
  return { listings, faults };
}

/**
 * The ends as they were, drawn out or pressed together: the first one comes after `firstMs` from
 * now, the last one after `lastMs`, and all keep their order and proportion.
 */
export function scaledEnds(
  listings: readonly RecordedListing[],
  nowMs: number,
  firstMs: number,
  lastMs: number,
): readonly number[] {
  const ends = listings.map(({ endsAtMs }) => endsAtMs);
  const first = ends.reduce((least, end) => Math.min(least, end), Infinity);
  const last = ends.reduce((most, end) => Math.max(most, end), -Infinity);
  const span = Math.max(1, last - first);
  return ends.map((end) => {
    const share = (end - first) / span;
    return nowMs + Math.round(firstMs + share * (lastMs - firstMs));
  });
}

function listingOf(content: string, line: number): RecordedListing {
  const fields = objectOf(content);
  const text = (name: string): string => {
    const value = fields[name];
    if (typeof value !== 'string' || value.trim() === '') {
      throw new Malformed(`${name} must be a text that is not empty`);
    }
    return value.trim();
  };
  const remarks: string[] = [];
  const startPriceCents = dollars('startPrice', text('startPrice'));
  const buyNowCents = buyNowOf(fields['buyNowPrice'], startPriceCents, remarks);
  return {
    line,
    id: idOf(text('id')),
    seller: sellerOf(text('seller')),
    endsAtMs: timeOf('ends', text('ends')),
    listing: {
      title: cut(text('title'), WIRE.titleCharsMax, 'title', remarks),
      currency: CURRENCY,
      startPriceCents,
      ...(buyNowCents === undefined ? {} : { buyNowCents }),
      description: cut(
        said(fields, 'description'),
        WIRE.descriptionCharsMax,
        'description',
        remarks,
      ),
      category: categoryOf(fields['categories'], remarks),
      ...itemOf(fields, remarks),
    },
    remarks,
  };
}

function objectOf(content: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Said below.
  }
  throw new Malformed('is not a JSON object');
}

function idOf(id: string): string {
  if (/^[\x21-\x7e]{1,40}$/.test(id)) return id;
  throw new Malformed('id must have 1 to 40 letters, digits or signs');
}

function sellerOf(seller: string): string {
  if (/^[\x21-\x7e]{1,64}$/.test(seller)) return seller;
  throw new Malformed('seller must have 1 to 64 letters, digits or signs');
}

function dollars(name: string, text: string): number {
  const cents = parseDecimal(text, DIGITS);
  if (cents === undefined || cents < 1) throw new Malformed(`${name} "${text}" is not an amount`);
  return cents;
}

function buyNowOf(value: unknown, startPriceCents: number, remarks: string[]): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new Malformed('buyNowPrice must be a text or null');
  const cents = dollars('buyNowPrice', value);
  if (cents >= Math.ceil(startPriceCents * BUY_NOW_LEAST)) return cents;
  remarks.push('its buy-it-now price is less than 30 % above the start price and is left out');
  return undefined;
}

/** A text that may be missing; empty: it is. */
function said(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value !== 'string') throw new Malformed(`${name} must be a text`);
  return value.trim();
}

/** Where the thing is, and in which state. */
function itemOf(
  fields: Readonly<Record<string, unknown>>,
  remarks: string[],
): Pick<RecordedListing['listing'], 'location' | 'country' | 'condition'> {
  const location = cut(said(fields, 'location'), WIRE.locationCharsMax, 'location', remarks);
  const named = said(fields, 'country');
  const country = COUNTRIES.has(named) ? named : CODES.get(named.toLowerCase());
  if (named !== '' && country === undefined) {
    remarks.push(`its country "${named}" is not known and is left out`);
  }
  const state = said(fields, 'condition');
  const condition = CONDITIONS.find((word) => word === wordOf(state));
  if (state !== '' && condition === undefined) {
    remarks.push(`its condition "${state}" is not known and is left out`);
  }
  return {
    ...(location === '' ? {} : { location }),
    ...(country === undefined ? {} : { country }),
    ...(condition === undefined ? {} : { condition }),
  };
}

/** `For parts or not working` → `for_parts`, `Open box` → `open_box` */
function wordOf(state: string): string {
  const word = state.toLowerCase().replaceAll(/[^a-z]+/g, '_');
  return word === 'for_parts_or_not_working' ? 'for_parts' : word;
}

function categoryOf(value: unknown, remarks: string[]): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
    throw new Malformed('categories must be a list of texts');
  }
  const names = value.map((name) => name.trim()).filter((name) => name !== '');
  if (names.length > WIRE.categoryDepthMax) remarks.push('its narrowest categories are left out');
  return names
    .slice(0, WIRE.categoryDepthMax)
    .map((name) => cut(name, WIRE.categoryCharsMax, 'category', remarks));
}

function cut(text: string, max: number, name: string, remarks: string[]): string {
  if (text.length <= max) return text;
  remarks.push(`its ${name} is cut to ${max} characters`);
  return text.slice(0, max);
}

function timeOf(name: string, text: string): number {
  const [, month = '', day, year, clock] =
    /^([A-Z][a-z]{2})-(\d{2})-(\d{2}) (\d{2}:\d{2}:\d{2})$/.exec(text) ?? [];
  const number = String(MONTHS.indexOf(month) + 1).padStart(2, '0');
  const ms = Date.parse(`20${year}-${number}-${day}T${clock}Z`);
  if (Number.isFinite(ms)) return ms;
  throw new Malformed(`${name} "${text}" is not a time such as Dec-03-01 18:10:40`);
}
