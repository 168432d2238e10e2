/**
 * Turns the records of the shards' logs into the read model: a number of records at a time, each
 * time in one transaction with the watermark, so that after a crash at any point every record has
 * counted exactly once.
 */
import type { ShardEvent } from '../auction/events.ts';
import { readRecordWith } from '../journal/record.ts';
import type { StoredBatch } from '../journal/journal.ts';
import type { Seq } from '../journal/seq.ts';
import { SEQ_NONE, seqAfter } from '../journal/seq.ts';
import type { Connection, Statement } from '../journal/sqlite-connection.ts';
import { MsgpackReader } from '../lib/msgpack-reader.ts';
import { Categories } from './categories.ts';
import { foldEvent, listed } from './listing-row.ts';
import { ListingTable } from './listing-table.ts';
import { People } from './people.ts';
import { Watches } from './watches.ts';
import { Words } from './words.ts';

export interface Watermark {
  readonly seq: Seq;
  /** The clock of the newest batch that is in, microseconds; 0: none is. */
  readonly atUs: number;
}

const NOTHING: Watermark = { seq: SEQ_NONE, atUs: 0 };
/** In place of a shard. */
export const ACCOUNTS = -1;

export class Projector {
  readonly #db: Connection;
  readonly #shards: number;
  readonly #reader = new MsgpackReader();
  readonly #people: People;
  readonly #listings: ListingTable;
  readonly #watches: Watches;
  readonly #watermarks: Watermark[];
  #accounts: Watermark = NOTHING;
  readonly #setWatermark: Statement;

  constructor(db: Connection, shards: number) {
    this.#db = db;
    this.#shards = shards;
    this.#people = new People(db, shards);
    this.#listings = new ListingTable(db, new Categories(db), new Words(db));
    this.#watches = new Watches(db, this.#listings);
    this.#setWatermark = db.prepare('INSERT OR REPLACE INTO watermark VALUES (?, ?, ?)');
    const known = db.prepare('SELECT shard, seq, at_us AS atUs FROM watermark').all();
    this.#watermarks = Array.from({ length: shards }, () => NOTHING);
    for (const each of known) {
      const { shard, seq, atUs } = each as Watermark & { readonly shard: number };
      if (shard === ACCOUNTS) this.#accounts = { seq, atUs };
      else this.#watermarks[shard] = { seq, atUs };
    }
  }

  /** How far the read model goes. */
  watermark(shard: number): Watermark {
    return this.#watermarks[shard] ?? NOTHING;
  }

  /** The same, of the accounts. */
  get accountsWatermark(): Watermark {
    return this.#accounts;
  }

  /**
   * Takes records in, up to about `recordsMax` of them, in one transaction. Where it throws, this
   * object is of no more use; the file is as it was before.
   * @returns how many it took.
   */
  take(shard: number, batches: Iterable<StoredBatch>, recordsMax: number): number {
    let taken = 0;
    this.#db.transaction(() => {
      let mark = this.watermark(shard);
      for (const batch of batches) {
        taken += this.#takeBatch(shard, batch, mark.seq);
        mark = { seq: seqAfter(batch.firstSeq, batch.count - 1), atUs: batch.atUs };
        if (taken >= recordsMax) break;
      }
      if (taken === 0) return;
      this.#listings.write();
      this.#setWatermark.run(shard, mark.seq, mark.atUs);
      this.#watermarks[shard] = mark;
    })();
    return taken;
  }

  /**
   * The same for the accounts' log: who watches what. The shards have to be taken in up to where
   * they stood when its newest record here was written: what is watched was listed before.
   */
  takeAccounts(batches: Iterable<StoredBatch>, recordsMax: number): number {
    let taken = 0;
    this.#db.transaction(() => {
      let mark = this.#accounts;
      for (const batch of batches) {
        for (let i = 0; i < batch.count; i++) {
          if (seqAfter(batch.firstSeq, i) <= mark.seq) continue;
          this.#watches.take(batch.bytes.subarray(batch.offsets[i], batch.offsets[i + 1]));
          taken += 1;
        }
        mark = { seq: seqAfter(batch.firstSeq, batch.count - 1), atUs: batch.atUs };
        if (taken >= recordsMax) break;
      }
      if (taken === 0) return;
      this.#listings.write();
      this.#setWatermark.run(ACCOUNTS, mark.seq, mark.atUs);
      this.#accounts = mark;
    })();
    return taken;
  }

  #takeBatch(shard: number, batch: StoredBatch, knownSeq: Seq): number {
    let taken = 0;
    for (let i = 0; i < batch.count; i++) {
      if (seqAfter(batch.firstSeq, i) <= knownSeq) continue;
      const [from, to] = [batch.offsets[i] as number, batch.offsets[i + 1] as number];
      this.#takeEvent(shard, readRecordWith(this.#reader, batch.bytes, from, to));
      taken += 1;
    }
    return taken;
  }

  #takeEvent(shard: number, event: ShardEvent): void {
    switch (event.kind) {
      case 'UserIntroduced':
        return this.#people.introduce(shard, event.user, event.id);
      case 'AuctionListed': {
        const seller = this.#people.user(shard, event.seller);
        return this.#listings.add(
          listed(event, this.#key(shard, event.auction), seller),
          event.text,
        );
      }
      case 'StrayBidRefused':
      case 'BidRefused':
      case 'AuctionRelisted':
      case 'BidLimitSet':
      case 'BidderBlocked':
        return;
      default: {
        const isBid = event.kind === 'BidAccepted' || event.kind === 'BidsRetracted';
        const kept = this.#listings.change(this.#key(shard, event.auction), isBid);
        foldEvent(kept.row, event, {
          user: (ref) => this.#people.user(shard, ref),
          bidding: (user) => this.#listings.bidding(kept, user),
          voidBids: () => {
            kept.biddings.clear();
            kept.bidsAreVoid = true;
          },
          changeText: (text) => {
            kept.text = text;
          },
        });
      }
    }
  }

  /** Newer listings have greater keys, whatever their shard. */
  #key(shard: number, ref: number): number {
    return ref * this.#shards + shard;
  }
}
