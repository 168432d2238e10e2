/** What is only asked: subscriptions, auctions with their texts, bid histories, lists. */
import type { Auction } from '../auction/auction.ts';
import type { TextEvent } from '../auction/events.ts';
import type { AuctionId, UserId, UserRef } from '../auction/ids.ts';
import { NOBODY } from '../auction/ids.ts';
import type { ListingText } from '../auction/terms.ts';
import { bidHistory } from '../auction/view.ts';
import { LISTS } from '../config/limits.ts';
import type { Seq } from '../journal/seq.ts';
import { AUCTION } from '../protocol/messages/auction.ts';
import { AUCTIONS } from '../protocol/messages/auctions.ts';
import { BIDS } from '../protocol/messages/bids.ts';
import type { Get } from '../protocol/messages/get.ts';
import type { ListAuctions } from '../protocol/messages/list-auctions.ts';
import type { ListBids } from '../protocol/messages/list-bids.ts';
import { SNAPSHOT } from '../protocol/messages/snapshot.ts';
import type { Subscribe } from '../protocol/messages/subscribe.ts';
import { pageOf } from './auction-pages.ts';
import type { AuctionPage } from './auction-pages.ts';
import type { ShardCore } from './core.ts';
import { idOf, seesBidders, viewOf } from './views.ts';

const NO_PAGE: AuctionPage = { auctions: [], next: null };

export class QueryDesk {
  readonly #core: ShardCore;

  constructor(core: ShardCore) {
    this.#core = core;
  }

  subscribe(conn: number, frame: Subscribe): void {
    const core = this.#core;
    const auction = this.#find(conn, frame.id, frame.auctionId);
    if (auction === undefined) return;
    core.watchers.watch(auction);
    const handle = core.handleOf(auction.ref);
    const asked = frame.epoch !== null && frame.seq !== null;
    SNAPSHOT.write(core.outbox.writer, {
      id: frame.id,
      handle,
      recovered: asked ? false : null,
      auction: viewOf(core, auction),
    });
    core.outbox.subscribed(conn, {
      requestId: frame.id,
      auctionId: auction.id,
      handle,
      epoch: core.epoch,
      seq: auction.auctionSeq,
      fromEpoch: asked ? (frame.epoch ?? 0) : 0,
      fromSeq: asked ? (frame.seq ?? 0) : 0,
    });
  }

  get(conn: number, reader: UserRef, frame: Get, asAdmin: boolean): void {
    const auction = this.#find(conn, frame.id, frame.auctionId);
    if (auction === undefined) return;
    this.reply(conn, frame.id, auction, seesBidders(auction, reader, asAdmin));
  }

  /** The auction with its texts, which are read from the log. */
  reply(conn: number, id: number, auction: Auction, withBidders: boolean): void {
    const core = this.#core;
    const text = this.textOf(auction);
    const additions = text.additions.length === 0 ? null : text.additions;
    AUCTION.write(core.outbox.writer, {
      id,
      auction: viewOf(core, auction),
      text: { ...text, additions },
      leadingBidderId: withBidders ? idOf(core, auction.leader) : null,
      winnerId: withBidders ? idOf(core, auction.winner) : null,
      relistedAs: auction.relistedAs,
    });
    core.outbox.reply(conn);
  }

  /** The texts as they stand, from the log. */
  textOf(auction: Auction): ListingText {
    const { event } = this.#core.batch.read(auction.textRecordSeq as Seq);
    return (event as TextEvent).text;
  }

  listBids(conn: number, reader: UserRef, frame: ListBids): void {
    const auction = this.#find(conn, frame.id, frame.auctionId);
    if (auction === undefined) return;
    const withBidders = seesBidders(auction, reader, frame.asAdmin === true);
    const page = bidHistory(auction, frame.limit, frame.before ?? undefined);
    const bids = page.bids.map((bid) => ({
      entry: bid.entry,
      bidder: bid.alias,
      priceCents: bid.priceCents,
      atMs: Math.floor(bid.atUs / 1000),
      retracted: bid.retracted,
      record: bid.recordSeq,
      retractions: bid.retractions,
      bidderId: withBidders ? idOf(this.#core, bid.bidder) : null,
    }));
    BIDS.write(this.#core.outbox.writer, {
      id: frame.id,
      auctionId: auction.id,
      bids,
      next: page.before,
    });
    this.#core.outbox.reply(conn);
  }

  listAuctions(conn: number, frame: ListAuctions): void {
    const { state, outbox } = this.#core;
    const seller = frame.seller === null ? null : state.userById(frame.seller as UserId);
    const { beforeUs, beforeId, limit, status } = frame;
    const before = beforeUs === null ? null : { ms: Math.floor(beforeUs / 1000), id: beforeId };
    const page =
      seller === NOBODY ? NO_PAGE : pageOf(state, { before, limit, status, seller }, LISTS.scanMax);
    AUCTIONS.write(outbox.writer, {
      id: frame.id,
      auctions: page.auctions.map((auction) => viewOf(this.#core, auction)),
      nextMs: page.next?.ms ?? null,
      nextId: page.next?.id ?? null,
    });
    outbox.reply(conn);
  }

  #find(conn: number, id: number, auctionId: string): Auction | undefined {
    const auction = this.#core.state.auctionById(auctionId as AuctionId);
    if (auction === undefined) this.#core.refuse(conn, id, 'AUCTION_UNKNOWN', 'auctionId');
    else this.#core.settle(auction);
    return auction;
  }
}
