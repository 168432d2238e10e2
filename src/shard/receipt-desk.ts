/**
 * Says what the log holds of a bid command, for a receipt: to the bidder everything, to the seller
 * everything but who bid how much. Reads the log and nothing else, so that a receipt is the same
 * whenever it is asked for; who never asks costs nothing.
 */
import type { AuctionId, UserRef } from '../auction/ids.ts';
import { readRecord } from '../journal/record.ts';
import type { Seq } from '../journal/seq.ts';
import type { GetReceipt } from '../protocol/messages/get-receipt.ts';
import { RECEIPT } from '../protocol/messages/receipt.ts';
import { claimsOf, isBidEvent, unsealedText } from '../receipt/statement.ts';
import type { ShardCore } from './core.ts';

export class ReceiptDesk {
  readonly #core: ShardCore;

  constructor(core: ShardCore) {
    this.#core = core;
  }

  get(conn: number, by: UserRef, frame: GetReceipt): void {
    const core = this.#core;
    const { id, auctionId, record } = frame;
    const auction = core.state.auctionById(auctionId as AuctionId);
    if (auction === undefined) return core.refuse(conn, id, 'AUCTION_UNKNOWN', 'auctionId');
    // Of what is committed: a number that somebody guessed may still be undecided.
    const place = core.journal.linked(record as Seq);
    const event = place === undefined ? undefined : readRecord(place.bytes);
    const isHere = event !== undefined && isBidEvent(event) && event.auction === auction.ref;
    if (place === undefined || !isHere || (event.bidder !== by && auction.seller !== by)) {
      // Whose record it is, is nobody else's business: one answer for all of these.
      return core.refuse(conn, id, 'RECORD_UNKNOWN', 'record');
    }
    const bidder = event.bidder === by ? core.state.userId(by) : null;
    const claims = claimsOf(event, place, { auctionId, shard: core.index, bidder });
    RECEIPT.write(core.outbox.writer, { id, receipt: unsealedText(claims, place.hash) });
    core.outbox.reply(conn);
  }
}
