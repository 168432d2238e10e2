/**
 * P3: one winner, the right one. The slow twin, written from the rules alone, is given the commands
 * of each auction in the order of the log, and the outages in which nobody could bid, and has to
 * come to the same answers and the same end.
 */
import type { AuctionEvent } from '../../../src/auction/events.ts';
import { BID_BUY_NOW, BID_RETRACT } from '../../../src/auction/events.ts';
import type { UserRef } from '../../../src/auction/ids.ts';
import type { Outage } from '../../../src/auction/outage.ts';
import { refusalName } from '../../../src/protocol/refusals.ts';
import type { SlowCommand } from '../../twin/slow-auction.ts';
import { SlowAuction } from '../../twin/slow-auction.ts';
import type { History } from '../history.ts';
import type { Outages } from '../outages.ts';
import type { Plan } from '../plan.ts';
import type { Entry, ShardLog } from './log.ts';
import { byAuction } from './log.ts';

export function checkWinners(
  history: History,
  logs: readonly ShardLog[],
  outages: Outages,
  plan: Plan,
): void {
  const auctions = byAuction(logs);
  for (const [shard, { state }] of logs.entries()) {
    for (const auction of state.auctions()) {
      const twin = follow(history, auctions.get(auction.id) ?? [], outages.of(shard), plan);
      if (twin === null) continue;
      const slow = twin.summary();
      const fast: Readonly<Record<string, unknown>> = { ...auction };
      for (const [name, value] of Object.entries(slow)) {
        if (name === 'minimumNextCents' || fast[name] === value) continue;
        history.violated(
          `${auction.id}: ${name} is ${String(fast[name])}, and by the rules ${String(value)}`,
        );
      }
    }
  }
}

function follow(
  history: History,
  entries: readonly Entry[],
  outages: readonly Outage[],
  { bidsPerMinuteMax: bidsPerWindowMax, outageCreditWithinMs }: Plan,
): SlowAuction | null {
  let twin: SlowAuction | null = null;
  let listedUs = 0;
  const waiting = outageCreditWithinMs === null ? [] : [...outages];
  for (const { event, seq, auctionId } of entries) {
    if (event.kind === 'AuctionListed') {
      twin = new SlowAuction(event.seller, event.terms, { bidsPerWindowMax });
      twin.tick(event.atUs);
      listedUs = event.atUs;
      continue;
    }
    if (twin === null || !('auction' in event)) return null;
    while (waiting[0] !== undefined && waiting[0].toUs <= event.atUs) {
      const { fromUs, toUs } = waiting.shift() as Outage;
      if (fromUs >= listedUs) twin.outage(fromUs, toUs, outageCreditWithinMs ?? 0);
    }
    const command = commandOf(event);
    if (command === null) {
      twin.tick(event.atUs);
      continue;
    }
    const answer = twin.apply(command, event.atUs);
    const byRules = 'refusal' in answer ? answer.refusal : 'accepted';
    const logged = event.kind === 'BidRefused' ? refusalName(event.code) : 'accepted';
    if (byRules !== logged) {
      history.violated(`${auctionId}: record ${seq} is ${logged}, and by the rules ${byRules}`);
    }
  }
  return twin;
}

function commandOf(event: AuctionEvent): SlowCommand | null {
  const of = (bidder: UserRef, flags: number, nonce: string, amountCents: number): SlowCommand => {
    if ((flags & BID_RETRACT) !== 0) return { kind: 'RetractBid', bidder, nonce };
    if ((flags & BID_BUY_NOW) !== 0) return { kind: 'BuyNow', bidder, nonce };
    return {
      kind: 'PlaceBid',
      bidder,
      amountCents: amountCents as never,
      currency: null,
      nonce,
      confirm: false,
    };
  };
  switch (event.kind) {
    case 'BidAccepted':
    case 'BidRefused':
      return of(event.bidder, event.flags, event.nonce, event.amountCents);
    case 'BidsRetracted':
      return of(event.bidder, BID_RETRACT, event.nonce, 0);
    default:
      return null;
  }
}
