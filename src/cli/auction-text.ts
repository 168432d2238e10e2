/** Auctions, answers and refusals in words for people. Pure. */
import { formatAmount, formatUnits, minorDigits } from './amounts.ts';
import type { Addition, AuctionView } from '../protocol/views.ts';
import type { Answer } from '../protocol/messages/answer.ts';

/** `bidder 2`, as the others see a bidder. */
export function bidderName(alias: number): string {
  return alias === 0 ? 'nobody' : `bidder ${alias}`;
}

/** `1 bid`, `2 bids` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `2d 03:04:05`, `03:04:05`, `4:05`; rounded up, so that it shows 0:00 only once it is over. */
export function countdown(leftMs: number): string {
  const left = Math.max(0, Math.ceil(leftMs / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [days, hours, minutes, seconds] = [
    Math.floor(left / 86_400),
    Math.floor(left / 3600) % 24,
    Math.floor(left / 60) % 60,
    left % 60,
  ];
  if (days > 0) return `${days}d ${two(hours)}:${two(minutes)}:${two(seconds)}`;
  if (hours > 0) return `${two(hours)}:${two(minutes)}:${two(seconds)}`;
  return `${minutes}:${two(seconds)}`;
}

/** `2026-07-04 12:00:05 UTC` */
export function timeText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** What an auction's own answer says beside its view; null and empty: not said. */
export interface Beside {
  readonly description: string;
  /** Who leads or won, where the server told it. */
  readonly leaderId: string | null;
  readonly condition: string | null;
  readonly location: string | null;
  readonly country: string | null;
  readonly shipping: string | null;
  readonly shippingCents: number | null;
  readonly additions: readonly Addition[];
  readonly relistOf: string | null;
  readonly relistedAs: string | null;
}

/** Everything that there is to say about an auction, a line each. */
export function auctionLines(auction: AuctionView, beside: Beside): string[] {
  const { description, leaderId } = beside;
  const leader = bidderName(auction.leadingBidder);
  const money = (units: number): string => formatAmount(units, auction.currency);
  const rows: [string, string][] = [
    ['id', auction.auctionId],
    ['seller', auction.seller],
    ['status', statusText(auction)],
    ['bidding', auction.format],
    ['price', `${money(auction.currentPriceCents)}  (${counted(auction.bidCount, 'bid')})`],
    [
      auction.status === 'sold' ? 'winner' : 'leading',
      leaderId === null ? leader : `${leader} (${leaderId})`,
    ],
  ];
  if (isOpen(auction)) rows.push(['next bid', `at least ${money(auction.minimumNextCents)}`]);
  if (auction.buyNowCents !== null) rows.push(['buy now', money(auction.buyNowCents)]);
  if (auction.hasReserve) rows.push(['reserve', auction.reserveMet ? 'met' : 'not met']);
  rows.push(['starts', timeText(auction.startsAtMs)], ['ends', endText(auction)]);
  rows.push(...itemRows(beside, money));
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  const additions = beside.additions.flatMap(({ atMs, text }) => [
    '',
    `Added ${timeText(atMs)}:`,
    text,
  ]);
  return [auction.title, ...lines, ...(description === '' ? [] : ['', description]), ...additions];
}

/** The thing itself, and how it gets to its buyer. */
function itemRows(
  { condition, location, country, shipping, shippingCents, relistOf, relistedAs }: Beside,
  money: (units: number) => string,
): [string, string][] {
  const where = [location, country].filter((part) => part !== null).join(', ');
  const cost = shippingCents === 0 ? 'free' : shippingCents === null ? null : money(shippingCents);
  const sending = [cost, shipping].filter((part) => part !== null).join(': ');
  const rows: [string, string][] = [
    ['condition', condition?.replaceAll('_', ' ') ?? ''],
    ['where', where],
    ['shipping', sending],
    ['relist of', relistOf ?? ''],
    ['relisted as', relistedAs ?? ''],
  ];
  return rows.filter(([, value]) => value !== '');
}

export function isOpen(auction: AuctionView): boolean {
  return auction.status === 'active' || auction.status === 'scheduled';
}

export function statusText(auction: AuctionView): string {
  switch (auction.status) {
    case 'scheduled':
      return `starts in ${countdown(auction.startsAtMs - auction.serverTimeMs)}`;
    case 'active':
      return 'active';
    case 'sold':
      return auction.endReason === 'bought' ? 'sold: bought now' : 'sold';
    case 'unsold':
      return auction.bidCount > 0 && auction.hasReserve ? 'unsold: reserve not met' : 'unsold';
    case 'cancelled':
      return 'cancelled';
  }
}

function endText(auction: AuctionView): string {
  const extended = auction.extensions > 0 ? `, extended ${auction.extensions} ×` : '';
  const left = isOpen(auction) ? `, in ${countdown(auction.endsAtMs - auction.serverTimeMs)}` : '';
  return `${timeText(auction.endsAtMs)}${left}${extended}`;
}

/** What an accepted bid came to: `You lead at 10.50 USD; your next bid is at least 11.00 USD.` */
export function answerText(answer: Answer, currency: string): string {
  const digits = minorDigits(currency);
  const price = `${formatUnits(answer.currentPriceCents, digits)} ${currency}`;
  const next =
    answer.minimumNextCents > 0
      ? `; your next bid is at least ${formatUnits(answer.minimumNextCents, digits)} ${currency}`
      : '';
  switch (answer.status) {
    case 'leading':
      return `You lead at ${price}${next}.`;
    case 'reserve_not_met':
      return `You lead at ${price}, but the reserve is not met${next}.`;
    case 'outbid':
      return `Accepted, but somebody else leads at ${price}${next}.`;
    case 'won':
      return `You won at ${price}.`;
    case 'lost':
      return `The auction went to somebody else at ${price}.`;
    case 'none':
      return `Done; the price is ${price}${next}.`;
  }
}

/** Of a bid that would be accepted; what it would come to is told to nobody. */
export function dryRunText({ currentPriceCents }: Answer, currency: string): string {
  const price = formatAmount(currentPriceCents, currency);
  return (
    `A dry run: this bid would be accepted now; the price is ${price}. Nothing was bid. ` +
    'Whether it would lead is not told, because that would give the maximums of others away.'
  );
}

/** What to try after a refusal; empty where there is nothing. `minimumCents` 0: not known. */
export function nextAfterRefusal(
  name: string,
  minimumCents: number,
  currency: string | null,
): string {
  switch (name) {
    case 'BID_TOO_LOW':
    case 'BID_BELOW_OWN_MAXIMUM':
      if (minimumCents === 0 || currency === null) return '';
      return `The next bid is at least ${formatAmount(minimumCents, currency)}.`;
    case 'CONFIRMATION_NEEDED':
      return 'If you mean it, send it again with --confirm.';
    case 'AUCTION_NOT_STARTED':
      return 'See when it starts: gavel auction show ID';
    case 'AUCTION_UNKNOWN':
      return 'Check the id; gavel auction create prints it.';
    case 'OWN_AUCTION':
      return 'Bid as somebody else: --as NAME, or --token with their token.';
    case 'VELOCITY_LIMIT':
    case 'OVERLOADED':
    case 'TOO_MANY_REQUESTS':
      return 'Wait a moment and try again.';
    case 'NOT_SIGNED_IN':
    case 'TOKEN_INVALID':
    case 'TOKEN_EXPIRED':
      return 'Make a token: gavel token --sub NAME, and give it with --token or GAVEL_TOKEN.';
    case 'ROLE_MISSING':
      return 'Make a token with the role: gavel token --sub NAME --role seller';
    default:
      return '';
  }
}
