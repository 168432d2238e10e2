/** The part of a record that says what the answer to a refused bid said of the auction. */
import type { BidStatus, Told } from '../auction/events.ts';
import type { Cents } from '../auction/money.ts';
import type { MsgpackReader } from '../lib/msgpack-reader.ts';
import type { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { maybe } from './record-terms.ts';

/** The place in this list is the number in the log. */
const STATUSES: readonly BidStatus[] = [
  'none',
  'leading',
  'outbid',
  'reserve_not_met',
  'won',
  'lost',
];

/** A field that came later: null where it is nil, and in records that were written without it. */
export function added<T>(reader: MsgpackReader, read: () => T): T | null {
  return reader.atEnd || reader.nil() ? null : read();
}

export function writeTold(writer: MsgpackWriter, told: Told): void {
  writer.uint(told.auctionSeq);
  writer.uint(told.priceCents);
  writer.uint(told.minimumNextCents);
  writer.uint(STATUSES.indexOf(told.status));
  writer.uint(told.endsAtMs);
  writer.uint(told.retryAfterMs);
  maybe(writer, told.suggestedCents, (amounts) => {
    writer.array(amounts.length);
    for (const amountCents of amounts) writer.uint(amountCents);
  });
}

export function readTold(reader: MsgpackReader): Told {
  const cents = (): Cents => reader.uint() as Cents;
  return {
    auctionSeq: reader.uint(),
    priceCents: cents(),
    minimumNextCents: cents(),
    status: STATUSES[reader.uint()] ?? 'none',
    endsAtMs: reader.uint(),
    retryAfterMs: reader.uint(),
    suggestedCents: added(reader, () => Array.from({ length: reader.array() }, cents)),
  };
}
