/**
 * One auction as bytes, for snapshots and for the state hash: every field in a fixed order, equal
 * states always as equal bytes. A plain sequence of MessagePack values, because a hot auction has
 * more bidders than an array header can count. Attempts are not here; they are plain numbers
 * already (AttemptLog.slice).
 */
import type { MsgpackReader } from '../lib/msgpack-reader.ts';
import type { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { AttemptLog } from './attempt-log.ts';
import type { Auction, Bidder, Status } from './auction.ts';
import { NO_BIDDERS } from './bidders.ts';
import type { EndReason } from './events.ts';
import type { AuctionId, AuctionRef, UserRef } from './ids.ts';
import { AUCTION_ID_LENGTH } from './ids.ts';
import type { Cents } from './money.ts';
import { shareTerms } from './shared-terms.ts';
import type { Format, IncrementStep, SoftClose, Terms } from './terms.ts';

/** Changes with the layout. */
export const STATE_VERSION = 1;
/** As version 1, and what it was listed again as behind it; only of auctions that were. */
const RELISTED_VERSION = 2;

const STATUSES: readonly Status[] = ['scheduled', 'active', 'sold', 'unsold', 'cancelled'];
const FORMATS: readonly Format[] = ['proxy', 'direct'];
const END_REASONS: readonly EndReason[] = ['time', 'bought', 'early'];
const TITLE_BYTES_MAX = 0xffff;
const CURRENCY_BYTES = 3;

/** The bytes are of another layout, or not of an auction. A log alone is enough to recover. */
export class UnreadableState extends Error {
  override name = 'UnreadableState';
}

/** Appends the state without its attempts. */
export function writeAuction(writer: MsgpackWriter, auction: Auction): void {
  writer.uint(auction.relistedAs === null ? STATE_VERSION : RELISTED_VERSION);
  writer.uint(auction.ref);
  writer.str(auction.id);
  writer.uint(auction.seller);
  writer.uint(auction.listedAtUs);
  writer.str(auction.title);
  writer.uint(auction.textRecordSeq);
  writeTerms(writer, auction.terms);
  writer.uint(STATUSES.indexOf(auction.status));
  writer.uint(auction.endsAtMs);
  writer.uint(auction.extensions);
  writer.uint(auction.priceCents);
  writer.uint(auction.leader);
  writer.uint(auction.leaderMaxCents);
  writer.bool(auction.reserveMet);
  writer.uint(auction.bidCount);
  writer.uint(auction.bidderCount);
  writer.uint(auction.auctionSeq);
  if (auction.endReason === null) writer.nil();
  else writer.uint(END_REASONS.indexOf(auction.endReason));
  writer.uint(auction.winner);
  writer.uint(auction.closedAtMs);
  // In the order of first appearance, which the log determines.
  writer.uint(auction.biddersByUser.size);
  for (const bidder of auction.biddersByUser.values()) writeBidder(writer, bidder);
  if (auction.relistedAs !== null) writer.str(auction.relistedAs);
}

/**
 * What `writeAuction` wrote, with an empty attempt log.
 * @throws UnreadableState for another layout; MalformedMsgpack where the bytes are damaged.
 */
export function readAuction(reader: MsgpackReader): Auction {
  const version = reader.uint();
  if (version !== STATE_VERSION && version !== RELISTED_VERSION)
    throw new UnreadableState(`state of version ${version}`);
  return {
    ref: reader.uint() as AuctionRef,
    id: reader.str(AUCTION_ID_LENGTH) as AuctionId,
    seller: reader.uint() as UserRef,
    listedAtUs: reader.uint(),
    title: reader.str(TITLE_BYTES_MAX),
    textRecordSeq: reader.uint(),
    terms: readTerms(reader),
    status: readWord(reader, STATUSES),
    endsAtMs: reader.uint(),
    extensions: reader.uint(),
    priceCents: reader.uint() as Cents,
    leader: reader.uint() as UserRef,
    leaderMaxCents: reader.uint() as Cents,
    reserveMet: reader.bool(),
    bidCount: reader.uint(),
    bidderCount: reader.uint(),
    auctionSeq: reader.uint(),
    endReason: reader.nil() ? null : readWord(reader, END_REASONS),
    winner: reader.uint() as UserRef,
    closedAtMs: reader.uint(),
    biddersByUser: readBidders(reader),
    relistedAs: version === RELISTED_VERSION ? (reader.str(AUCTION_ID_LENGTH) as AuctionId) : null,
    attempts: new AttemptLog(),
  };
}

function writeTerms(writer: MsgpackWriter, terms: Terms): void {
  writer.uint(FORMATS.indexOf(terms.format));
  writer.str(terms.currency);
  writer.uint(terms.startPriceCents);
  writeOptional(writer, terms.reserveCents);
  writeOptional(writer, terms.buyNowCents);
  writer.uint(terms.increments.length);
  for (const { belowCents, incrementCents } of terms.increments) {
    writeOptional(writer, belowCents);
    writer.uint(incrementCents);
  }
  writer.uint(terms.softClose.windowMs);
  writer.uint(terms.softClose.extensionMs);
  writeOptional(writer, terms.softClose.extensionsMax);
  if (terms.fatFingerFactor === null) writer.nil();
  else writer.float(terms.fatFingerFactor);
  writer.uint(terms.startsAtMs);
  writer.uint(terms.endsAtMs);
}

function readTerms(reader: MsgpackReader): Terms {
  return shareTerms({
    format: readWord(reader, FORMATS),
    currency: reader.str(CURRENCY_BYTES),
    startPriceCents: reader.uint() as Cents,
    reserveCents: readOptional(reader) as Cents | null,
    buyNowCents: readOptional(reader) as Cents | null,
    increments: readIncrements(reader),
    softClose: readSoftClose(reader),
    fatFingerFactor: reader.nil() ? null : reader.number(),
    startsAtMs: reader.uint(),
    endsAtMs: reader.uint(),
  });
}

function readIncrements(reader: MsgpackReader): IncrementStep[] {
  const steps: IncrementStep[] = [];
  for (let left = reader.uint(); left > 0; left--) {
    const belowCents = readOptional(reader) as Cents | null;
    steps.push({ belowCents, incrementCents: reader.uint() as Cents });
  }
  return steps;
}

function readSoftClose(reader: MsgpackReader): SoftClose {
  return {
    windowMs: reader.uint(),
    extensionMs: reader.uint(),
    extensionsMax: readOptional(reader),
  };
}

function writeBidder(writer: MsgpackWriter, bidder: Bidder): void {
  writer.uint(bidder.user);
  writer.uint(bidder.alias);
  writer.uint(bidder.maxCents);
  writeOptional(writer, bidder.limitCents);
  writer.bool(bidder.blocked);
  writer.uint(bidder.retractions);
  writer.uint(bidder.windowBids);
  writer.uint(bidder.windowFromUs);
}

function readBidders(reader: MsgpackReader): ReadonlyMap<UserRef, Bidder> {
  let left = reader.uint();
  if (left === 0) return NO_BIDDERS;
  const biddersByUser = new Map<UserRef, Bidder>();
  for (; left > 0; left--) {
    const user = reader.uint() as UserRef;
    biddersByUser.set(user, {
      user,
      alias: reader.uint(),
      maxCents: reader.uint() as Cents,
      limitCents: readOptional(reader) as Cents | null,
      blocked: reader.bool(),
      retractions: reader.uint(),
      windowBids: reader.uint(),
      windowFromUs: reader.uint(),
    });
  }
  return biddersByUser;
}

function writeOptional(writer: MsgpackWriter, value: number | null): void {
  if (value === null) writer.nil();
  else writer.uint(value);
}

function readOptional(reader: MsgpackReader): number | null {
  return reader.nil() ? null : reader.uint();
}

function readWord<W extends string>(reader: MsgpackReader, words: readonly W[]): W {
  const word = words[reader.uint()];
  if (word === undefined) throw new UnreadableState('a word that is not known');
  return word;
}
