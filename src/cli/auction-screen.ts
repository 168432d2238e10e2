/** The live view of one auction in a terminal: lines to draw, and the lines of its news. Pure. */
import { formatAmount } from './amounts.ts';
import { bidderName, counted, countdown, isOpen, statusText } from './auction-text.ts';
import type { AuctionView } from '../protocol/views.ts';

/** What is kept below the figures. */
export const NEWS_MAX = 8;

export interface Screen {
  readonly auction: AuctionView;
  /** Newest last. */
  readonly news: readonly string[];
  /** The server's clock now. */
  readonly nowMs: number;
  /** Whether the connection is up; else what is shown is the last that was heard. */
  readonly connected: boolean;
}

export function screenLines(
  { auction, news, nowMs, connected }: Screen,
  columns: number,
): string[] {
  const money = (units: number): string => formatAmount(units, auction.currency);
  const reserve = auction.hasReserve ? `, reserve ${auction.reserveMet ? 'met' : 'not met'}` : '';
  const lines = [
    auction.title,
    `  price     ${money(auction.currentPriceCents)}  (${counted(auction.bidCount, 'bid')}${reserve})`,
    `  ${auction.status === 'sold' ? 'winner  ' : 'leading '}  ${bidderName(auction.leadingBidder)}`,
  ];
  if (isOpen(auction)) {
    const waits = auction.status === 'scheduled' && nowMs < auction.startsAtMs;
    const untilMs = waits ? auction.startsAtMs : auction.endsAtMs;
    const extended = auction.extensions > 0 ? `  (extended ${auction.extensions} ×)` : '';
    lines.push(
      `  next bid  ${minimumText(auction)}`,
      `  ${waits ? 'starts in' : 'ends in  '} ${countdown(untilMs - nowMs)}${extended}`,
    );
  } else lines.push(`  ${statusText(auction)}`);
  if (!connected) lines.push('  connection lost, trying again …');
  lines.push('', ...news.slice(-NEWS_MAX).map((line) => `  ${line}`));
  return lines.map((line) => cut(line, columns));
}

/** Updates do not carry the minimum: after one, only what it has to be above is known. */
function minimumText({
  minimumNextCents,
  currentPriceCents,
  bidCount,
  currency,
}: AuctionView): string {
  const isKnown = bidCount === 0 || minimumNextCents > currentPriceCents;
  const amount = formatAmount(minimumNextCents, currency);
  return isKnown ? `at least ${amount}` : `more than ${amount}`;
}

/** One line for each thing that a watcher hears; null: nothing to say. */
export function newsLine(
  before: AuctionView | null,
  auction: AuctionView,
  nowMs: number,
): string | null {
  const at = new Date(nowMs).toISOString().slice(11, 19);
  const money = (units: number): string => formatAmount(units, auction.currency);
  const price = money(auction.currentPriceCents);
  if (before === null) {
    return `${at}  ${statusText(auction)} at ${price}, ${counted(auction.bidCount, 'bid')}`;
  }
  if (auction.status !== before.status) {
    if (auction.status === 'active') return `${at}  started`;
    const winner =
      auction.status === 'sold' ? ` to ${bidderName(auction.winner ?? 0)} at ${price}` : '';
    return `${at}  ended: ${statusText(auction)}${winner}`;
  }
  const bids = auction.bidCount - before.bidCount;
  const parts: string[] = [];
  if (bids > 0) {
    const many = bids > 1 ? `${bids} bids, ` : '';
    parts.push(`${many}${price}, ${bidderName(auction.leadingBidder)} leads`);
  }
  if (bids < 0) parts.push(`bids taken back, ${price}, ${bidderName(auction.leadingBidder)} leads`);
  if (auction.reserveMet && !before.reserveMet && auction.hasReserve) parts.push('reserve met');
  if (auction.extensions > before.extensions) {
    parts.push(`extended (${auction.extensions}), ends in ${countdown(auction.endsAtMs - nowMs)}`);
  }
  return parts.length === 0 ? null : `${at}  ${parts.join('; ')}`;
}

function cut(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, Math.max(1, columns - 2))}…`;
}

/** Draws lines over those drawn before, and remembers how many there were. */
export class Redraw {
  readonly #write: (text: string) => void;
  #drawn = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  draw(lines: readonly string[]): void {
    const up = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
    const body = lines.map((line) => `\x1b[2K${line}\n`).join('');
    this.#write(`${up}${body}\x1b[0J`);
    this.#drawn = lines.length;
  }
}
