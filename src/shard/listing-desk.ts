/**
 * What sellers and admins do with a listing: create, change, end early, limit and block bidders. What
 * becomes of the first three is told on the private feed of whoever asked as well.
 */
import { additionFault } from '../auction/additions.ts';
import type { Auction } from '../auction/auction.ts';
import type { AuctionCommand } from '../auction/commands.ts';
import { decide } from '../auction/decide.ts';
import type { AuctionListed } from '../auction/events.ts';
import type { AuctionId, UserId, UserRef } from '../auction/ids.ts';
import { NOBODY } from '../auction/ids.ts';
import { incrementsFor } from '../auction/increments.ts';
import { changeFault, decideListing } from '../auction/listing.ts';
import type { ListingFault } from '../auction/listing-checks.ts';
import type { Cents } from '../auction/money.ts';
import { isCents } from '../auction/money.ts';
import { decideRelisting } from '../auction/relisting.ts';
import type { RuleSettings } from '../auction/settings.ts';
import { bidderWithAlias } from '../auction/view.ts';
import type { IncrementTable, ListingText, Terms } from '../auction/terms.ts';
import type { Seq } from '../journal/seq.ts';
import type { Listing, ListingChange } from '../protocol/listing.ts';
import type { AddToDescription } from '../protocol/messages/add-to-description.ts';
import type { BlockBidder } from '../protocol/messages/block-bidder.ts';
import type { CancelAuction } from '../protocol/messages/cancel-auction.ts';
import type { ChangeAuction } from '../protocol/messages/change-auction.ts';
import type { CreateAuction } from '../protocol/messages/create-auction.ts';
import { DONE } from '../protocol/messages/done.ts';
import type { OwnCommand } from '../protocol/messages/own-answer.ts';
import type { RelistAuction } from '../protocol/messages/relist-auction.ts';
import type { SetBidLimit } from '../protocol/messages/set-bid-limit.ts';
import type { RefusalName } from '../protocol/refusals.ts';
import { ACCEPTED, REFUSALS } from '../protocol/refusals.ts';
import type { ShardCore } from './core.ts';
import type { QueryDesk } from './query-desk.ts';

/** Who asked what, and where the answer goes. */
interface Asked {
  readonly conn: number;
  readonly id: number;
  readonly auctionId: string;
  readonly by: UserRef;
  /** Null: the feed does not tell of it. */
  readonly what: OwnCommand | null;
}

export class ListingDesk {
  readonly #core: ShardCore;
  readonly #queries: QueryDesk;

  constructor(core: ShardCore, queries: QueryDesk) {
    this.#core = core;
    this.#queries = queries;
  }

  /** The id is the nonce: the same request again is answered with the auction that exists. */
  create(conn: number, seller: UserRef, frame: CreateAuction): void {
    const core = this.#core;
    const id = frame.auctionId as AuctionId;
    const asked: Asked = { conn, id: frame.id, auctionId: id, by: seller, what: 'create_auction' };
    const existing = core.state.auctionById(id);
    if (existing !== undefined) {
      if (existing.seller !== seller) return this.#refuse(asked, 'NOT_YOUR_AUCTION');
      return this.#queries.reply(conn, frame.id, existing, true);
    }
    const { terms, text } = fromListing(frame.listing, core.nowMs, core.settings);
    const decided = decideListing(
      core.state.nextAuction,
      { kind: 'ListAuction', id, seller, terms, text },
      core.nowUs,
      core.settings,
    );
    if ('refusal' in decided) {
      return this.#refuse(asked, decided.refusal, decided.field, decided.reason);
    }
    const record = this.#list(decided);
    this.#queries.reply(conn, frame.id, core.state.auction(decided.auction), true);
    this.#told(asked, record);
  }

  change(conn: number, by: UserRef, frame: ChangeAuction): void {
    const { id, auctionId } = frame;
    const asked: Asked = { conn, id, auctionId, by, what: 'change_auction' };
    const auction = this.#find(asked);
    if (auction === undefined) return;
    // The end as it stands: an outage may have moved it.
    const present = { ...auction.terms, endsAtMs: auction.endsAtMs };
    const { terms, text } = merge(present, this.#queries.textOf(auction), frame.changes);
    const record = this.#decide(asked, auction, { kind: 'ChangeListing', by, terms, text });
    if (record === null) return;
    this.#queries.reply(conn, id, auction, true);
    this.#told(asked, record);
  }

  /** The same words again, whose answer was lost, are answered with the auction as well. */
  addToDescription(conn: number, by: UserRef, frame: AddToDescription): void {
    const { id, auctionId } = frame;
    const asked: Asked = { conn, id, auctionId, by, what: 'add_to_description' };
    const auction = this.#find(asked);
    if (auction === undefined) return;
    const text = this.#queries.textOf(auction);
    const isKnown = text.additions.some((one) => one.text === frame.text);
    if (isKnown && by === auction.seller) return this.#queries.reply(conn, id, auction, true);
    const command: AuctionCommand = { kind: 'AddToDescription', by, addition: frame.text, text };
    const record = this.#decide(asked, auction, command);
    if (record === null) return;
    this.#queries.reply(conn, id, auction, true);
    this.#told(asked, record);
  }

  /** The same new id is the same request: it is answered with the auction that was listed. */
  relist(conn: number, by: UserRef, frame: RelistAuction): void {
    const core = this.#core;
    const { auctionId } = frame;
    const asked: Asked = { conn, id: frame.id, auctionId, by, what: 'relist_auction' };
    const old = this.#find(asked);
    if (old === undefined) return;
    const id = frame.newAuctionId as AuctionId;
    const again = old.relistedAs === id ? core.state.auctionById(id) : undefined;
    if (again !== undefined && by === old.seller) {
      return this.#queries.reply(conn, frame.id, again, true);
    }
    const present = relistedTerms(old.terms, frame.changes, core.nowMs);
    const { terms, text } = merge(present, this.#queries.textOf(old), frame.changes);
    const decided = decideRelisting(
      old,
      core.state.nextAuction,
      { kind: 'ListAuction', id, seller: by, terms, text },
      core.nowUs,
      core.settings,
    );
    if (typeof decided === 'string') return this.#refuse(asked, decided);
    if ('refusal' in decided) {
      return this.#refuse(asked, decided.refusal, decided.field, decided.reason);
    }
    const record = this.#list(decided.listed);
    core.recordAll([decided.relisted]);
    this.#queries.reply(conn, frame.id, core.state.auction(decided.listed.auction), true);
    this.#told(asked, record);
  }

  /** Number of its record. */
  #list(listed: AuctionListed): Seq {
    const record = this.#core.record(listed);
    this.#core.settle(this.#core.state.auction(listed.auction));
    return record;
  }

  cancel(conn: number, by: UserRef, frame: CancelAuction): void {
    const { id, auctionId, asAdmin, how } = frame;
    const asked: Asked = { conn, id, auctionId, by, what: 'cancel_auction' };
    const auction = this.#find(asked);
    if (auction === undefined) return;
    // The same request again, whose answer was lost, is answered with the auction as well.
    const isDone =
      how === 'cancel' ? auction.status === 'cancelled' : auction.endReason === 'early';
    const mayAsk = asAdmin || by === auction.seller;
    if (isDone && mayAsk) return this.#queries.reply(conn, id, auction, true);
    const record = this.#decide(asked, auction, { kind: 'EndEarly', by, asAdmin, how });
    if (record === null) return;
    this.#queries.reply(conn, id, auction, true);
    this.#told(asked, record);
  }

  setBidLimit(conn: number, frame: SetBidLimit): void {
    const { id, auctionId } = frame;
    const asked: Asked = { conn, id, auctionId, by: NOBODY, what: null };
    const auction = this.#find(asked);
    if (auction === undefined) return;
    const bidder = this.#core.userOfId(frame.userId as UserId);
    const limitCents = frame.limitCents as Cents | null;
    const command: AuctionCommand = { kind: 'SetBidLimit', bidder, limitCents };
    if (this.#decide(asked, auction, command) !== null) this.#done(conn, id);
  }

  block(conn: number, by: UserRef, frame: BlockBidder): void {
    const { id, auctionId, asAdmin, blocked, userId } = frame;
    const asked: Asked = { conn, id, auctionId, by, what: null };
    const auction = this.#find(asked);
    if (auction === undefined) return;
    const bidder =
      userId === null
        ? bidderWithAlias(auction, frame.bidder ?? 0)
        : this.#core.userOfId(userId as UserId);
    const command: AuctionCommand = { kind: 'BlockBidder', by, asAdmin, bidder, blocked };
    if (this.#decide(asked, auction, command) !== null) this.#done(conn, id);
  }

  #done(conn: number, id: number): void {
    DONE.write(this.#core.outbox.writer, { id });
    this.#core.outbox.reply(conn);
  }

  /** Tells the other connections of whoever asked that it was done. */
  #told({ conn, auctionId, by, what }: Asked, record: number): void {
    if (what === null) return;
    this.#core.feed.decided(conn, by, { auctionId, command: what, code: ACCEPTED, record });
  }

  #refuse(asked: Asked, name: RefusalName, field?: string, reason?: string): void {
    const { conn, id, auctionId, by, what } = asked;
    this.#core.refuse(conn, id, name, field, reason);
    if (what === null) return;
    const { code } = REFUSALS[name];
    this.#core.feed.decided(conn, by, { auctionId, command: what, code, record: 0, field, reason });
  }

  #find(asked: Asked): Auction | undefined {
    const auction = this.#core.state.auctionById(asked.auctionId as AuctionId);
    if (auction === undefined) this.#refuse(asked, 'AUCTION_UNKNOWN', 'auctionId');
    else this.#core.settle(auction);
    return auction;
  }

  /** Number of the record where the command was taken; null: a refusal has been answered. */
  #decide(asked: Asked, auction: Auction, command: AuctionCommand): Seq | null {
    const core = this.#core;
    const decided = decide(auction, command, core.nowUs, core.settings);
    if (typeof decided !== 'string') return core.recordAll(decided);
    const fault = decided === 'INVALID_LISTING' ? this.#faultOf(auction, command) : null;
    this.#refuse(asked, decided, fault?.field, fault?.reason);
    return null;
  }

  #faultOf(auction: Auction, command: AuctionCommand): ListingFault | null {
    const { nowUs, settings } = this.#core;
    if (command.kind === 'AddToDescription') return additionFault(command.addition, settings);
    return command.kind === 'ChangeListing' ? changeFault(auction, command, nowUs, settings) : null;
  }
}

function fromListing(
  listing: Listing,
  nowMs: number,
  settings: RuleSettings,
): { terms: Terms; text: ListingText } {
  const terms: Terms = {
    format: listing.format ?? 'proxy',
    currency: listing.currency,
    startPriceCents: listing.startPriceCents as Cents,
    reserveCents: centsOrNull(listing.reserveCents),
    buyNowCents: centsOrNull(listing.buyNowCents),
    increments:
      (listing.increments as IncrementTable | null) ?? incrementsFor(settings, listing.currency),
    softClose: listing.softClose ?? settings.softClose,
    fatFingerFactor: factorOf(listing.fatFingerFactor, settings.fatFingerFactor),
    startsAtMs: Math.max(listing.startsAtMs ?? nowMs, nowMs),
    endsAtMs: listing.endsAtMs,
  };
  const { title, description, category, condition, country } = listing;
  const text: ListingText = {
    title,
    description: description ?? '',
    category: category ?? [],
    condition,
    location: textOr(listing.location, null),
    country,
    shipping: textOr(listing.shipping, null),
    shippingCents: listing.shippingCents as Cents | null,
    additions: [],
    relistOf: null,
  };
  return { terms, text };
}

/** An empty text takes away what was said. */
function textOr(given: string | null, otherwise: string | null): string | null {
  if (given === null) return otherwise;
  return given === '' ? null : given;
}

/** As listed first, from now on and for as long; a start that is given is where the time counts from. */
function relistedTerms(old: Terms, { startsAtMs }: ListingChange, nowMs: number): Terms {
  const startMs = Math.max(startsAtMs ?? nowMs, nowMs);
  return { ...old, startsAtMs: startMs, endsAtMs: startMs + (old.endsAtMs - old.startsAtMs) };
}

/** The present listing with what is given replaced. A reserve or buy-it-now price of 0 removes it. */
function merge(
  terms: Terms,
  text: ListingText,
  changes: ListingChange,
): { terms: Terms; text: ListingText } {
  const money = (given: number | null, present: Cents | null): Cents | null => {
    if (given === null) return present;
    return given === 0 ? null : (given as Cents);
  };
  return {
    terms: {
      format: changes.format ?? terms.format,
      currency: changes.currency ?? terms.currency,
      startPriceCents: (changes.startPriceCents as Cents | null) ?? terms.startPriceCents,
      reserveCents: money(changes.reserveCents, terms.reserveCents),
      buyNowCents: money(changes.buyNowCents, terms.buyNowCents),
      increments: (changes.increments as IncrementTable | null) ?? terms.increments,
      softClose: changes.softClose ?? terms.softClose,
      fatFingerFactor: factorOf(changes.fatFingerFactor, terms.fatFingerFactor),
      startsAtMs: changes.startsAtMs ?? terms.startsAtMs,
      endsAtMs: changes.endsAtMs ?? terms.endsAtMs,
    },
    text: {
      title: changes.title ?? text.title,
      description: changes.description ?? text.description,
      category: changes.category ?? text.category,
      condition: changes.condition ?? text.condition,
      location: textOr(changes.location, text.location),
      country: changes.country ?? text.country,
      shipping: textOr(changes.shipping, text.shipping),
      shippingCents: (changes.shippingCents as Cents | null) ?? text.shippingCents,
      additions: text.additions,
      relistOf: text.relistOf,
    },
  };
}

function centsOrNull(value: number | null): Cents | null {
  return isCents(value) && value > 0 ? value : null;
}

/** 0 switches the guard off. */
function factorOf(given: number | null, otherwise: number | null): number | null {
  if (given === null) return otherwise;
  return given === 0 ? null : given;
}
