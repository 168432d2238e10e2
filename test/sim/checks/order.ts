/**
 * P2 and P3, as far as the log alone shows them: time and numbers only rise and have no holes, no
 * bid counts at or after the end, the end never moves back, an auction ends once, and every command
 * was judged by the moment at which the server read it.
 */
import type { Auction } from '../../../src/auction/auction.ts';
import { begin, evolve } from '../../../src/auction/evolve.ts';
import type { History } from '../history.ts';
import type { Entry, ShardLog } from './log.ts';
import { byAuction } from './log.ts';

export function checkOrder(history: History, logs: readonly ShardLog[]): void {
  for (const { entries } of logs) {
    let before = { seq: 0, atUs: 0, epoch: 0 };
    for (const { seq, epoch, event } of entries) {
      if (seq !== before.seq + 1) history.violated(`record ${seq} follows ${before.seq}`);
      if (event.atUs < before.atUs) history.violated(`time runs back at record ${seq}`);
      if (epoch < before.epoch) history.violated(`the epoch falls at record ${seq}`);
      before = { seq, atUs: event.atUs, epoch };
    }
  }
  for (const [id, entries] of byAuction(logs)) checkAuction(history, id, entries);
}

function checkAuction(history: History, id: string, entries: readonly Entry[]): void {
  let auction: Auction | null = null;
  for (const { event, seq } of entries) {
    if (event.kind === 'AuctionListed') {
      auction = begin(event, seq);
      continue;
    }
    if (auction === null || !('auction' in event)) {
      history.violated(`${id}: record ${seq} comes before the listing`);
      return;
    }
    if ('auctionSeq' in event && event.auctionSeq !== auction.auctionSeq + 1) {
      history.violated(`${id}: update ${event.auctionSeq} follows ${auction.auctionSeq}`);
    }
    if (event.kind === 'BidAccepted') {
      if (auction.status !== 'active') history.violated(`${id}: a bid when ${auction.status}`);
      if (event.atUs >= auction.endsAtMs * 1000) {
        history.violated(`${id}: record ${seq} accepts a bid at or after the end`);
      }
    }
    const movesEnd = event.kind === 'AuctionExtended' || event.kind === 'OutageCredited';
    if (movesEnd && event.endsAtMs <= auction.endsAtMs) {
      history.violated(`${id}: the end moves back at record ${seq}`);
    }
    if (event.kind === 'AuctionEnded') {
      if (auction.status !== 'active') history.violated(`${id}: it ends twice`);
      if (event.reason === 'time' && event.atUs < auction.endsAtMs * 1000) {
        history.violated(`${id}: it ends before its time`);
      }
    }
    if ('nonce' in event && !(history.readUs.get(event.nonce) ?? []).includes(event.atUs)) {
      history.violated(`${id}: record ${seq} was judged by a time at which nothing was read`);
    }
    evolve(auction, event, seq);
  }
}
