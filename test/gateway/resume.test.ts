/**
 * Clients that lose their connection at any moment and come back with their position: whatever
 * happens, each applies an ordered sequence without a gap and ends in the right state. Thousands of
 * courses against the hub in this process, and a few with the SDK over real sockets.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WatchState } from '../../src/client/state.ts';
import { isUpdate, merge } from '../../src/client/state.ts';
import { GATEWAY_LIMITS } from '../../src/gateway/gateway-limits.ts';
import { GatewayMetrics } from '../../src/gateway/gateway-metrics.ts';
import { Hub } from '../../src/gateway/hub.ts';
import { Sender } from '../../src/gateway/sender.ts';
import { Session } from '../../src/gateway/session.ts';
import type { Socket } from '../../src/gateway/socket.ts';
import { AddressTable } from '../../src/gateway/address-table.ts';
import { User } from '../../src/gateway/user.ts';
import { WatchedTable } from '../../src/gateway/watched.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import { AUCTION_CHANGED } from '../../src/protocol/messages/auction-changed.ts';
import type { Resumed } from '../../src/protocol/messages/resumed.ts';
import { RESUMED } from '../../src/protocol/messages/resumed.ts';
import type { Snapshot } from '../../src/protocol/messages/snapshot.ts';
import { SNAPSHOT } from '../../src/protocol/messages/snapshot.ts';
import { Registry } from 'prom-client';
import { FakeShards } from './fake-shards.ts';
import { AUCTION_A } from './fixtures.ts';
import type { Told } from './model-auction.ts';
import { ModelAuction } from './model-auction.ts';

/** A history so short that some come back too late. */
const HISTORY_UPDATES = 6;

/** A socket whose other end reads when told to; what it did not read is lost when it closes. */
class FakeSocket implements Socket {
  readonly topics = new Set<string>();
  readonly unread: Uint8Array[] = [];
  send(message: Uint8Array | string): number {
    assert.ok(typeof message !== 'string');
    this.unread.push(message.slice());
    return 1;
  }
  getBufferedAmount(): number {
    return 0;
  }
  subscribe(topic: string): boolean {
    this.topics.add(topic);
    return true;
  }
  unsubscribe(topic: string): boolean {
    return this.topics.delete(topic);
  }
  cork(sends: () => void): void {
    sends();
  }
  ping(): number {
    return 1;
  }
  end(): void {
    assert.fail('nobody is closed here');
  }
}

/** A client that keeps to the rules of docs/protocol.md, and tells when the hub does not. */
class Watcher {
  session: Session | null = null;
  socket = new FakeSocket();
  state: WatchState | null = null;
  /** Times that it came back to less than everything. */
  snapshots = 0;
  /** Updates that `resumed` has announced, and the position after them. */
  #announced = 0;
  #announcedSeq = 0;
  readonly #model: ModelAuction;

  constructor(model: ModelAuction) {
    this.#model = model;
  }

  /** Reads so many messages. */
  read(count: number): void {
    for (const frame of this.socket.unread.splice(0, count)) this.#take(frame);
    this.#check();
  }

  #take(frame: Uint8Array): void {
    const { message, value } = decodeFrame(frame);
    if (message.number === SNAPSHOT.number) {
      const { auction } = value as Snapshot;
      assert.ok(this.state === null || auction.seq >= this.state.seq, 'never back');
      this.state = { ...auction, change: 'snapshot', gapless: false };
      this.snapshots += 1;
    } else if (message.number === RESUMED.number) {
      const { missed, seq } = value as Resumed;
      this.#announced = missed;
      this.#announcedSeq = seq;
      assert.ok(missed > 0 || this.#isAt(seq), 'nothing missed means: level');
    } else {
      assert.ok(isUpdate(message.number), message.name);
      this.#update(message.number, value);
    }
  }

  #update(number: number, value: unknown): void {
    assert.ok(this.state !== null, 'a snapshot comes first');
    const merged = merge(this.state, number, value);
    assert.notEqual(merged, 'gap', 'an update follows on from what came before');
    if (typeof merged !== 'string') {
      assert.ok(merged.gapless || number === AUCTION_CHANGED.number);
      this.state = merged;
    }
    if (this.#announced === 0) return;
    this.#announced -= 1;
    if (this.#announced === 0) assert.ok(this.#isAt(this.#announcedSeq), 'all of it came');
  }

  /** Or beyond: what it had not read when it asked again has brought it further. */
  #isAt(seq: number): boolean {
    return this.state !== null && this.state.seq >= seq;
  }

  /** Whatever it believes was so at its position. */
  #check(): void {
    if (this.state === null) return;
    const { change: _, gapless: _also, ...believed } = this.state;
    assert.deepEqual(believed, this.#model.at(this.state.seq));
  }
}

/** A hub with one auction behind it, and time that the test moves. */
class Rig {
  readonly model = new ModelAuction(6);
  readonly watchers: readonly Watcher[];
  readonly #hub: Hub;
  readonly #metrics: GatewayMetrics;
  /** Those who are not signed in are told less often. */
  watchOnly = false;
  #timers: (() => void)[] = [];
  #lastId = 0;

  constructor(watchers: number) {
    this.watchers = Array.from({ length: watchers }, () => new Watcher(this.model));
    const limits = { ...GATEWAY_LIMITS, historyUpdatesMax: HISTORY_UPDATES };
    const nowUs = (): number => 1_700_000_000_000_000;
    const watched = new WatchedTable(nowUs, limits.historyUpdatesMax, limits.historyBytesMax);
    this.#metrics = metrics();
    this.#hub = new Hub({
      limits,
      metrics: this.#metrics,
      sender: new Sender(limits, this.#metrics, watched),
      watched,
      shards: new FakeShards(),
      publish: (topic, message) => {
        for (const { socket } of this.watchers) if (socket.topics.has(topic)) socket.send(message);
      },
      nowUs,
      anonymousTickMs: () => (this.watchOnly ? limits.watchOnlyTickMs : 0),
      after: (_ms, run) => {
        this.#timers.push(run);
        return () => {
          this.#timers = this.#timers.filter((timer) => timer !== run);
        };
      },
    });
  }

  /** The shard's updates of one run. */
  deliver(...updates: readonly Told[]): void {
    for (const { handle, fromSeq, seq, urgent, bytes } of updates) {
      this.#hub.update(handle, fromSeq, seq, urgent, bytes);
    }
    this.#hub.flush();
  }

  /** Connects where it is not, and subscribes with its position; `meanwhile` is in the same run. */
  subscribe(watcher: Watcher, ...meanwhile: readonly Told[]): void {
    if (watcher.session === null) {
      const address = new AddressTable(1).entry('an address', 0);
      assert.ok(address !== undefined);
      watcher.session = new Session(false, address, 0, 0);
      watcher.socket = new FakeSocket();
      watcher.session.socket = watcher.socket;
    }
    const id = ++this.#lastId;
    const { epoch = null, seq = null } = watcher.state ?? {};
    this.#hub.asked(watcher.session, id, AUCTION_A, 0);
    for (const { handle, fromSeq, seq: to, urgent, bytes } of meanwhile) {
      this.#hub.update(handle, fromSeq, to, urgent, bytes);
    }
    const { sub, bytes } = this.model.subscribed({ id, auctionId: AUCTION_A, epoch, seq });
    this.#hub.subscribed(watcher.session, sub, bytes);
    this.#hub.flush();
  }

  disconnect(watcher: Watcher): void {
    if (watcher.session === null) return;
    watcher.session.socket = null;
    this.#hub.gone(watcher.session);
    watcher.session = null;
    watcher.socket = new FakeSocket();
  }

  /** The timer that was set first runs out. */
  tick(): boolean {
    this.#timers.shift()?.();
    return this.#timers.length > 0;
  }

  signIn({ session }: Watcher): void {
    if (session === null || session.user !== null) return;
    this.#hub.signsIn(session);
    session.user = new User('ann');
  }

  stop(): void {
    this.#hub.stop();
    this.#metrics.stop();
  }
}

function metrics(): GatewayMetrics {
  const none = (): number => 0;
  return new GatewayMetrics(new Registry(), {
    nowUs: none,
    connections: () => ({ msgpack: 0, json: 0, events: 0, polls: 0, signedIn: 0 }),
    httpSockets: none,
    subscriptions: none,
    watchersMax: none,
    watchedAuctions: none,
    addresses: none,
    noticeUsers: () => 0,
    users: none,
    shards: () => [],
    shed: () => [],
    lag: () => [],
    logs: () => [],
    watchOnly: () => ({ isOn: false, level: 0, switches: 0 }),
    snapshots: () => null,
  });
}

const WATCHERS = 3;

test('clients that come and go end in the right state, and none ever sees a gap', () => {
  const count = fc.integer({ min: 1, max: 40 });
  const who = fc.nat({ max: WATCHERS - 1 });
  const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => ({
    weight,
    arbitrary,
  });
  const step = fc.oneof(
    weighted(6, fc.record({ what: fc.constant('bids' as const), count, who })),
    weighted(4, fc.record({ what: fc.constant('tick' as const), count, who })),
    weighted(4, fc.record({ what: fc.constant('read' as const), count, who })),
    weighted(4, fc.record({ what: fc.constantFrom('subscribe', 'join'), count, who })),
    weighted(3, fc.record({ what: fc.constant('disconnect' as const), count, who })),
    weighted(1, fc.record({ what: fc.constantFrom('extend', 'change', 'comeBack'), count, who })),
    weighted(3, fc.record({ what: fc.constantFrom('signIn', 'switch'), count, who })),
  );
  let resumedWhole = 0;
  let snapshots = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
      const rig = new Rig(WATCHERS);
      const { model } = rig;
      for (const { what, count: many, who: index } of steps) {
        const watcher = rig.watchers[index] as Watcher;
        if (what === 'bids') rig.deliver(model.bids(many));
        else if (what === 'extend') rig.deliver(model.bids(1), model.extend());
        else if (what === 'change') rig.deliver(model.change());
        else if (what === 'comeBack') rig.deliver(model.comeBack(many));
        else if (what === 'tick') rig.tick();
        else if (what === 'read') watcher.read(many);
        else if (what === 'disconnect') rig.disconnect(watcher);
        else if (what === 'subscribe') rig.subscribe(watcher);
        else if (what === 'signIn') rig.signIn(watcher);
        else if (what === 'switch') rig.watchOnly = !rig.watchOnly;
        else rig.subscribe(watcher, model.bids(many));
      }
      const before = rig.watchers.map((watcher) => watcher.snapshots);
      for (const watcher of rig.watchers) {
        if (watcher.session === null) rig.subscribe(watcher);
      }
      while (rig.tick());
      rig.watchers.forEach((watcher, i) => {
        watcher.read(Infinity);
        assert.equal(watcher.state?.seq, model.now.seq);
        if (watcher.snapshots === before[i]) resumedWhole += 1;
        else snapshots += 1;
      });
      rig.stop();
    }),
    { numRuns: 3000 },
  );
  // Both ways back were taken, and often.
  assert.ok(resumedWhole > 300 && snapshots > 300, `${resumedWhole} and ${snapshots}`);
});
