/** Conflation alone, with a clock that the tests move: what is published, when, and for what. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Update } from '../../src/gateway/conflation.ts';
import { Conflation, Pace } from '../../src/gateway/conflation.ts';
import { MsgpackWriter } from '../../src/lib/msgpack-writer.ts';
import { decodeAs, decodeFrame } from '../../src/protocol/frame.ts';
import { BID_UPDATE } from '../../src/protocol/messages/bid-update.ts';
import { updateFrame } from './messages.ts';
import type { Told } from './model-auction.ts';
import { ModelAuction } from './model-auction.ts';

const TICK_MS = 50;

interface Published {
  readonly handle: number;
  readonly fromSeq: number;
  readonly seq: number;
  readonly urgent: boolean;
  readonly frame: Uint8Array;
  readonly takenUs: number;
}

interface Auction {
  readonly pace: Pace;
  readonly model: ModelAuction;
}

/** Conflation of some auctions, and everything that it published. */
class Rig {
  readonly auctions: readonly Auction[];
  readonly published: Published[] = [];
  readonly conflation: Conflation<Auction>;
  /** Of all timers that were ever set, in their order. */
  readonly waitsMs: number[] = [];
  nowUs = 1;
  #timer: (() => void) | null = null;

  constructor(count = 1, tickMs = TICK_MS) {
    this.auctions = Array.from({ length: count }, (_, i) => ({
      pace: new Pace(),
      model: new ModelAuction(i + 1),
    }));
    this.conflation = new Conflation<Auction>({
      tickMs: () => tickMs,
      nowUs: () => this.nowUs,
      after: (ms, run) => {
        this.waitsMs.push(ms);
        assert.equal(this.#timer, null, 'one timer for all');
        this.#timer = run;
        return () => (this.#timer = null);
      },
      publish: ({ model: { handle } }, { fromSeq, seq, urgent, bytes, takenUs }) =>
        this.published.push({ handle, fromSeq, seq, urgent, frame: bytes.slice(), takenUs }),
    });
  }

  get isTicking(): boolean {
    return this.#timer !== null;
  }

  take(make: (model: ModelAuction) => Told, index = 0): void {
    const auction = this.auctions[index] as Auction;
    const told = make(auction.model);
    const update: Update = { ...told, takenUs: this.nowUs };
    this.conflation.take(auction, update);
    // The shard's bytes are good during the call only.
    told.bytes.fill(0xff);
  }

  /** Lets the time of the tick go by, and more where the process is busy. */
  tick(busyMs = TICK_MS): void {
    const run = this.#timer;
    this.#timer = null;
    this.nowUs += busyMs * 1000;
    run?.();
  }

  ranges(): [number, number][] {
    return this.published.map(({ fromSeq, seq }) => [fromSeq, seq]);
  }
}

const bids =
  (count: number) =>
  (model: ModelAuction): Told =>
    model.bids(count);

describe('an auction and a tick', () => {
  test('the first update after quiet goes out at once, later ones together at the tick', () => {
    const rig = new Rig();
    for (const count of [1, 2, 1]) rig.take(bids(count));
    assert.deepEqual(rig.ranges(), [[1, 1]]);
    rig.tick();
    assert.deepEqual(rig.ranges().slice(1), [[2, 4]]);
    const { fromSeq, seq, bidCount } = decodeAs(BID_UPDATE, (rig.published[1] as Published).frame);
    assert.deepEqual([fromSeq, seq, bidCount], [2, 4, 4]);
    // Still paced: a tick after the tick.
    rig.take(bids(1));
    assert.equal(rig.published.length, 2);
    rig.tick();
    assert.deepEqual(rig.ranges().slice(2), [[5, 5]]);
  });

  test('after a tick without anything the auction is quiet again, and nothing runs', () => {
    const rig = new Rig();
    rig.take(bids(1));
    rig.tick();
    assert.deepEqual([rig.isTicking, rig.conflation.paced], [false, 0]);
    rig.take(bids(1));
    assert.deepEqual(rig.ranges(), [
      [1, 1],
      [2, 2],
    ]);
  });

  test('what is urgent goes out at once, behind what was waiting', () => {
    const rig = new Rig();
    for (const make of [bids(1), bids(3), (model: ModelAuction) => model.extend(), bids(1)]) {
      rig.take(make);
    }
    assert.deepEqual(rig.ranges(), [
      [1, 1],
      [2, 4],
      [5, 5],
    ]);
    assert.deepEqual(
      rig.published.map(({ urgent }) => urgent),
      [false, false, true],
    );
    rig.tick();
    assert.deepEqual(rig.ranges().at(-1), [6, 6]);
  });

  test('the delay of a publication is that of the oldest it stands for', () => {
    const rig = new Rig();
    rig.take(bids(1));
    rig.nowUs = 100;
    rig.take(bids(1));
    rig.nowUs = 200;
    rig.take(bids(1));
    rig.tick();
    assert.equal(rig.published[1]?.takenUs, 100);
  });

  test('a process that is busy writing takes a breath before the next round, and sends the newest', () => {
    const rig = new Rig();
    for (let i = 0; i < 2; i++) rig.take(bids(1));
    rig.tick(200);
    assert.deepEqual(rig.ranges(), [[1, 1]], 'not yet');
    rig.take(bids(1));
    rig.tick(50);
    assert.deepEqual(rig.ranges().slice(1), [[2, 3]]);
    assert.deepEqual(rig.waitsMs, [TICK_MS, 50, TICK_MS]);
    // Once a round: however late the breath itself ends, the round comes.
    for (let i = 0; i < 2; i++) rig.take(bids(1));
    rig.tick(100);
    rig.tick(1_000);
    assert.deepEqual(rig.ranges().slice(2), [[4, 5]]);
    assert.deepEqual(rig.waitsMs.slice(3), [25, TICK_MS]);
  });

  test('with a tick of 0 every update is published', () => {
    const rig = new Rig(1, 0);
    for (let i = 0; i < 5; i++) rig.take(bids(1));
    assert.deepEqual([rig.published.length, rig.waitsMs.length], [5, 0]);
  });

  test('one timer serves all auctions', () => {
    const rig = new Rig(100);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 100; i++) rig.take(bids(1), i);
    }
    assert.deepEqual([rig.waitsMs.length, rig.published.length], [1, 100]);
    rig.tick();
    assert.deepEqual([rig.waitsMs.length, rig.published.length], [2, 200]);
  });

  test('after stop nothing is published', () => {
    const rig = new Rig();
    rig.take(bids(1));
    rig.take(bids(1));
    rig.conflation.stop();
    assert.equal(rig.isTicking, false);
    rig.take(bids(1));
    assert.equal(rig.published.length, 1);
  });
});

test('whatever comes when, what is published is ordered, without a gap, and ends in the newest state', () => {
  const auction = fc.nat({ max: 2 });
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constant('bids'), auction, fc.integer({ min: 1, max: 300 })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom('extend', 'change'), auction, fc.constant(1)),
    },
    { weight: 3, arbitrary: fc.tuple(fc.constant('tick'), auction, fc.constant(1)) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const rig = new Rig(3);
      let ticks = 0;
      for (const [what, index, count] of steps) {
        if (what === 'tick') {
          rig.tick();
          ticks += 1;
        } else if (what === 'bids') rig.take(bids(count), index);
        else rig.take((model) => (what === 'extend' ? model.extend() : model.change()), index);
      }
      while (rig.isTicking) rig.tick();
      rig.auctions.forEach(({ model, pace }) => {
        const own = rig.published.filter(({ handle }) => handle === model.handle);
        checkPublished(own, model);
        assert.deepEqual([pace.isWaiting, pace.isPaced], [false, false]);
        const urgent = own.filter((one) => one.urgent).length;
        // One a tick, the first at once, and what an urgent one sends ahead.
        assert.ok(own.length - urgent <= ticks + 2 + urgent);
      });
    }),
    { numRuns: 500 },
  );
});

/** The frames of one auction say what they stand for, one after the other, up to now. */
function checkPublished(own: readonly Published[], model: ModelAuction): void {
  let position = 0;
  for (const { fromSeq, seq, urgent, frame } of own) {
    assert.equal(fromSeq, position + 1);
    position = seq;
    const { message, value } = decodeFrame(frame);
    assert.equal(message.number === BID_UPDATE.number, !urgent);
    if (urgent) continue;
    const update = decodeAs(BID_UPDATE, frame);
    assert.deepEqual([update.fromSeq ?? update.seq, update.seq], [fromSeq, seq]);
    const { bidCount, currentPriceCents, leadingBidder } = model.at(seq);
    assert.deepEqual(
      { ...(value as object) },
      { ...update, bidCount, currentPriceCents, leadingBidder },
    );
  }
  assert.equal(position, model.now.seq);
}

test('an update of a busy auction takes at most 32 bytes on the wire', () => {
  const pace = new Pace();
  const told = { urgent: false, takenUs: 0 };
  const busy = { currentPriceCents: 12_345_678, minimumNextCents: 12_350_678, leadingBidder: 120 };
  for (let seq = 59_750; seq <= 60_000; seq += 50) {
    const fromSeq = seq - 49;
    const bytes = updateFrame(400, seq, { ...busy, bidCount: seq, fromSeq });
    pace.keep({ ...told, fromSeq, seq, bytes });
  }
  const frame = pace.frame(new MsgpackWriter());
  const { fromSeq, seq } = decodeAs(BID_UPDATE, frame);
  assert.deepEqual([fromSeq, seq], [59_701, 60_000]);
  assert.ok(frame.length + 2 <= 32, `${frame.length + 2}`);
});
