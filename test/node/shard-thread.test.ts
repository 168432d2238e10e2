/** A shard in its thread: bids through the rings, and a thread that dies is brought back. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import { openDataFolder } from '../../src/journal/data-folder.ts';
import { MonotonicClock } from '../../src/lib/clock.ts';
import { SILENT } from '../../src/lib/log.ts';
import type { ShardFailure } from '../../src/node/shard-thread.ts';
import { ShardThread } from '../../src/node/shard-thread.ts';
import type { Deliveries } from '../../src/protocol/deliveries.ts';
import { CREATE_AUCTION } from '../../src/protocol/messages/create-auction.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { AUCTION, frameOf, readFrame } from '../shard/fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'gavel-thread-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Reply {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Collects replies and lets a test wait for one. */
class Replies implements Deliveries {
  readonly #byId = new Map<number, Reply>();
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  begin(): void {}
  end(): void {}
  update(): void {}
  notify(): void {}
  subscribed(): void {}
  reply(_: number, bytes: Uint8Array): void {
    const frame = readFrame(bytes);
    const id = frame.fields['id'] as number;
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) this.#byId.set(id, frame);
    else waiting(frame);
  }
  for(id: number): Promise<Reply> {
    const known = this.#byId.get(id);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
    });
  }
}

const clock = new MonotonicClock({ monotonicMs: () => performance.now(), wallMs: Date.now });

function threadOn(data: string, replies: Replies, failures: ShardFailure[] = []): ShardThread {
  const meta = openDataFolder(data, { shards: 1, shardsDefault: 1, nowMs: Date.now() });
  return new ShardThread({
    folder: data,
    index: 0,
    shards: 1,
    epoch: meta.epoch,
    settings: RULE_SETTINGS,
    snapshotEveryMs: 60_000,
    inboundBytes: 1 << 20,
    outboundBytes: 1 << 20,
    clock: () => clock,
    log: SILENT,
    deliveries: () => replies,
    watchedHandles: () => [],
    onDropped: () => {},
    onFatal: (failure) => failures.push(failure),
  });
}

function listing(): Uint8Array {
  return frameOf(CREATE_AUCTION, {
    id: 1,
    auctionId: AUCTION,
    listing: {
      title: 'A watch',
      currency: 'USD',
      startPriceCents: 1_000,
      endsAtMs: Date.now() + 3_600_000,
      description: null,
      category: null,
      format: null,
      reserveCents: null,
      buyNowCents: null,
      startsAtMs: null,
      softClose: null,
      increments: null,
      fatFingerFactor: null,
    },
  });
}

function bid(id: number, amountCents: number, nonce: string): Uint8Array {
  const more = { currency: null, confirm: null, dryRun: null };
  return frameOf(PLACE_BID, { id, auctionId: AUCTION, amountCents, nonce, ...more });
}

describe('shard thread', () => {
  it('answers through the rings, stops cleanly, and goes on where it stopped', async () => {
    const data = join(folder, 'clean');
    const replies = new Replies();
    const first = threadOn(data, replies);
    await first.start();
    first.introduce(1, 'seller');
    first.introduce(2, 'bidder');
    first.submit(7, 1, clock.nowUs(), listing());
    first.submit(7, 2, clock.nowUs(), bid(2, 5_000, 'nonce-of-bid-2'));
    assert.equal((await replies.for(1)).name, 'auction');
    const answer = await replies.for(2);
    assert.equal(answer.fields['status'], 'leading');
    await first.stop();

    const again = new Replies();
    const second = threadOn(data, again);
    const ready = await second.start();
    assert.equal(ready.auctions, 1);
    assert.equal(ready.fromSnapshot, 1, 'a clean stop leaves a snapshot');
    assert.equal(ready.replayed, 0);
    second.introduce(9, 'bidder');
    second.submit(7, 9, clock.nowUs(), bid(2, 5_000, 'nonce-of-bid-2'));
    assert.deepEqual((await again.for(2)).fields, answer.fields, 'the same answer after a restart');
    await second.stop();
  });

  it('brings a thread back that died, and loses and doubles nothing', async () => {
    const replies = new Replies();
    const failures: ShardFailure[] = [];
    const thread = threadOn(join(folder, 'dies'), replies, failures);
    await thread.start();
    thread.startClock();
    thread.introduce(1, 'seller');
    thread.introduce(2, 'bidder');
    thread.submit(7, 1, clock.nowUs(), listing());
    await replies.for(1);
    for (let round = 0; round < 3; round++) {
      const from = 10 + round * 200;
      for (let id = from; id < from + 200; id++) {
        thread.submit(7, 2, clock.nowUs(), bid(id, 1_000_000 + id, `nonce-${id}`));
        if (id === from + 100) void thread.kill();
      }
      const records = new Set<unknown>();
      for (let id = from; id < from + 200; id++) {
        records.add((await replies.for(id)).fields['record']);
      }
      assert.equal(records.size, 200, 'every bid has a record of its own');
    }
    assert.deepEqual(failures, []);
    await thread.stop();
  });
});
