/** What the loops that Gavel is compared with publish: updates of a busy auction, one after the other. */
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import { tenthsOfMs } from './moment.ts';

/** Bids that one update stands for. */
const BIDS = 50;

export class SampleUpdates {
  readonly #writer = new MsgpackWriter(64);
  #seq = 100_000;

  /** The next one, in bytes of its own. Its price says when it was made. */
  next(): Uint8Array {
    const fromSeq = this.#seq + 1;
    this.#seq += BIDS;
    this.#writer.clear();
    BID_UPDATE.write(this.#writer, {
      handle: 1,
      seq: this.#seq,
      currentPriceCents: tenthsOfMs(),
      minimumNextCents: 1_000_100 + this.#seq,
      bidCount: this.#seq,
      leadingBidder: 1,
      reserveMet: true,
      fromSeq,
    });
    return this.#writer.copy();
  }
}
