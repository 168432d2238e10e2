/**
 * The report on an auction that is over: the rules in force, everything that everybody could see
 * happen, and every bid command in between, refused ones too, in the order of the log and with the
 * log's chain under seal. Bidders are aliases; maximums and the reserve stay hidden. It is made from
 * the log alone, so it can be made again years later, and is then the same.
 *
 *   log ──records of the auction, from its listing to its close──▶ entries ──▶ report ──▶ signature
 */
import type { AuctionEvent, AuctionListed, TextEvent } from '../auction/events.ts';
import type { UserRef } from '../auction/ids.ts';
import { NOBODY } from '../auction/ids.ts';
import type { StoredBatch } from '../journal/journal.ts';
import { kindOf, readRecordWith } from '../journal/record.ts';
import type { Seq } from '../journal/seq.ts';
import { seqAfter } from '../journal/seq.ts';
import { must } from '../lib/assert.ts';
import { MsgpackReader } from '../lib/msgpack-reader.ts';
import type { Seal } from './statement.ts';
import { commandOf } from './statement.ts';

/** `b1` for the first bidder of the auction; null: nobody, or one of whom no bid was accepted yet. */
type Alias = string | null;

export interface Entry {
  readonly record: number;
  /** Last record of its batch, and the sealed chain hash after it: the same as in receipts. */
  readonly lastRecord: number;
  readonly chainSeal: string;
  readonly epoch: number;
  readonly atUs: number;
  readonly kind: string;
  readonly [field: string]: Alias | number | boolean;
}

export interface CloseReport {
  readonly type: 'gavel-report';
  readonly version: 1;
  readonly auctionId: string;
  readonly title: string;
  readonly shard: number;
  readonly rules: Omit<AuctionListed['terms'], 'reserveCents' | 'fatFingerFactor'> & {
    readonly hasReserve: boolean;
  };
  /** What the seller said of the thing and its sending; absent where that is nothing. */
  readonly item?: Partial<Item>;
  readonly entries: readonly Entry[];
  readonly result: {
    readonly status: 'sold' | 'unsold' | 'cancelled';
    readonly winner: Alias;
    readonly priceCents: number | null;
  };
}

type Item = Pick<
  AuctionListed['text'],
  'condition' | 'location' | 'country' | 'shipping' | 'shippingCents'
>;

/** Why there is no report. */
export class NoReport extends Error {
  override name = 'NoReport';
  readonly reason: 'unknown' | 'not over' | 'too long';
  constructor(reason: NoReport['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface ReportRequest {
  readonly auctionId: string;
  readonly shard: number;
  readonly entriesMax: number;
  /** Of the key that signs it. */
  readonly seal: Seal;
}

/** @param batches of the log, from the auction's listing or any earlier one on. @throws NoReport */
export function closeReport(batches: Iterable<StoredBatch>, request: ReportRequest): CloseReport {
  const { auctionId, shard, entriesMax } = request;
  const fold = new Fold(auctionId, request.seal);
  for (const batch of batches) {
    fold.take(batch);
    if (fold.result !== null) break;
    if (fold.entries.length > entriesMax) {
      throw new NoReport('too long', `the auction has more than ${entriesMax} entries`);
    }
  }
  const { listing, entries, result } = fold;
  if (listing === null) throw new NoReport('unknown', `the log has no auction ${auctionId}`);
  if (result === null) throw new NoReport('not over', `auction ${auctionId} is not over`);
  const { reserveCents, fatFingerFactor: _, ...terms } = listing.terms;
  const rules = { ...terms, hasReserve: reserveCents !== null };
  const { title } = listing.text;
  const item = itemOf(listing.text);
  return {
    type: 'gavel-report',
    version: 1,
    auctionId,
    title,
    shard,
    rules,
    ...(Object.keys(item).length === 0 ? {} : { item }),
    entries,
    result,
  };
}

/** Only what was said, so that a listing without it has the report that it always had. */
function itemOf({ condition, location, country, shipping, shippingCents }: Item): Partial<Item> {
  const said = Object.entries({ condition, location, country, shipping, shippingCents });
  return Object.fromEntries(said.filter(([, value]) => value !== null));
}

/** The text that is signed; `reportFile` is what is handed out. */
export function reportText(report: CloseReport): string {
  return JSON.stringify(report);
}

/** One spelling only: a checker refuses the file where it is written in any other way. */
export function reportFile(report: CloseReport, signature: string): string {
  return `${JSON.stringify({ report, signature }, null, 1)}\n`;
}

/** Walks over batches and keeps what concerns one auction. */
class Fold {
  readonly entries: Entry[] = [];
  /** Terms and texts as they stood last. */
  listing: Pick<AuctionListed, 'terms' | 'text'> | null = null;
  result: CloseReport['result'] | null = null;
  readonly #auctionId: string;
  readonly #seal: Seal;
  readonly #reader = new MsgpackReader();
  readonly #aliases = new Map<UserRef, string>();
  #ref = 0;

  constructor(auctionId: string, seal: Seal) {
    this.#auctionId = auctionId;
    this.#seal = seal;
  }

  take(batch: StoredBatch): void {
    let chainSeal = '';
    const lastRecord = seqAfter(batch.firstSeq, batch.count - 1);
    for (let i = 0; i < batch.count && this.result === null; i++) {
      const event = this.#ofAuction(batch, batch.offsets[i] ?? 0, batch.offsets[i + 1] ?? 0);
      if (event === null) continue;
      const shown = this.#shown(event);
      if (shown === null) continue;
      if (chainSeal === '') chainSeal = this.#seal(batch.hash);
      const { epoch } = batch;
      const record: Seq = seqAfter(batch.firstSeq, i);
      const { atUs } = event;
      this.entries.push({ record, lastRecord, chainSeal, epoch, atUs, ...shown });
    }
  }

  #ofAuction(batch: StoredBatch, from: number, to: number): AuctionListed | AuctionEvent | null {
    const kind = kindOf(this.#reader, batch.bytes, from, to);
    if (kind === 'UserIntroduced' || kind === 'StrayBidRefused') return null;
    const ref = this.#reader.uint();
    if (kind === 'AuctionListed' ? this.listing !== null : ref !== this.#ref) return null;
    const event = readRecordWith(this.#reader, batch.bytes, from, to);
    if (event.kind !== 'AuctionListed') return event as AuctionEvent;
    if (event.id !== this.#auctionId) return null;
    this.#ref = event.auction;
    return event;
  }

  /** What everybody may see of an event; null: nothing. */
  #shown(event: AuctionListed | AuctionEvent): (Pick<Entry, 'kind'> & Partial<Entry>) | null {
    switch (event.kind) {
      case 'AuctionListed':
      case 'ListingChanged':
      case 'DescriptionAdded':
        return this.#listed(event);
      case 'AuctionStarted':
        return { kind: 'started', seq: event.auctionSeq };
      case 'AuctionExtended': {
        const { auctionSeq: seq, endsAtMs, extension } = event;
        return { kind: 'extended', seq, endsAtMs, extension };
      }
      case 'OutageCredited': {
        const { auctionSeq: seq, fromUs, endsAtMs } = event;
        return { kind: 'outage', seq, fromUs, endsAtMs };
      }
      case 'BidRefused': {
        const bidder = this.#alias(event.bidder);
        return { kind: 'refused', command: commandOf(event), bidder, code: event.code };
      }
      case 'BidAccepted':
      case 'BidsRetracted': {
        const bidder = this.#alias(event.bidder, event.kind === 'BidAccepted');
        const { auctionSeq: seq, priceCents, reserveMet, endsAtMs } = event;
        const leader = this.#alias(event.leader);
        return { kind: commandOf(event), seq, bidder, priceCents, leader, reserveMet, endsAtMs };
      }
      case 'AuctionEnded': {
        const { auctionSeq: seq, reason, priceCents } = event;
        const winner = this.#alias(event.winner);
        const status = winner === null ? 'unsold' : 'sold';
        this.result = { status, winner, priceCents: winner === null ? null : priceCents };
        return { kind: 'ended', seq, reason, winner, priceCents };
      }
      case 'AuctionCancelled':
        this.result = { status: 'cancelled', winner: null, priceCents: null };
        return { kind: 'cancelled', seq: event.auctionSeq };
      case 'AuctionRelisted':
      case 'BidLimitSet':
      case 'BidderBlocked':
        return null;
    }
  }

  #listed(event: TextEvent): Pick<Entry, 'kind'> & Partial<Entry> {
    const { text, auctionSeq: seq } = event;
    if (event.kind === 'DescriptionAdded') {
      const { terms } = must(this.listing, 'an addition is to something that was listed');
      this.listing = { terms, text };
      return { kind: 'added', seq };
    }
    this.listing = { terms: event.terms, text };
    return { kind: event.kind === 'AuctionListed' ? 'listed' : 'changed', seq };
  }

  #alias(user: UserRef, isNew = false): Alias {
    if (user === NOBODY) return null;
    const known = this.#aliases.get(user);
    if (known !== undefined || !isNew) return known ?? null;
    const alias = `b${this.#aliases.size + 1}`;
    this.#aliases.set(user, alias);
    return alias;
  }
}
