/**
 * An auction as simple as can be, that tells of itself as a shard does: bids of one batch as one
 * update, what is rarer as a message of its own. It remembers how it stood at every position.
 */
import assert from 'node:assert/strict';
import type { Subscription } from '../../src/protocol/deliveries.ts';
import { AUCTION_CHANGED } from '../../src/protocol/messages/auction-changed.ts';
import { EXTENDED } from '../../src/protocol/messages/extended.ts';
import { SNAPSHOT } from '../../src/protocol/messages/snapshot.ts';
import type { Subscribe } from '../../src/protocol/messages/subscribe.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import { encode } from './fake-shards.ts';
import { view } from './fixtures.ts';
import { updateFrame } from './messages.ts';

/** What `Deliveries.update` takes. */
export interface Told {
  readonly handle: number;
  readonly fromSeq: number;
  readonly seq: number;
  readonly urgent: boolean;
  readonly bytes: Uint8Array;
}

export class ModelAuction {
  readonly handle: number;
  #now: AuctionView;
  readonly #bySeq = new Map<number, AuctionView>();

  constructor(handle: number) {
    this.handle = handle;
    this.#now = view();
    this.#bySeq.set(0, this.#now);
  }

  get now(): AuctionView {
    return this.#now;
  }

  /** As it stood at this position. */
  at(seq: number): AuctionView {
    const then = this.#bySeq.get(seq);
    assert.ok(then, `a position ${seq} that never was`);
    return then;
  }

  /** A batch of bids. */
  bids(count: number): Told {
    const fromSeq = this.#now.seq + 1;
    for (let i = 0; i < count; i++) {
      const { bidCount, currentPriceCents } = this.#now;
      this.#goOn({
        bidCount: bidCount + 1,
        currentPriceCents: currentPriceCents + 1,
        minimumNextCents: currentPriceCents + 6,
        leadingBidder: (bidCount % 3) + 1,
      });
    }
    const { seq, currentPriceCents, minimumNextCents, bidCount, leadingBidder } = this.#now;
    const bytes = updateFrame(this.handle, seq, {
      currentPriceCents,
      minimumNextCents,
      bidCount,
      leadingBidder,
      fromSeq: fromSeq === seq ? null : fromSeq,
    });
    return { handle: this.handle, fromSeq, seq, urgent: false, bytes };
  }

  extend(): Told {
    const { endsAtMs, extensions } = this.#now;
    this.#goOn({ endsAtMs: endsAtMs + 60_000, extensions: extensions + 1 });
    const { seq, ...now } = this.#now;
    const extended = { seq, endsAtMs: now.endsAtMs, extension: now.extensions };
    return this.#urgent(encode(EXTENDED, { handle: this.handle, ...extended }));
  }

  change(): Told {
    this.#goOn({ title: `${this.#now.title}.` });
    return this.#urgent(encode(AUCTION_CHANGED, { handle: this.handle, auction: this.#now }));
  }

  /** The shard died with something committed and not told, and came back. */
  comeBack(lost: number): Told {
    this.bids(lost);
    return this.#urgent(encode(AUCTION_CHANGED, { handle: this.handle, auction: this.#now }));
  }

  /** The shard's answer to a subscribe. */
  subscribed({ id, auctionId, epoch, seq }: Subscribe): {
    readonly sub: Subscription;
    readonly bytes: Uint8Array;
  } {
    const { handle, now } = this;
    const at = { requestId: id, auctionId, handle, epoch: now.epoch, seq: now.seq };
    const recovered = epoch === null ? null : false;
    return {
      sub: { ...at, fromEpoch: epoch ?? 0, fromSeq: seq ?? 0 },
      bytes: encode(SNAPSHOT, { id, handle, recovered, auction: now }),
    };
  }

  #goOn(change: Partial<AuctionView>): void {
    this.#now = { ...this.#now, ...change, seq: this.#now.seq + 1 };
    this.#bySeq.set(this.#now.seq, this.#now);
  }

  #urgent(bytes: Uint8Array): Told {
    const { seq } = this.#now;
    return { handle: this.handle, fromSeq: seq, seq, urgent: true, bytes };
  }
}
