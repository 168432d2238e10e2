/**
 * Auctions as messages show them: the public view of the rules, with its place in time. Who the
 * bidders are is told to the seller and to admins alone (RULES.md section 4), and only in replies:
 * what watchers get is the same for all of them.
 */
import type { Auction } from '../auction/auction.ts';
import type { UserId, UserRef } from '../auction/ids.ts';
import { NOBODY } from '../auction/ids.ts';
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

/** Whether somebody who reads is told who the bidders are. */
export function seesBidders(auction: Auction, reader: UserRef, asAdmin: boolean): boolean {
  return asAdmin || (reader !== NOBODY && reader === auction.seller);
}

/** Null for nobody. */
export function idOf(core: ShardCore, user: UserRef): UserId | null {
  return user === NOBODY ? null : core.state.userId(user);
}
