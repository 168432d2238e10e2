/**
 * What a receipt says: what became of one bid command, and where in the log that stands. Everything
 * in it follows from the record and its place, so the same record has the same receipt for ever,
 * and whoever has the log can tell whether the receipt is true.
 */
import type { BidAccepted, BidRefused, BidsRetracted, ShardEvent } from '../auction/events.ts';
import { BID_BUY_NOW, BID_RETRACT } from '../auction/events.ts';
import type { LinkedRecord } from '../journal/journal.ts';

/** An event that answers a bid command. */
export type BidEvent = BidAccepted | BidRefused | BidsRetracted;

export interface Claims {
  readonly auctionId: string;
  /** Who bid, how much and with which nonce: in the bidder's own receipt only. */
  readonly bidder?: string;
  readonly amountCents?: number;
  readonly nonce?: string;
  readonly command: 'bid' | 'buy_now' | 'retract';
  /** 0: accepted; else the number of the refusal. */
  readonly code: number;
  /** Number of the auction's update, price, whether the bidder led, and the end: after the command. */
  readonly seq: number;
  readonly currentPriceCents: number;
  readonly leads: boolean;
  readonly endsAtMs: number;
  /** When the server read the command, microseconds since 1970. */
  readonly atUs: number;
  readonly shard: number;
  readonly epoch: number;
  /** Number of the record, and of the last one of its batch. */
  readonly record: number;
  readonly lastRecord: number;
}

export interface Statement extends Claims {
  /** The chain hash after that batch under a seal: it stands for every record up to `lastRecord`. */
  readonly chainSeal: string;
}

/**
 * Hides a chain hash and stands for it; hex. With the hash itself, whoever knows all of a batch but a
 * seller's reserve could try reserves until one fits.
 */
export type Seal = (chainHash: Uint8Array) => string;

export type Place = Pick<LinkedRecord, 'seq' | 'epoch' | 'lastSeq'>;

export function isBidEvent(event: ShardEvent): event is BidEvent {
  const { kind } = event;
  return kind === 'BidAccepted' || kind === 'BidRefused' || kind === 'BidsRetracted';
}

/** @param bidder the bidder's id in the own receipt; null: for somebody who may not see the bid. */
export function claimsOf(
  event: BidEvent,
  place: Place,
  { auctionId, shard, bidder }: { auctionId: string; shard: number; bidder: string | null },
): Claims {
  const told = event.kind === 'BidRefused' ? event.told : event;
  const amountCents = event.kind === 'BidsRetracted' ? 0 : event.amountCents;
  return {
    auctionId,
    ...(bidder === null ? {} : { bidder, amountCents, nonce: event.nonce }),
    command: commandOf(event),
    code: event.kind === 'BidRefused' ? event.code : 0,
    seq: told.auctionSeq,
    currentPriceCents: told.priceCents,
    leads: ledAfter(event),
    endsAtMs: told.endsAtMs,
    atUs: event.atUs,
    shard,
    epoch: place.epoch,
    record: place.seq,
    lastRecord: place.lastSeq,
  };
}

export function commandOf(event: BidEvent): Statement['command'] {
  if (event.kind === 'BidsRetracted') return 'retract';
  if ((event.flags & BID_BUY_NOW) !== 0) return 'buy_now';
  return (event.flags & BID_RETRACT) !== 0 ? 'retract' : 'bid';
}

function ledAfter(event: BidEvent): boolean {
  if (event.kind !== 'BidRefused') return event.leader === event.bidder;
  const { status } = event.told;
  return status === 'leading' || status === 'reserve_not_met' || status === 'won';
}

/** What a shard says, which has no key: the hash as it is. Nobody outside may see it. */
export function unsealedText(claims: Claims, chainHash: Uint8Array): string {
  return JSON.stringify({ ...claims, chainHash: Buffer.from(chainHash).toString('hex') });
}

/** The text that is signed, out of what a shard said. */
export function sealedText(unsealed: string, seal: Seal): string {
  const { chainHash, ...claims } = JSON.parse(unsealed) as Claims & { readonly chainHash: string };
  return JSON.stringify({ ...claims, chainSeal: seal(Buffer.from(chainHash, 'hex')) });
}

/** A statement out of a text whose signature was good; undefined where it is of another kind. */
export function parseStatement(text: string): Statement | undefined {
  const value = JSON.parse(text) as Partial<Record<keyof Statement, unknown>> | null;
  const isOne =
    typeof value === 'object' &&
    value !== null &&
    typeof value.auctionId === 'string' &&
    typeof value.chainSeal === 'string' &&
    [value.shard, value.epoch, value.record, value.lastRecord].every(Number.isSafeInteger);
  if (!isOne) return undefined;
  const statement = value as Statement;
  const { shard, record, lastRecord } = statement;
  return shard >= 0 && record >= 1 && record <= lastRecord ? statement : undefined;
}
