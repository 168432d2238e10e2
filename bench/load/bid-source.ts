/**
 * Where the bids of a run come from: round-robin over the auctions, each bid on an auction one
 * step above the one sent before it, so that in the order of sending every bid is a good one.
 * Send buffers are pooled here; a buffer comes back once the socket has taken its bytes.
 */
import { randomBytes } from 'node:crypto';
import { assert } from '../../src/lib/assert.ts';
import { AMOUNT_CENTS_MAX, AUCTION_ID_BYTES, BidFrames } from './bid-frames.ts';
import type { Connection } from './connection.ts';
import type { LoadPlan } from './plan.ts';

/** Frames that one write carries at most. */
const BUFFER_FRAMES = 256;

export interface SendBuffer {
  readonly bytes: Buffer;
  readonly giveBack: () => void;
}

export class BidSource {
  /** Bids written so far. */
  bids = 0;
  readonly #frames = new BidFrames(randomBytes(5).toString('hex'));
  readonly #auctionIds: Uint8Array;
  /** Next step of each auction. */
  readonly #steps: Uint32Array;
  readonly #plan: LoadPlan;
  readonly #pool: SendBuffer[] = [];
  #cursor = 0;

  constructor(plan: LoadPlan) {
    assert(plan.auctionIds.length > 0, 'at least one auction');
    for (const id of plan.auctionIds) assert(id.length === AUCTION_ID_BYTES, 'ids of auctions');
    this.#plan = plan;
    this.#auctionIds = Buffer.from(plan.auctionIds.join(''), 'latin1');
    this.#steps = new Uint32Array(plan.auctionIds.length).fill(plan.firstStep);
  }

  /** First step that no auction has seen. */
  get nextStep(): number {
    return this.#steps.reduce((most, step) => Math.max(most, step), 0);
  }

  get frameBytes(): number {
    return this.#frames.size;
  }

  take(): SendBuffer {
    return this.#pool.pop() ?? this.#newBuffer();
  }

  /** Most frames that a send buffer holds. */
  get framesMax(): number {
    return BUFFER_FRAMES;
  }

  /** Writes the next bid into frame `slot` of a send buffer. */
  write(buffer: SendBuffer, slot: number, id: number): void {
    const auction = this.#cursor;
    this.#cursor = auction + 1 === this.#steps.length ? 0 : auction + 1;
    const step = this.#steps[auction] as number;
    this.#steps[auction] = step + 1;
    const amountCents = this.#plan.baseCents + step * this.#plan.stepCents;
    if (amountCents > AMOUNT_CENTS_MAX) throw new Error('the amounts of this run grew too large');
    this.bids += 1;
    const at = slot * this.#frames.size;
    this.#frames.write(buffer.bytes, at, id, this.#auctionIds, auction, amountCents);
  }

  /** Sends the first `count` frames of a buffer, which is not the caller's any more. */
  send(connection: Connection, buffer: SendBuffer, count: number): void {
    connection.send(buffer.bytes.subarray(0, count * this.#frames.size), buffer.giveBack);
  }

  #newBuffer(): SendBuffer {
    const buffer: SendBuffer = {
      bytes: this.#frames.buffer(BUFFER_FRAMES),
      giveBack: () => {
        this.#pool.push(buffer);
      },
    };
    return buffer;
  }
}
