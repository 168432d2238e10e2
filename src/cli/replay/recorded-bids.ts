/**
 * Recorded eBay bids from a CSV file: one row a bid, columns
 * `auctionid,bid,bidtime,bidder,bidderrate,openbid,price,item,auction_type`. `bidtime` is in days
 * from the auction's start; amounts are dollars. A row that is not such a bid is a fault with its
 * line number; the others are not touched by it. Pure.
 */
import { parseDecimal } from '../amounts.ts';

export const COLUMNS = [
  'auctionid',
  'bid',
  'bidtime',
  'bidder',
  'bidderrate',
  'openbid',
  'price',
  'item',
  'auction_type',
] as const;

/** Everything in the file is in dollars. */
export const CURRENCY = 'USD';
const DIGITS = 2;

const DAY_US = 86_400_000_000;
const DAYS_MAX = 366;
const USER_CHARS_MAX = 64;
const TITLE_CHARS_MAX = 80;

export interface RecordedBid {
  readonly line: number;
  readonly bidder: string;
  readonly amountCents: number;
  /** From the start of its auction. */
  readonly afterUs: number;
}

export interface RecordedAuction {
  readonly name: string;
  readonly item: string;
  readonly startCents: number;
  /** What eBay recorded as the closing price. */
  readonly priceCents: number;
  readonly durationUs: number;
  /** In the order of bidtime; equal times in the order of the file. */
  readonly bids: readonly RecordedBid[];
}

export interface Fault {
  readonly line: number;
  readonly reason: string;
}

export interface Recording {
  /** In the order of their first row. */
  readonly auctions: readonly RecordedAuction[];
  readonly bids: number;
  /** Rows that were skipped. */
  readonly faults: readonly Fault[];
  /** Rows that contradict the first row of their auction: the bid counts, the first row's terms hold. */
  readonly remarks: readonly Fault[];
}

interface OpenAuction extends Omit<RecordedAuction, 'bids'> {
  readonly line: number;
  readonly bids: RecordedBid[];
}

/** A row that is no bid of this layout. */
class Malformed extends Error {}

/** The header is wrong: this is another kind of file. */
export class NotARecording extends Error {
  override name = 'NotARecording';
}

/** @throws NotARecording where the first line does not name the columns. */
export function readRecording(text: string): Recording {
  const lines = text.split(/\r?\n/);
  const header = (lines[0] ?? '').replace(/^\uFEFF/, '').trim();
  if (header !== COLUMNS.join(',')) {
    throw new NotARecording(`line 1 must be: ${COLUMNS.join(',')}`);
  }
  const auctionsByName = new Map<string, OpenAuction>();
  const faults: Fault[] = [];
  const remarks: Fault[] = [];
  let bids = 0;
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line === '') continue;
    try {
      remarks.push(...addRow(cellsOf(line), index + 1, auctionsByName));
      bids += 1;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      faults.push({ line: index + 1, reason: error.message });
    }
  }
  const auctions = [...auctionsByName.values()];
  // Sorting is stable: equal times keep the order of the file.
  for (const auction of auctions) auction.bids.sort((a, b) => a.afterUs - b.afterUs);
  return { auctions, bids, faults, remarks };
}

function addRow(
  cells: readonly string[],
  line: number,
  auctionsByName: Map<string, OpenAuction>,
): Fault[] {
  if (cells.length !== COLUMNS.length) {
    throw new Malformed(`has ${cells.length} columns instead of ${COLUMNS.length}`);
  }
  const cell = (name: (typeof COLUMNS)[number]): string => cells[COLUMNS.indexOf(name)] ?? '';
  const auction: OpenAuction = {
    name: named('auctionid', cell('auctionid')),
    item: cell('item').slice(0, TITLE_CHARS_MAX) || cell('auctionid'),
    startCents: dollars('openbid', cell('openbid')),
    priceCents: dollars('price', cell('price')),
    durationUs: durationUs(cell('auction_type')),
    line,
    bids: [],
  };
  const bid: RecordedBid = {
    line,
    bidder: named('bidder', cell('bidder')),
    amountCents: dollars('bid', cell('bid')),
    afterUs: afterUs(cell('bidtime')),
  };
  if (!/^-?\d+$/.test(cell('bidderrate'))) {
    throw new Malformed(`bidderrate is not a whole number: "${cell('bidderrate')}"`);
  }
  const known = auctionsByName.get(auction.name);
  if (known === undefined) {
    auction.bids.push(bid);
    auctionsByName.set(auction.name, auction);
    return [];
  }
  known.bids.push(bid);
  return TERMS.filter(({ field }) => known[field] !== auction[field]).map(({ column }) => ({
    line,
    reason: `${column} differs from line ${known.line}, the first of auction ${known.name}, which counts`,
  }));
}

const TERMS = [
  { field: 'startCents', column: 'openbid' },
  { field: 'priceCents', column: 'price' },
  { field: 'durationUs', column: 'auction_type' },
] as const;

function named(column: string, text: string): string {
  if (text === '') throw new Malformed(`${column} is empty`);
  if (text.length > USER_CHARS_MAX) {
    throw new Malformed(`${column} is longer than ${USER_CHARS_MAX} characters`);
  }
  return text;
}

function dollars(column: string, text: string): number {
  const cents = parseDecimal(text, DIGITS);
  if (cents === undefined) throw new Malformed(`${column} is not an amount in dollars: "${text}"`);
  if (cents === 0) throw new Malformed(`${column} is zero`);
  return cents;
}

function afterUs(text: string): number {
  const match = /^\d{1,4}(\.\d{1,12})?$/.test(text);
  if (!match) throw new Malformed(`bidtime is not a number of days: "${text}"`);
  return Math.round(Number(text) * DAY_US);
}

function durationUs(text: string): number {
  const days = Number(/^(\d{1,3}) day auction$/.exec(text)?.[1] ?? 0);
  if (days < 1 || days > DAYS_MAX) {
    throw new Malformed(`auction_type is not like "7 day auction": "${text}"`);
  }
  return days * DAY_US;
}

/** The cells of one line; a cell in quotes may hold commas and doubled quotes. */
export function cellsOf(line: string): string[] {
  const cells: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] !== '"') {
      const end = line.indexOf(',', at);
      cells.push(line.slice(at, end < 0 ? line.length : end).trim());
      if (end < 0) return cells;
      at = end + 1;
      continue;
    }
    const match = /^"((?:[^"]|"")*)"(,|$)/.exec(line.slice(at));
    if (match === null) throw new Malformed('has a quote that is not closed');
    cells.push((match[1] ?? '').replaceAll('""', '"'));
    at += match[0].length;
    if (match[2] === '') return cells;
  }
  return cells;
}
