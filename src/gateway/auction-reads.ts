/**
 * GET /v1/auctions/{id}: asked of the auction's shard, and kept for as long as nothing about it
 * changes. A question costs the shard a look into the log for the texts, and two threads a hop each; so
 * many readers of one auction would take the bids' time.
 *
 *   kept, and the shard counts no change since ──▶ answer, with the time and the watchers of now
 *   else: count ──▶ shard ──▶ answer ──▶ kept with the count from before the question
 *
 * An answer that starts or ends by the clock is not kept beyond that moment. What only the seller and
 * admins may see is never kept.
 */
import { READS } from '../config/limits.ts';
import { withAliases } from '../protocol/json-codec.ts';
import { AUCTION } from '../protocol/messages/auction.ts';
import type { Auction } from '../protocol/messages/auction.ts';
import { GET } from '../protocol/messages/get.ts';
import { GET_AS_ADMIN } from '../protocol/messages/get-as-admin.ts';
import { hashText } from '../routing/hash-ring.ts';
import { shownAuction } from './auction-answer.ts';
import type { ImageLists } from './image-lists.ts';
import type { RestRequest } from './routes.ts';
import type { ShardCaller } from './shard-call.ts';
import { REST_REQUEST_ID } from './shard-call.ts';
import { refusalOf, refuseWith, valueOf } from './shard-reply.ts';
import { shownImage } from './shown-image.ts';
import { ADMIN } from './user.ts';
import type { WatchedTable } from './watched.ts';

export interface AuctionReadsOptions {
  readonly calls: ShardCaller;
  readonly watched: WatchedTable;
  /** Null: this server keeps none. */
  readonly images: ImageLists | null;
  readonly nowUs: () => number;
}

/** The JSON of an auction, cut where the server's time stands; its end is still open. */
interface Kept {
  readonly changes: number;
  readonly seller: string;
  /** From then on it is another one by the clock alone. */
  readonly untilMs: number;
  readonly before: string;
  readonly after: string;
}

const TIME = '"serverTimeMs":';

export class AuctionReads {
  readonly #options: AuctionReadsOptions;
  /** Those kept first stand first. */
  readonly #kept = new Map<string, Kept>();
  #chars = 0;

  constructor(options: AuctionReadsOptions) {
    this.#options = options;
  }

  show(request: RestRequest): Promise<void> | void {
    const { id, user, roles } = request;
    const hash = hashText(id);
    const { calls, nowUs } = this.#options;
    const changes = calls.changes(hash);
    const nowMs = Math.floor(nowUs() / 1000);
    const kept = this.#kept.get(id);
    const isGood = kept !== undefined && kept.changes === changes && nowMs < kept.untilMs;
    const isAdmin = (roles & ADMIN) !== 0;
    if (isGood && !isAdmin && user?.id !== kept.seller) return this.#answer(request, kept, nowMs);
    return this.#ask(request, changes, isAdmin);
  }

  async #ask(request: RestRequest, changes: number, isAdmin: boolean): Promise<void> {
    const { id, user, exchange } = request;
    const asked = { id: REST_REQUEST_ID, auctionId: id };
    const { calls } = this.#options;
    const reply = await calls.call(isAdmin ? GET_AS_ADMIN : GET, asked, user);
    if (refusalOf(reply) !== undefined) return refuseWith(exchange, reply);
    const value = valueOf<Auction>(reply, AUCTION);
    const { seller, serverTimeMs } = value.auction;
    const json = JSON.stringify(withAliases(shownAuction(value)));
    const at = json.indexOf(TIME) + TIME.length;
    const fresh: Kept = {
      changes,
      seller,
      untilMs: untilMs(value.auction),
      before: json.slice(0, at),
      // The brace at the end is written behind what the gateway adds.
      after: json.slice(at + String(serverTimeMs).length, -1),
    };
    if (!isAdmin && user?.id !== seller) this.#keep(id, fresh);
    return this.#answer(request, fresh, serverTimeMs);
  }

  #answer(request: RestRequest, { before, after }: Kept, timeMs: number): Promise<void> | void {
    const { id, exchange } = request;
    const { images, watched } = this.#options;
    const known = images?.known(id);
    const write = (listed: ReturnType<ImageLists['known']>): void => {
      const shown =
        listed === undefined ? '' : `,"images":${JSON.stringify(listed.map(shownImage))}`;
      const watchers = watched.watchersOf(id);
      const json = `${before}${timeMs}${after},"watchers":${watchers}${shown}}`;
      exchange.text(200, 'application/json', json);
    };
    if (images === null || known !== undefined) return write(known);
    // Nothing where they are not known at the moment: the auction matters more.
    return images.of([id]).then((lists) => write(lists.get(id)));
  }

  #keep(id: string, fresh: Kept): void {
    this.#forget(id);
    const chars = charsOf(fresh);
    if (chars > READS.keptCharsEachMax) return;
    this.#kept.set(id, fresh);
    this.#chars += chars;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= READS.keptMax && this.#chars <= READS.keptCharsMax) return;
      this.#forget(oldest);
    }
  }

  #forget(id: string): void {
    const known = this.#kept.get(id);
    if (known === undefined) return;
    this.#kept.delete(id);
    this.#chars -= charsOf(known);
  }
}

function charsOf({ before, after }: Kept): number {
  return before.length + after.length;
}

function untilMs({ status, startsAtMs, endsAtMs }: Auction['auction']): number {
  if (status === 'scheduled') return startsAtMs;
  return status === 'active' ? endsAtMs : Infinity;
}
