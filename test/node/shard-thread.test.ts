/** A shard in its thread: bids through the rings, and a thread that dies is brought back. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as turn } from 'node:timers/promises';
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import { BATCH } from '../../src/config/limits.ts';
import { openDataFolder } from '../../src/journal/data-folder.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { openShardStorage } from '../../src/journal/shard-storage.ts';
import { MonotonicClock } from '../../src/lib/clock.ts';
import { SILENT } from '../../src/lib/log.ts';
import type { ShardFailure } from '../../src/node/shard-thread.ts';
import { ShardThread } from '../../src/node/shard-thread.ts';
import type { Deliveries } from '../../src/protocol/deliveries.ts';
import { CREATE_AUCTION } from '../../src/protocol/messages/create-auction.ts';
import type { Bids } from '../../src/protocol/messages/bids.ts';
import type { ListBids } from '../../src/protocol/messages/list-bids.ts';
import { LIST_BIDS } from '../../src/protocol/messages/list-bids.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { AUCTION, frameOf, readFrame } from '../shard/fixture.ts';
import { UNSAID } from '../unsaid.ts';

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

const HURT = { url: new URL('./hurt-worker.ts', import.meta.url), heapMb: 128 };

interface Hurt {
  /** Connections whose frames were dropped. */
  readonly dropped: number[];
}

function threadOn(
  data: string,
  replies: Replies,
  failures: ShardFailure[] = [],
  hurt?: Hurt,
): ShardThread {
  const meta = openDataFolder(data, { shards: 1, shardsDefault: 1, nowMs: Date.now() });
  return new ShardThread({
    folder: data,
    index: 0,
    shards: 1,
    epoch: meta.epoch,
    settings: { ...RULE_SETTINGS, bidsPerMinuteMax: null, fatFingerFactor: null },
    snapshotEveryMs: 60_000,
    inboundBytes: 1 << 20,
    outboundBytes: 1 << 20,
    clock: () => clock,
    log: SILENT,
    deliveries: () => replies,
    watchedHandles: () => [],
    onDropped: (conn) => hurt?.dropped.push(conn),
    onFatal: (failure) => failures.push(failure),
    ...(hurt === undefined ? {} : { program: HURT }),
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
      ...UNSAID,
    },
  });
}

function bid(id: number, amountCents: number, nonce: string): Uint8Array {
  const more = { currency: null, confirm: null, dryRun: null };
  return frameOf(PLACE_BID, { id, auctionId: AUCTION, amountCents, nonce, ...more });
}

/** Ends a test that waits for something that does not come. */
const TIMEOUT_MS = 60_000;

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

  it(
    'knows whose frame it is when one slot has had many users, also across deaths',
    { timeout: TIMEOUT_MS },
    async () => {
      const replies = new Replies();
      const failures: ShardFailure[] = [];
      const thread = threadOn(join(folder, 'forgets'), replies, failures);
      await thread.start();
      thread.startClock();
      thread.introduce(1, 'seller');
      thread.submit(7, 1, clock.nowUs(), listing());
      await replies.for(1);
      const bidders: string[] = [];
      const answers: Promise<Reply>[] = [];
      for (let id = 10; id < 600; id++) {
        // One slot, and another generation each time; some come back under another number.
        const number = (id << 20) + 2;
        const name = `bidder-${id % 100}`;
        bidders.push(name);
        assert.ok(thread.introduce(number, name));
        assert.ok(
          thread.submit(7, number, clock.nowUs(), bid(id, 1_000_000 + id * 10_000, `nonce-${id}`)),
        );
        assert.ok(thread.forget(number));
        if (id % 200 === 0) void thread.kill();
        answers.push(replies.for(id));
        if (id % 90 === 0) await answers.at(-1);
      }
      for (const { fields } of await Promise.all(answers)) {
        assert.equal(fields['code'], 0, `bid ${String(fields['id'])}`);
      }
      const seen: unknown[] = [];
      for (let before: number | null = null, id = 1_000; ; id++) {
        const page: ListBids = { id, auctionId: AUCTION, before, limit: 100, asAdmin: true };
        thread.submit(7, 1, clock.nowUs(), frameOf(LIST_BIDS, page));
        const { bids, next } = (await replies.for(id)).fields as unknown as Bids;
        seen.unshift(...bids.map(({ bidderId }) => bidderId).toReversed());
        if (next === null) break;
        before = next;
      }
      assert.deepEqual(seen, bidders);
      assert.deepEqual(failures, []);
      await thread.stop();
    },
  );
});

const DEADLY_CONN = 66;

async function listedThread(
  name: string,
  replies: Replies,
  failures: ShardFailure[],
  hurt: Hurt,
): Promise<ShardThread> {
  const thread = threadOn(join(folder, name), replies, failures, hurt);
  await thread.start();
  thread.startClock();
  thread.introduce(1, 'seller');
  thread.introduce(2, 'bidder');
  thread.submit(7, 1, clock.nowUs(), listing());
  await replies.for(1);
  return thread;
}

describe('a frame that the shard dies of', () => {
  for (const way of ['deadly-throw', 'deadly-exit', 'deadly-spin', 'deadly-hoard']) {
    const what = `${way}: is dropped, while the clock runs and others bid, who all are answered`;
    it(what, { timeout: TIMEOUT_MS }, async () => {
      const replies = new Replies();
      const failures: ShardFailure[] = [];
      const hurt: Hurt = { dropped: [] };
      const thread = await listedThread(way, replies, failures, hurt);
      let id = 10;
      const others = (): void => {
        id += 1;
        thread.submit(7, 2, clock.nowUs(), bid(id, 1_000_000 + id, `nonce-${id}`));
      };
      for (let i = 0; i < 100; i++) others();
      thread.submit(DEADLY_CONN, 2, clock.nowUs(), bid(9, 5_000, way));
      const bidding = setInterval(others, 5);
      while (hurt.dropped.length === 0) await turn(20);
      clearInterval(bidding);
      const records = new Set<unknown>();
      for (let each = 11; each <= id; each++) {
        records.add((await replies.for(each)).fields['record']);
      }
      assert.equal(records.size, id - 10, 'every other bid has a record of its own');
      assert.deepEqual(hurt.dropped, [DEADLY_CONN]);
      assert.deepEqual(failures, []);
      const { isUp, deaths } = thread.report(clock.nowUs());
      assert.deepEqual([isUp, deaths >= 3 && deaths <= 5], [true, true], `${deaths} deaths`);
      await thread.stop();
    });
  }

  it('does not leave the shard slow: whole batches are committed again afterwards', async () => {
    const replies = new Replies();
    const thread = await listedThread('slow', replies, [], { dropped: [] });
    await thread.kill();
    const [from, count] = [10, 6_000];
    for (let id = from; id < from + count; id++) {
      while (!thread.submit(7, 2, clock.nowUs(), bid(id, 1_000_000 + id, `nonce-${id}`))) {
        await turn(1);
      }
    }
    await replies.for(from + count - 1);
    const { counts } = thread.report(clock.nowUs()).batchFrames;
    await thread.stop();
    const batches = counts.reduce((sum, each) => sum + each, 0);
    assert.ok(batches < BATCH.commandsMax + 1_500, `${batches} batches for ${count} bids`);
    const { journal, state } = openShardStorage(join(folder, 'slow'), 0);
    const rows = [...journal.scan(1 as Seq)].length;
    journal.close();
    state.close();
    assert.ok(rows < BATCH.commandsMax + 1_500, `${rows} rows`);
  });
});

describe('a shard that cannot be helped', () => {
  it('that dies of every tick is given up, and was down for longer and longer', async () => {
    const failures: ShardFailure[] = [];
    const data = join(folder, 'dies-of-ticks');
    const thread = threadOn(data, new Replies(), failures, { dropped: [] });
    await thread.start();
    thread.startClock();
    while (failures.length === 0) await turn(20);
    assert.match(failures[0]?.message ?? '', /it died 9 times in a row: simulated: a bug in the/);
  });

  it('that dies while it stops stops all the same: the next thread does', async () => {
    const replies = new Replies();
    const failures: ShardFailure[] = [];
    const thread = await listedThread('dies-stopping', replies, failures, { dropped: [] });
    thread.submit(7, 2, clock.nowUs(), bid(9, 5_000, 'deadly-close'));
    await thread.stop();
    assert.equal((await replies.for(9)).fields['code'], 0);
    assert.deepEqual([failures, thread.report(clock.nowUs()).deaths], [[], 1]);
  });

  it('tells a commit that fails while it stops, and does not call that a stop', async () => {
    const replies = new Replies();
    const failures: ShardFailure[] = [];
    const thread = await listedThread('late', replies, failures, { dropped: [] });
    thread.submit(7, 2, clock.nowUs(), bid(9, 5_000, 'deadly-commit'));
    let isStopped = false;
    void thread.stop().then(() => (isStopped = true));
    while (failures.length === 0) await turn(20);
    assert.deepEqual([failures[0]?.uncertain, isStopped], [true, false]);
  });
});
