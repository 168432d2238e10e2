/**
 * Four ways to watch an auction (WebSocket in MessagePack and in JSON, events, polls) deliver the
 * same, whatever is lost on the way: each watcher applies an ordered sequence without a gap, believes
 * nothing that was not so, and ends in the right state. Over the whole gateway but its listeners.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameOf } from '../../src/client/http-wire.ts';
import type { WatchState } from '../../src/client/state.ts';
import { isUpdate, merge } from '../../src/client/state.ts';
import { Exchange } from '../../src/gateway/exchange.ts';
import type { GatewayParts } from '../../src/gateway/gateway-parts.ts';
import { makeParts } from '../../src/gateway/gateway-parts.ts';
import { parsePosition } from '../../src/gateway/position.ts';
import type { RestRequest } from '../../src/gateway/routes.ts';
import { Session } from '../../src/gateway/session.ts';
import type { HttpReply, Socket } from '../../src/gateway/socket.ts';
import { decodeFrame } from '../../src/protocol/frame.ts';
import { AUCTION_CHANGED } from '../../src/protocol/messages/auction-changed.ts';
import type { Snapshot } from '../../src/protocol/messages/snapshot.ts';
import { SNAPSHOT } from '../../src/protocol/messages/snapshot.ts';
import type { Subscribe } from '../../src/protocol/messages/subscribe.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { TEST_OFFICE } from '../receipt/office.ts';
import { decode, deliver, encode, FakeShards } from './fake-shards.ts';
import { AUCTION_A } from './fixtures.ts';
import type { Told } from './model-auction.ts';
import { ModelAuction } from './model-auction.ts';

const HANDLE = 6;
const COURSES = 160;
const STEPS = 100;
const CUT = 1006;

type Json = Readonly<Record<string, unknown>>;

/** A watcher that may lose its connection, with what it had not read, and comes back. */
abstract class Watcher {
  state: WatchState | null = null;
  /** Every update that told it something: its position and the price. */
  readonly told: unknown[] = [];
  readonly rig: Rig;

  constructor(rig: Rig) {
    this.rig = rig;
  }

  abstract get isConnected(): boolean;
  abstract connect(): void;
  abstract drop(): void;
  /** Reads so many messages of those that came. */
  abstract read(count: number): void;

  get position(): string {
    return this.state === null ? '-' : `${this.state.epoch}:${this.state.seq}`;
  }

  protected takeJson(json: Json): void {
    const frame = frameOf(json['type'] as string, json, { handle: HANDLE, id: 1 });
    assert.ok(frame !== null);
    this.take(frame);
  }

  protected take(frame: Uint8Array): void {
    const { message, value } = decodeFrame(frame);
    if (message.number === SNAPSHOT.number) {
      const { auction } = value as Snapshot;
      assert.ok(this.state === null || auction.seq >= this.state.seq, 'never back');
      this.state = { ...auction, change: 'snapshot', gapless: false };
    } else if (isUpdate(message.number)) {
      assert.ok(this.state !== null, 'a snapshot comes first');
      const merged = merge(this.state, message.number, value);
      assert.notEqual(merged, 'gap', 'an update follows on from what came before');
      if (typeof merged === 'string') return;
      assert.ok(merged.gapless || message.number === AUCTION_CHANGED.number);
      this.state = merged;
      this.told.push([merged.change, merged.seq, merged.currentPriceCents, merged.endsAtMs]);
    }
    if (this.state === null) return;
    const { change: _, gapless: _also, ...believed } = this.state;
    assert.deepEqual(believed, this.rig.model.at(this.state.seq));
  }
}

class WebSocketWatcher extends Watcher {
  readonly #json: boolean;
  #session: Session | null = null;
  #unread: (Uint8Array | string)[] = [];
  readonly topics = new Set<string>();

  constructor(rig: Rig, json: boolean) {
    super(rig);
    this.#json = json;
  }

  get isConnected(): boolean {
    return this.#session !== null;
  }

  published(topic: string, message: Uint8Array | string): void {
    if (this.topics.has(topic)) this.#unread.push(copyOf(message));
  }

  connect(): void {
    const { door, nowUs } = this.rig.parts;
    const session = new Session(this.#json, this.rig.address, nowUs(), 25_000_000);
    door.open(session, this.#socket());
    this.#session = session;
    const { epoch = null, seq = null } = this.state ?? {};
    const value: Subscribe = { id: 1, auctionId: AUCTION_A, epoch, seq };
    const bytes = this.#json
      ? new TextEncoder().encode(JSON.stringify(SUBSCRIBE.toNamed(value)))
      : encode(SUBSCRIBE, value);
    door.message(session, bytes.slice().buffer, !this.#json);
    this.rig.answer();
  }

  drop(): void {
    if (this.#session === null) return;
    this.rig.parts.door.close(this.#session, CUT);
    this.#session = null;
    this.topics.clear();
    this.#unread = [];
  }

  read(count: number): void {
    for (const message of this.#unread.splice(0, count)) {
      if (typeof message === 'string') this.takeJson(JSON.parse(message) as Json);
      else this.take(message);
    }
  }

  #socket(): Socket {
    return {
      send: (message) => this.#unread.push(copyOf(message)) && 1,
      getBufferedAmount: () => 0,
      subscribe: (topic) => this.topics.add(topic).has(topic),
      unsubscribe: (topic) => this.topics.delete(topic),
      cork: (sends) => sends(),
      ping: () => 1,
      end: () => assert.fail('nobody is closed here'),
    };
  }
}

/** What a response over HTTP has brought so far. */
class Response {
  readonly chunks: string[] = [];
  isOver = false;
  abort: () => void = () => {};

  reply(): HttpReply {
    const reply: HttpReply = {
      writeStatus: () => reply,
      writeHeader: () => reply,
      write: (chunk) => this.chunks.push(chunk) > 0,
      onWritable: () => reply,
      end: (body) => {
        this.isOver = true;
        this.chunks.push(Buffer.from(body).toString());
        return reply;
      },
      endWithoutBody: () => assert.fail('there is always something to say'),
      close: () => reply,
      onAborted: (handler) => {
        this.abort = handler;
        return reply;
      },
      onData: () => reply,
      cork: (writes) => {
        writes();
        return reply;
      },
      getRemoteAddress: () => new ArrayBuffer(4),
    };
    return reply;
  }
}

abstract class HttpWatcher extends Watcher {
  protected response: Response | null = null;

  get isConnected(): boolean {
    return this.response !== null;
  }

  connect(): void {
    this.response = new Response();
    const { limits, metrics } = this.rig.parts;
    this.ask(this.rig.request(new Exchange(this.response.reply(), limits, metrics)));
    this.rig.answer();
  }

  drop(): void {
    const response = this.response;
    this.response = null;
    if (response !== null && !response.isOver) response.abort();
  }

  protected abstract ask(request: RestRequest): void;
}

class EventsWatcher extends HttpWatcher {
  protected ask(request: RestRequest): void {
    const at = this.position === '-' ? null : parsePosition(this.position, 'last-event-id');
    this.rig.parts.streams.stream(request, [AUCTION_A], [at]);
  }

  read(count: number): void {
    for (const event of this.response?.chunks.splice(0, count) ?? []) {
      const [, id, data] =
        /^event: \w+\nid: (\S+)\n(?:retry: \d+\n)?data: (.*)\n\n$/.exec(event) ?? [];
      assert.ok(data !== undefined, event);
      this.takeJson(JSON.parse(data) as Json);
      assert.equal(id, this.position, 'the id is the position after it');
    }
  }
}

class PollWatcher extends HttpWatcher {
  protected ask(request: RestRequest): void {
    const at = this.position === '-' ? null : parsePosition(this.position, 'after');
    this.rig.parts.streams.poll(request, at, 25_000);
  }

  /** All of an answer, as it comes in one piece; then asks again. */
  read(): void {
    const { response } = this;
    if (response === null || !response.isOver) return;
    const { position, recovered, updates } = JSON.parse(response.chunks[0] ?? '') as {
      readonly position: string;
      readonly recovered: boolean;
      readonly updates: readonly Json[];
    };
    assert.equal(recovered, updates[0]?.['type'] !== 'snapshot');
    for (const update of updates) this.takeJson(update);
    assert.equal(position, this.position);
    this.connect();
  }
}

function copyOf(message: Uint8Array | string): Uint8Array | string {
  return typeof message === 'string' ? message : message.slice();
}

/** A gateway with one auction behind it, eight watchers, and time that the test moves. */
class Rig {
  readonly model = new ModelAuction(HANDLE);
  readonly parts: GatewayParts;
  readonly address;
  readonly watchers: readonly Watcher[];
  readonly #shards = new FakeShards(1);
  readonly #timers = new Set<() => void>();

  constructor() {
    const sockets: WebSocketWatcher[] = [];
    this.parts = makeParts(
      {
        host: '',
        port: 0,
        internalHost: '',
        internalPort: 0,
        shards: this.#shards,
        clock: { nowUs: () => 1_700_000_000_000_000 },
        receipts: TEST_OFFICE,
        verifier: { known: () => undefined, verify: () => Promise.resolve('TOKEN_INVALID') },
        log: { info: () => {}, warn: () => {}, error: (fields) => assert.fail(String(fields)) },
        // A history so short that some come back too late, and time that stands still for rates.
        limits: { historyUpdatesMax: 6 },
        after: (_ms, run) => {
          this.#timers.add(run);
          return () => this.#timers.delete(run);
        },
      },
      {
        publish: (topic, message) => {
          for (const socket of sockets) socket.published(topic, message);
        },
        httpSockets: () => 0,
      },
    );
    const address = this.parts.addresses.entry('an address', 0);
    assert.ok(address !== undefined);
    this.address = address;
    const ways = (): Watcher[] => {
      const [binary, json] = [new WebSocketWatcher(this, false), new WebSocketWatcher(this, true)];
      sockets.push(binary, json);
      return [binary, json, new EventsWatcher(this), new PollWatcher(this)];
    };
    this.watchers = [...ways(), ...ways()];
  }

  request(exchange: Exchange): RestRequest {
    const headers = { idempotencyKey: '', lastEventId: '', ifNoneMatch: '', contentType: '' };
    const empty = { record: '', ...headers, body: {}, bytes: new Uint8Array() };
    const nobody = { user: null, roles: 0, accountSession: null, expiresAtMs: Infinity };
    const query = new URLSearchParams();
    return { exchange, id: AUCTION_A, query, address: this.address, ...empty, ...nobody };
  }

  /** The shard takes what was submitted. */
  answer(): void {
    for (const { conn, frame } of this.#shards.submitted.splice(0)) {
      const { sub, bytes } = this.model.subscribed(decode(frame).value as Subscribe);
      deliver(this.parts.deliveries, (to) => to.subscribed(conn, sub, bytes));
    }
  }

  deliver(...updates: readonly Told[]): void {
    deliver(this.parts.deliveries, (to) => {
      for (const { handle, fromSeq, seq, urgent, bytes } of updates) {
        to.update(handle, fromSeq, seq, urgent, bytes);
      }
    });
  }

  /** False: nothing waits any more. */
  tick(): boolean {
    const due = [...this.#timers];
    this.#timers.clear();
    due.forEach((run) => run());
    return due.length > 0;
  }

  stop(): void {
    this.watchers.forEach((watcher) => watcher.drop());
    this.parts.hub.stop();
    this.parts.metrics.stop();
  }
}

/** The first four keep their connections and read everything; the others lose them. */
function course(seed: number): { readonly losses: number; readonly updates: number } {
  let random = seed;
  const below = (n: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return (random >>> 16) % n;
  };
  const rig = new Rig();
  const { model, watchers } = rig;
  const steady = watchers.slice(0, 4);
  const others = watchers.slice(4);
  let losses = 0;
  steady.forEach((watcher) => watcher.connect());
  for (let step = 0; step < STEPS; step++) {
    const what = below(16);
    if (what < 6) rig.deliver(model.bids(1 + below(20)));
    else if (what < 10) rig.tick();
    else if (what === 10) rig.deliver(model.bids(1), model.extend());
    else if (what === 11) rig.deliver(model.change());
    const one = others[below(others.length)] as Watcher;
    if (!one.isConnected) one.connect();
    else if (below(3) === 0) {
      one.read(below(4));
      one.drop();
      losses += 1;
    } else one.read(below(10));
    for (const watcher of steady) watcher.read(Infinity);
  }
  for (const watcher of others) if (!watcher.isConnected) watcher.connect();
  while (rig.tick()) for (const watcher of watchers) watcher.read(Infinity);
  // A poll brings what came while it was not asked with the next answer.
  for (let i = 0; i < 2; i++) for (const watcher of watchers) watcher.read(Infinity);
  for (const watcher of watchers) assert.equal(watcher.state?.seq, model.now.seq);
  const [binary, json, events] = steady.map(({ told }) => told);
  assert.deepEqual(json, binary);
  assert.deepEqual(events, binary);
  const [states] = [watchers.map(({ state }) => ({ ...state, change: '', gapless: true }))];
  for (const state of states) assert.deepEqual(state, states[0]);
  rig.stop();
  return { losses, updates: binary?.length ?? 0 };
}

test('all four ways deliver the same under thousands of random losses', () => {
  let losses = 0;
  let updates = 0;
  for (let seed = 1; seed <= COURSES; seed++) {
    try {
      const run = course(seed);
      losses += run.losses;
      updates += run.updates;
    } catch (error) {
      throw new Error(`course ${seed}`, { cause: error });
    }
  }
  assert.ok(losses > 2_000 && updates > 4_000, `${losses} losses, ${updates} updates`);
});
