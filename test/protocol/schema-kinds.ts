/**
 * Reads the schema text of messages (`id: id, title: str(1..120), …`) back into kinds, so that the
 * tests can make values for every field and the docs can be held against the code without a second
 * list of all fields.
 */
import assert from 'node:assert/strict';
import type { Field } from '../../src/protocol/field.ts';
import * as common from '../../src/protocol/common.ts';
import { noticePosition } from '../../src/protocol/common.ts';
import { listing, listingChange, softClose } from '../../src/protocol/listing.ts';
import type { Message } from '../../src/protocol/message.ts';
import { MESSAGES } from '../../src/protocol/messages.ts';
import { bidStanding } from '../../src/protocol/messages/own-answer.ts';
import { addition, auctionView, bidEntry, listingText } from '../../src/protocol/views.ts';

export type Kind =
  | { readonly kind: 'bool' }
  | { readonly kind: 'uint'; readonly max: number }
  | { readonly kind: 'float'; readonly min: number; readonly max: number }
  | {
      readonly kind: 'str';
      readonly min: number;
      readonly max: number;
      readonly pattern: string | null;
    }
  | { readonly kind: 'word'; readonly words: readonly string[] }
  | { readonly kind: 'optional'; readonly of: Kind }
  | { readonly kind: 'list'; readonly of: Kind; readonly max: number }
  | { readonly kind: 'record'; readonly fields: readonly NamedKind[] };

export interface NamedKind {
  readonly name: string;
  readonly schema: string;
  readonly kind: Kind;
}

export const ALL_MESSAGES = MESSAGES as unknown as readonly Message<unknown>[];

/** Numbers that the schema calls by what they are, and their largest value. */
export const NUMBER_NAMES: ReadonlyMap<string, Field<number>> = new Map([
  ['id', common.requestId],
  ['cents', common.amount],
  ['ms', common.timeMs],
  ['waitMs', common.retryAfterMs],
  ['epoch', common.epoch],
  ['seq', common.auctionSeq],
  ['handle', common.handle],
  ['alias', common.alias],
  ['code', common.refusalCode],
]);

const steps = fieldsOf(inner(listing.schema)).find(({ name }) => name === 'increments');
const [stepSchema = ''] = /\{.*\}/.exec(steps?.schema ?? '') ?? [];

/** Records that the docs call by a name. */
export const RECORDS: ReadonlyMap<string, string> = new Map([
  ['AuctionView', auctionView.schema],
  ['ListingText', listingText.schema],
  ['Addition', addition.schema],
  ['BidEntry', bidEntry.schema],
  ['Listing', listing.schema],
  ['ListingChange', listingChange.schema],
  ['SoftClose', softClose.schema],
  ['IncrementStep', stepSchema],
  ['NoticePosition', noticePosition.schema],
  ['BidStanding', bidStanding.schema],
]);

/** The fields of a message, of `{…}`, or of what stands between the braces. */
export function fieldsOf(schema: string): NamedKind[] {
  return split(schema).map((text) => {
    const colon = text.indexOf(': ');
    assert.ok(colon > 0, `a field is "name: type": ${text}`);
    const type = text.slice(colon + 2);
    return { name: text.slice(0, colon), schema: type, kind: kindOf(type) };
  });
}

export function messageFields(message: Message<unknown>): NamedKind[] {
  const head = `${message.number} ${message.name}(`;
  assert.ok(message.schema.startsWith(head) && message.schema.endsWith(')'));
  return fieldsOf(message.schema.slice(head.length, -1));
}

export function recordFields(name: string): NamedKind[] {
  return fieldsOf(inner(RECORDS.get(name) ?? ''));
}

/** A type as the docs write it: records by their names. */
export function typeText(schema: string): string {
  let text = schema;
  // The longest first: records hold records.
  for (const [name, record] of [...RECORDS].toSorted((a, b) => b[1].length - a[1].length)) {
    text = text.replaceAll(record, name);
  }
  return text;
}

function kindOf(schema: string): Kind {
  if (schema.endsWith('?')) return { kind: 'optional', of: kindOf(schema.slice(0, -1)) };
  if (schema === 'bool') return { kind: 'bool' };
  if (schema.startsWith('{')) return { kind: 'record', fields: fieldsOf(inner(schema)) };
  const list = /^\[(.*)\]\(0\.\.(\d+)\)$/.exec(schema);
  if (list !== null) return { kind: 'list', of: kindOf(list[1] ?? ''), max: Number(list[2]) };
  const words = /^word\((.*)\)$/.exec(schema);
  if (words !== null) return { kind: 'word', words: (words[1] ?? '').split('|') };
  const uint = /^uint\(0\.\.(\d+)\)$/.exec(schema);
  if (uint !== null) return { kind: 'uint', max: Number(uint[1]) };
  const float = /^float\((\d+)\.\.(\d+)\)$/.exec(schema);
  if (float !== null) return { kind: 'float', min: Number(float[1]), max: Number(float[2]) };
  const str = /^str\((\d+)\.\.(\d+)(?:, (.*))?\)$/.exec(schema);
  if (str !== null) {
    return { kind: 'str', min: Number(str[1]), max: Number(str[2]), pattern: str[3] ?? null };
  }
  const named = NUMBER_NAMES.get(schema);
  assert.ok(named !== undefined, `no kind of field is called ${schema}`);
  return { kind: 'uint', max: largest(named) };
}

/** The largest whole number that a field takes, by halving. */
export function largest(field: Field<number>): number {
  const takes = (value: number): boolean => {
    try {
      field.check(value, 'positional');
      return true;
    } catch {
      return false;
    }
  };
  let low = 0;
  let high = Number.MAX_SAFE_INTEGER;
  if (takes(high)) return high;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (takes(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function inner(schema: string): string {
  return schema.slice(1, -1);
}

/** The parts between commas that stand in no bracket. */
function split(schema: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < schema.length; i++) {
    const unit = schema[i] as string;
    if ('([{'.includes(unit)) depth += 1;
    else if (')]}'.includes(unit)) depth -= 1;
    else if (depth === 0 && schema.startsWith(', ', i)) {
      parts.push(schema.slice(start, i));
      start = i + 2;
    }
  }
  parts.push(schema.slice(start));
  return parts;
}
