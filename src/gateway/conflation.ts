/**
 * Which update is published when. Per auction and tick one update goes out, with the newest state;
 * it stands for all that came since the one before it:
 *
 *   quiet ──update──▶ published at once ──▶ paced ──update──▶ paced, one waits ◀─┐ update: the
 *     ▲                                     │  ▲                     │           ┘ newest waits
 *     └──────────── tick: nothing waits ────┘  └─── tick: published ─┘
 *
 * What is urgent never waits: it goes out at once, behind what was waiting for its auction, so that
 * the order of positions holds. One timer serves all auctions, and runs only while one is paced.
 *
 * Sockets are written to after the tick, so the timer shows what that took: it comes late. Then the
 * next tick is put off, by a share of what the process was busy for, so that bids are read between
 * two rounds and watchers are not sent more than they can read:
 *
 *   tick ── writing to all who watch ──▶ timer, late ── breath ──▶ tick, with what is newest now
 */
import { CONFLATION } from '../config/limits.ts';
import { assert } from '../lib/assert.ts';
import { MsgpackWriter } from '../lib/msgpack-writer.ts';
import { decodeAs } from '../protocol/frame.ts';
import { BID_UPDATE } from '../protocol/messages/bid-update.ts';

/** An update as a shard told it. The bytes are good during the call. */
export interface Update {
  /** Stands for the positions `fromSeq`..`seq`. */
  readonly fromSeq: number;
  readonly seq: number;
  /** Never waits, and never stands for another one. */
  readonly urgent: boolean;
  readonly bytes: Uint8Array;
  /** When the gateway took it. */
  readonly takenUs: number;
}

/** Where an auction stands between two ticks; one for each, kept by whoever owns the auction. */
export class Pace {
  /** Published a moment ago: what comes before the next tick waits for it. */
  isPaced = false;
  /** The newest position that waits; 0: none does. */
  seq = 0;
  fromSeq = 0;
  /** When the oldest that waits was taken. */
  takenUs = 0;
  /** Where the newest update of its own begins: its bytes say that. */
  #ownFromSeq = 0;
  #bytes = new Uint8Array(0);
  #length = 0;

  get isWaiting(): boolean {
    return this.seq > 0;
  }

  /** Keeps a copy of the update; it also stands for what waited before. */
  keep({ fromSeq, seq, bytes, takenUs }: Update): void {
    if (!this.isWaiting) {
      this.fromSeq = fromSeq;
      this.takenUs = takenUs;
    }
    assert(this.fromSeq === fromSeq || this.seq + 1 === fromSeq, 'updates follow one another');
    this.seq = seq;
    this.#ownFromSeq = fromSeq;
    if (bytes.length > this.#bytes.length) this.#bytes = new Uint8Array(bytes.length * 2);
    this.#bytes.set(bytes);
    this.#length = bytes.length;
  }

  /** What waits, as one frame; good until the next write of this writer. */
  frame(writer: MsgpackWriter): Uint8Array {
    const newest = this.#bytes.subarray(0, this.#length);
    if (this.#ownFromSeq === this.fromSeq) return newest;
    // A microsecond; patching the bytes would take half of it and a second writer of this message.
    writer.clear();
    BID_UPDATE.write(writer, { ...decodeAs(BID_UPDATE, newest), fromSeq: this.fromSeq });
    return writer.view();
  }

  forget(): void {
    this.seq = 0;
  }
}

/** Runs something later; gives what calls it off. */
export type After = (ms: number, run: () => void) => () => void;

export interface ConflationOptions<T> {
  /** Asked each time, because it may change; 0: every update is published. */
  readonly tickMs: () => number;
  readonly after: After;
  readonly nowUs: () => number;
  /** This is published now. */
  readonly publish: (auction: T, update: Update) => void;
}

export class Conflation<T extends { readonly pace: Pace }> {
  readonly #options: ConflationOptions<T>;
  readonly #writer = new MsgpackWriter(64);
  /** In the order in which they were first published. */
  #paced: T[] = [];
  #callOff: (() => void) | null = null;
  /** When the timer was set for the next tick. */
  #setUs = 0;
  #isStopped = false;

  constructor(options: ConflationOptions<T>) {
    this.#options = options;
  }

  /** Auctions of which something was published a moment ago. */
  get paced(): number {
    return this.#paced.length;
  }

  /** An update; one that is not urgent follows on from the one before it. */
  take(auction: T, update: Update): void {
    if (this.#isStopped) return;
    const { publish, tickMs } = this.#options;
    const { pace } = auction;
    const goesAtOnce = update.urgent || tickMs() === 0;
    if (goesAtOnce && pace.isWaiting) this.#release(auction);
    if (goesAtOnce) return publish(auction, update);
    if (pace.isPaced) return pace.keep(update);
    pace.isPaced = true;
    this.#paced.push(auction);
    if (this.#callOff === null) this.#setTimer();
    publish(auction, update);
  }

  /** Nothing is published any more. */
  stop(): void {
    this.#isStopped = true;
    this.#callOff?.();
    this.#callOff = null;
  }

  #setTimer(): void {
    this.#setUs = this.#options.nowUs();
    this.#callOff = this.#options.after(this.#options.tickMs(), this.#due);
  }

  readonly #due = (): void => {
    const { tickMs, after, nowUs } = this.#options;
    const busyMs = (nowUs() - this.#setUs) / 1000;
    if (busyMs < tickMs() * CONFLATION.lateFactor) return this.#tick();
    this.#callOff = after(Math.ceil(busyMs * CONFLATION.breathShare), this.#tick);
  };

  readonly #tick = (): void => {
    this.#callOff = null;
    const due = this.#paced;
    this.#paced = [];
    for (const auction of due) {
      const { pace } = auction;
      pace.isPaced = pace.isWaiting;
      if (!pace.isWaiting) continue;
      this.#paced.push(auction);
      this.#release(auction);
    }
    if (this.#paced.length > 0) this.#setTimer();
  };

  /** Publishes what waits. */
  #release(auction: T): void {
    const { pace } = auction;
    const { fromSeq, seq, takenUs } = pace;
    const bytes = pace.frame(this.#writer);
    pace.forget();
    this.#options.publish(auction, { fromSeq, seq, urgent: false, bytes, takenUs });
  }
}
