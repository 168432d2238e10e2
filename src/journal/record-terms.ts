/** The part of a record that a listing shares with its changes: terms and texts. */
import { WIRE } from '../config/limits.ts';
import type { AuctionListed } from '../auction/events.ts';
import type { AuctionId, UserRef } from '../auction/ids.ts';
import type { Cents } from '../auction/money.ts';
import type { Addition, Condition, IncrementStep, ListingText, Terms } from '../auction/terms.ts';
import type { MsgpackReader } from '../lib/msgpack-reader.ts';
import type { MsgpackWriter } from '../lib/msgpack-writer.ts';

const TEXT_BYTES_MAX = 200_000;
const COUNTRY_CHARS = 2;
const AUCTION_ID_BYTES_MAX = 64;
/** Of a text, in records of all versions. */
const TEXT_FIELDS = 3;
/** The place in this list is the number in the log. */
const CONDITIONS: readonly Condition[] = ['new', 'open_box', 'refurbished', 'used', 'for_parts'];

const centsOf = (reader: MsgpackReader): Cents => reader.uint() as Cents;

/** Nil for null. */
export function maybe<T>(writer: MsgpackWriter, value: T | null, write: (value: T) => void): void {
  if (value === null) writer.nil();
  else write(value);
}

export function writeTerms(writer: MsgpackWriter, terms: Terms): void {
  const uint = (value: number): void => writer.uint(value);
  writer.array(13);
  writer.uint(terms.format === 'proxy' ? 0 : 1);
  writer.str(terms.currency);
  writer.uint(terms.startPriceCents);
  maybe(writer, terms.reserveCents, uint);
  maybe(writer, terms.buyNowCents, uint);
  writer.array(terms.increments.length);
  for (const step of terms.increments) {
    writer.array(2);
    maybe(writer, step.belowCents, uint);
    writer.uint(step.incrementCents);
  }
  writer.uint(terms.softClose.windowMs);
  writer.uint(terms.softClose.extensionMs);
  maybe(writer, terms.softClose.extensionsMax, uint);
  maybe(writer, terms.fatFingerFactor, (factor) => writer.float(factor));
  writer.uint(terms.startsAtMs);
  writer.uint(terms.endsAtMs);
  // Room for one later field without a new number.
  writer.nil();
}

export function readTerms(reader: MsgpackReader): Terms {
  reader.array();
  const format = reader.uint() === 0 ? 'proxy' : 'direct';
  const currency = reader.str(3);
  const startPriceCents = centsOf(reader);
  const reserveCents = reader.nil() ? null : centsOf(reader);
  const buyNowCents = reader.nil() ? null : centsOf(reader);
  const increments: IncrementStep[] = [];
  for (let left = reader.array(); left > 0; left--) {
    reader.array();
    const belowCents = reader.nil() ? null : centsOf(reader);
    increments.push({ belowCents, incrementCents: centsOf(reader) });
  }
  const windowMs = reader.uint();
  const extensionMs = reader.uint();
  const extensionsMax = reader.nil() ? null : reader.uint();
  const fatFingerFactor = reader.nil() ? null : reader.number();
  const startsAtMs = reader.uint();
  const endsAtMs = reader.uint();
  reader.nil();
  return {
    format,
    currency,
    startPriceCents,
    reserveCents,
    buyNowCents,
    increments,
    softClose: { windowMs, extensionMs, extensionsMax },
    fatFingerFactor,
    startsAtMs,
    endsAtMs,
  };
}

/** What is not said is left out at the end: a listing without it takes no more than it ever did. */
export function writeText(writer: MsgpackWriter, text: ListingText): void {
  const { condition, location, country, shipping, shippingCents, additions, relistOf } = text;
  const added = additions.length === 0 ? null : additions;
  const later = [condition, location, country, shipping, shippingCents, added, relistOf];
  const said = later.findLastIndex((value) => value !== null) + 1;
  writer.array(TEXT_FIELDS + said);
  writer.str(text.title);
  writer.str(text.description);
  writer.array(text.category.length);
  for (const part of text.category) writer.str(part);
  if (said > 0) maybe(writer, condition, (word) => writer.uint(CONDITIONS.indexOf(word)));
  if (said > 1) maybe(writer, location, (words) => writer.str(words));
  if (said > 2) maybe(writer, country, (code) => writer.str(code));
  if (said > 3) maybe(writer, shipping, (words) => writer.str(words));
  if (said > 4) maybe(writer, shippingCents, (cents) => writer.uint(cents));
  if (said > 5) maybe(writer, added, (all) => writeAdditions(writer, all));
  if (said > 6) maybe(writer, relistOf, (id) => writer.str(id));
}

function writeAdditions(writer: MsgpackWriter, additions: readonly Addition[]): void {
  writer.array(additions.length);
  for (const { atMs, text } of additions) {
    writer.array(2);
    writer.uint(atMs);
    writer.str(text);
  }
}

export function readText(reader: MsgpackReader): ListingText {
  let left = reader.array() - TEXT_FIELDS;
  const title = reader.str(TEXT_BYTES_MAX);
  const description = reader.str(TEXT_BYTES_MAX);
  const category: string[] = [];
  for (let names = reader.array(); names > 0; names--) category.push(reader.str(TEXT_BYTES_MAX));
  const said = <T>(read: () => T): T | null => (left-- <= 0 || reader.nil() ? null : read());
  return {
    title,
    description,
    category,
    condition: said(() => CONDITIONS[reader.uint()] ?? null),
    location: said(() => reader.str(TEXT_BYTES_MAX)),
    country: said(() => reader.str(COUNTRY_CHARS)),
    shipping: said(() => reader.str(TEXT_BYTES_MAX)),
    shippingCents: said(() => centsOf(reader)),
    additions: said(() => readAdditions(reader)) ?? [],
    relistOf: said(() => reader.str(WIRE.auctionIdChars) as AuctionId),
  };
}

function readAdditions(reader: MsgpackReader): readonly Addition[] {
  return Array.from({ length: reader.array() }, () => {
    reader.array();
    return { atMs: reader.uint(), text: reader.str(TEXT_BYTES_MAX) };
  });
}

/** Behind the reference, the time and the number of the update. */
export function writeListed(writer: MsgpackWriter, event: AuctionListed): void {
  writer.str(event.id);
  writer.uint(event.seller);
  writeTerms(writer, event.terms);
  writeText(writer, event.text);
}

export function readListed(
  reader: MsgpackReader,
): Pick<AuctionListed, 'id' | 'seller' | 'terms' | 'text'> {
  return {
    id: reader.str(AUCTION_ID_BYTES_MAX) as AuctionId,
    seller: reader.uint() as UserRef,
    terms: readTerms(reader),
    text: readText(reader),
  };
}
