/**
 * What watchers saw is what the log says, update by update; and in the end all of them see the
 * same. (That nothing was missing in between, the clients check as it comes.)
 */
import { ShardState } from '../../../src/shard/shard-state.ts';
import type { Client } from '../client.ts';
import type { History } from '../history.ts';
import type { ShardLog } from './log.ts';

interface Moment {
  readonly priceCents: number;
  readonly endsAtMs: number;
  readonly status: string;
}

export function checkWatchers(
  history: History,
  logs: readonly ShardLog[],
  clients: readonly Client[],
): void {
  const moments = new Map<string, Moment>();
  for (const { entries } of logs) {
    const state = new ShardState();
    for (const { event, seq } of entries) {
      state.apply(event, seq);
      if (!('auction' in event)) continue;
      const { id, auctionSeq, priceCents, endsAtMs, status } = state.auction(event.auction);
      moments.set(`${id} ${auctionSeq}`, { priceCents, endsAtMs, status });
    }
  }
  for (const { user, auctionId, seq, ...seen } of history.seen) {
    const moment = moments.get(`${auctionId} ${seq}`);
    if (moment === undefined) {
      history.violated(`${user} saw update ${seq} of ${auctionId}, which is not in the log`);
    } else if (
      moment.priceCents !== seen.priceCents ||
      moment.endsAtMs !== seen.endsAtMs ||
      moment.status !== seen.status
    ) {
      history.violated(
        `${user} saw ${auctionId} at ${seq} as ${JSON.stringify(seen)}, ` +
          `and it was ${JSON.stringify(moment)}`,
      );
    }
  }
  for (const { state } of logs) {
    for (const auction of state.auctions()) {
      for (const client of clients) {
        const view = client.views.get(auction.id);
        if (view?.seq === auction.auctionSeq && view.bidCount === auction.bidCount) continue;
        history.violated(
          `in the end ${client.user} sees ${auction.id} at ${view?.seq ?? 'nothing'} ` +
            `with ${view?.bidCount ?? 'no'} bids; it stands at ${auction.auctionSeq} ` +
            `with ${auction.bidCount}`,
        );
      }
    }
  }
}
