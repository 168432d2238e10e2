/** Auctions as messages show them: the public view of the rules, with its place in time. */
import type { Auction } from '../auction/auction.ts';
import { publicView } from '../auction/view.ts';
import type { AuctionView } from '../protocol/views.ts';
import type { ShardCore } from './core.ts';

export function viewOf(core: ShardCore, auction: Auction): AuctionView {
  const view = publicView(auction);
  const open = view.status === 'active' || view.status === 'scheduled';
  return {
    auctionId: view.id,
    epoch: core.epoch,
    seq: view.auctionSeq,
    title: view.title,
    seller: core.state.userId(view.seller),
    status: view.status,
    format: view.format,
    currency: view.currency,
    startPriceCents: view.startPriceCents,
    currentPriceCents: view.priceCents,
    minimumNextCents: open ? view.minimumNextCents : 0,
    bidCount: view.bidCount,
    leadingBidder: view.leaderAlias,
    hasReserve: view.reserve !== 'none',
    reserveMet: auction.reserveMet,
    buyNowCents: open ? view.buyNowCents : null,
    startsAtMs: view.startsAtMs,
    endsAtMs: view.endsAtMs,
    extensions: view.extensions,
    softClose: view.softClose,
    listedAtMs: Math.floor(auction.listedAtUs / 1000),
    endReason: view.status === 'cancelled' ? 'cancelled' : view.endReason,
    winner: view.status === 'sold' ? view.winnerAlias : null,
    serverTimeMs: core.nowMs,
  };
}
