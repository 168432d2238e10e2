/**
 * Events as bytes: the format of a record in the log. A record is a MessagePack array, its first
 * value the kind's number, then the fields in the order below. Numbers are never reused, and
 * fields are only ever added at the end: old logs stay readable.
 */
import { WIRE } from '../config/limits.ts';
import type {
  AuctionEvent,
  AuctionListed,
  EndReason,
  ShardEvent,
  StrayBidRefused,
  UserIntroduced,
} from '../auction/events.ts';
import type { AuctionId, AuctionRef, UserId, UserRef } from '../auction/ids.ts';
import type { Cents } from '../auction/money.ts';
import { MsgpackReader } from '../lib/msgpack-reader.ts';
import type { MsgpackWriter } from '../lib/msgpack-writer.ts';
import {
  maybe,
  readListed,
  readTerms,
  readText,
  writeListed,
  writeTerms,
  writeText,
} from './record-terms.ts';
import { added, readTold, writeTold } from './record-told.ts';

type Kind = ShardEvent['kind'];
type EventOf<K extends Kind> = Extract<ShardEvent, { kind: K }>;

interface RecordCodec<E> {
  write(writer: MsgpackWriter, event: E): void;
  read(reader: MsgpackReader): E;
}

/** Position in this list is the number in the log. */
const KINDS: readonly Kind[] = [
  'UserIntroduced',
  'AuctionListed',
  'ListingChanged',
  'AuctionStarted',
  'BidAccepted',
  'BidRefused',
  'AuctionExtended',
  'BidsRetracted',
  'AuctionEnded',
  'AuctionCancelled',
  'BidLimitSet',
  'BidderBlocked',
  'StrayBidRefused',
  'OutageCredited',
  'DescriptionAdded',
  'AuctionRelisted',
];
const NUMBERS = Object.fromEntries(KINDS.map((kind, i) => [kind, i])) as Record<Kind, number>;

const REASONS: readonly EndReason[] = ['time', 'bought', 'early'];

const CURRENCY_CHARS = 3;

/** What every event on an auction starts with: reference, time, and number of the update. */
function open(writer: MsgpackWriter, fields: number, event: AuctionListed | AuctionEvent): void {
  writer.array(fields);
  writer.uint(NUMBERS[event.kind]);
  writer.uint(event.auction);
  writer.uint(event.atUs);
}

const refOf = (reader: MsgpackReader): AuctionRef => reader.uint() as AuctionRef;
const userOf = (reader: MsgpackReader): UserRef => reader.uint() as UserRef;
const centsOf = (reader: MsgpackReader): Cents => reader.uint() as Cents;

type Codecs = { readonly [K in Kind]: RecordCodec<EventOf<K>> };

const CODECS: Codecs = {
  UserIntroduced: {
    write(writer, event: UserIntroduced) {
      writer.array(4);
      writer.uint(NUMBERS.UserIntroduced);
      writer.uint(event.user);
      writer.str(event.id);
      writer.uint(event.atUs);
    },
    read: (reader) => ({
      kind: 'UserIntroduced',
      user: userOf(reader),
      id: reader.str(256) as UserId,
      atUs: reader.uint(),
    }),
  },
  StrayBidRefused: {
    write(writer, event: StrayBidRefused) {
      writer.array(7);
      writer.uint(NUMBERS.StrayBidRefused);
      writer.str(event.auctionId);
      writer.uint(event.bidder);
      writer.uint(event.amountCents);
      writer.str(event.nonce);
      writer.uint(event.code);
      writer.uint(event.atUs);
    },
    read: (reader) => ({
      kind: 'StrayBidRefused',
      auctionId: reader.str(64) as AuctionId,
      bidder: userOf(reader),
      amountCents: centsOf(reader),
      nonce: reader.str(WIRE.nonceCharsMax),
      code: reader.uint(),
      atUs: reader.uint(),
    }),
  },
  AuctionListed: {
    write(writer, event) {
      open(writer, 8, event);
      writer.uint(event.auctionSeq);
      writeListed(writer, event);
    },
    read: (reader) => ({
      kind: 'AuctionListed',
      auction: refOf(reader),
      atUs: reader.uint(),
      auctionSeq: reader.uint(),
      ...readListed(reader),
    }),
  },
  ListingChanged: {
    write(writer, event) {
      open(writer, 6, event);
      writer.uint(event.auctionSeq);
      writeTerms(writer, event.terms);
      writeText(writer, event.text);
    },
    read: (reader) => ({
      kind: 'ListingChanged',
      auction: refOf(reader),
      atUs: reader.uint(),
      auctionSeq: reader.uint(),
      terms: readTerms(reader),
      text: readText(reader),
    }),
  },
  DescriptionAdded: {
    write(writer, event) {
      open(writer, 5, event);
      writer.uint(event.auctionSeq);
      writeText(writer, event.text);
    },
    read: (reader) => ({
      kind: 'DescriptionAdded',
      auction: refOf(reader),
      atUs: reader.uint(),
      auctionSeq: reader.uint(),
      text: readText(reader),
    }),
  },
  AuctionRelisted: {
    write(writer, event) {
      open(writer, 4, event);
      writer.str(event.as);
    },
    read: (reader) => ({
      kind: 'AuctionRelisted',
      auction: refOf(reader),
      atUs: reader.uint(),
      as: reader.str(64) as AuctionId,
    }),
  },
  AuctionStarted: {
    write(writer, event) {
      open(writer, 4, event);
      writer.uint(event.auctionSeq);
    },
    read: (reader) => ({
      kind: 'AuctionStarted',
      auction: refOf(reader),
      atUs: reader.uint(),
      auctionSeq: reader.uint(),
    }),
  },
  BidAccepted: {
    write(writer, event) {
      open(writer, 12, event);
      writer.uint(event.auctionSeq);
      writer.uint(event.bidder);
      writer.uint(event.amountCents);
      writer.str(event.nonce);
      writer.uint(event.flags);
      writer.uint(event.priceCents);
      writer.uint(event.leader);
      writer.bool(event.reserveMet);
      writer.uint(event.endsAtMs);
    },
    read: (reader) => ({
      kind: 'BidAccepted',
      auction: refOf(reader),
      atUs: reader.uint(),
      auctionSeq: reader.uint(),
      bidder: userOf(reader),
      amountCents: centsOf(reader),
      nonce: reader.str(WIRE.nonceCharsMax),
      flags: reader.uint(),
      priceCents: centsOf(reader),
      leader: userOf(reader),
      reserveMet: reader.bool(),
      endsAtMs: reader.uint(),
    }),
  },
  BidRefused: {
    write(writer, event) {
      open(writer, 16, event);
      writer.uint(event.bidder);
      writer.uint(event.amountCents);
      writer.str(event.nonce);
      writer.uint(event.flags);
      writer.uint(event.code);
      writeTold(writer, event.told);
      maybe(writer, event.currency, (code) => writer.str(code));
    },
    read: (reader) => ({
      kind: 'BidRefused',
      auction: refOf(reader),
      atUs: reader.uint(),
      bidder: userOf(reader),
      amountCents: centsOf(reader),
      nonce: reader.str(WIRE.nonceCharsMax),
      flags: reader.uint(),
      code: reader.uint(),
      told: readTold(reader),
      currency: added(reader, () => reader.str(CURRENCY_CHARS)),
    }),
  },
  AuctionExtended: {
    write(writer, event) {
      open(writer, 6, event);
      writer.uint(event.auctionSeq);
      writer.uint(event.endsAtMs);
      writer.uint(event.extension);
    },
    read: (reader) => ({
      kind: 'AuctionExtended',
      auction: refOf(reader),
      atUs: reader.uint(),
      auctionSeq: reader.uint(),
      endsAtMs: reader.uint(),
      extension: reader.uint(),
    }),
  },
  OutageCredited: {
    write(writer, event) {
      open(writer, 6, event);
      writer.uint(event.auctionSeq);
      writer.uint(event.fromUs);
      writer.uint(event.endsAtMs);
    },
    read: (reader) => ({
      kind: 'OutageCredited',
      auction: refOf(reader),
      atUs: reader.uint(),
      auctionSeq: reader.uint(),
      fromUs: reader.uint(),
      endsAtMs: reader.uint(),
    }),
  },
  BidsRetracted: {
    write(writer, event) {
      open(writer, 12, event);
      writer.uint(event.auctionSeq);
      writer.uint(event.bidder);
      writer.str(event.nonce);
      writer.uint(event.scope === 'all' ? 0 : 1);
      writer.uint(event.endsAtMs);
      writer.uint(event.priceCents);
      writer.uint(event.leader);
      writer.bool(event.reserveMet);
      maybe(writer, event.maxCents, (value) => writer.uint(value));
    },
    read: (reader) => ({
      kind: 'BidsRetracted',
      auction: refOf(reader),
      atUs: reader.uint(),
      auctionSeq: reader.uint(),
      bidder: userOf(reader),
      nonce: reader.str(WIRE.nonceCharsMax),
      scope: reader.uint() === 0 ? 'all' : 'newest',
      endsAtMs: reader.uint(),
      priceCents: centsOf(reader),
      leader: userOf(reader),
      reserveMet: reader.bool(),
      maxCents: added(reader, () => centsOf(reader)),
    }),
  },
  AuctionEnded: {
    write(writer, event) {
      open(writer, 7, event);
      writer.uint(event.auctionSeq);
      writer.uint(REASONS.indexOf(event.reason));
      writer.uint(event.winner);
      writer.uint(event.priceCents);
    },
    read: (reader) => ({
      kind: 'AuctionEnded',
      auction: refOf(reader),
      atUs: reader.uint(),
      auctionSeq: reader.uint(),
      reason: REASONS[reader.uint()] ?? 'time',
      winner: userOf(reader),
      priceCents: centsOf(reader),
    }),
  },
  AuctionCancelled: {
    write(writer, event) {
      open(writer, 5, event);
      writer.uint(event.auctionSeq);
      writer.uint(event.by);
    },
    read: (reader) => ({
      kind: 'AuctionCancelled',
      auction: refOf(reader),
      atUs: reader.uint(),
      auctionSeq: reader.uint(),
      by: userOf(reader),
    }),
  },
  BidLimitSet: {
    write(writer, event) {
      open(writer, 5, event);
      writer.uint(event.bidder);
      maybe(writer, event.limitCents, (value) => writer.uint(value));
    },
    read: (reader) => ({
      kind: 'BidLimitSet',
      auction: refOf(reader),
      atUs: reader.uint(),
      bidder: userOf(reader),
      limitCents: reader.nil() ? null : centsOf(reader),
    }),
  },
  BidderBlocked: {
    write(writer, event) {
      open(writer, 5, event);
      writer.uint(event.bidder);
      writer.bool(event.blocked);
    },
    read: (reader) => ({
      kind: 'BidderBlocked',
      auction: refOf(reader),
      atUs: reader.uint(),
      bidder: userOf(reader),
      blocked: reader.bool(),
    }),
  },
};

export function writeRecord(writer: MsgpackWriter, event: ShardEvent): void {
  (CODECS[event.kind] as RecordCodec<ShardEvent>).write(writer, event);
}

/** @throws MalformedMsgpack where the bytes are no record. */
export function readRecord(bytes: Uint8Array, from = 0, to = bytes.length): ShardEvent {
  return readRecordWith(new MsgpackReader(), bytes, from, to);
}

/** The same with a reader of the caller's, for walks over a whole log. */
export function readRecordWith(
  reader: MsgpackReader,
  bytes: Uint8Array,
  from: number,
  to: number,
): ShardEvent {
  reader.open(bytes, from, to);
  reader.array();
  const kind = KINDS[reader.uint()];
  if (kind === undefined)
    throw new Error('the record is of a kind that this version does not know');
  return CODECS[kind].read(reader);
}

/**
 * The kind of a record alone; the reader stands behind it then, where an event on an auction has
 * the auction's number. For walks that look for a few records among millions.
 */
export function kindOf(
  reader: MsgpackReader,
  bytes: Uint8Array,
  from: number,
  to: number,
): Kind | undefined {
  reader.open(bytes, from, to);
  reader.array();
  return KINDS[reader.uint()];
}
