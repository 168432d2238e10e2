/** Watch-only mode: when it goes on and off, and what those who are connected notice of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { OVERLOAD } from '../../src/config/limits.ts';
import { GATEWAY_LIMITS } from '../../src/gateway/gateway-limits.ts';
import { JSON_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import { WatchOnly } from '../../src/gateway/watch-only.ts';
import { HELLO } from '../../src/protocol/messages/hello.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { Client } from './client.ts';
import { EventSource } from './event-source.ts';
import { deliver } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, start } from './fixtures.ts';
import { http } from './http.ts';
import { bidOf } from './messages.ts';
import type { Told } from './model-auction.ts';
import { ModelAuction } from './model-auction.ts';
import { answerSubscribes } from './watching.ts';

const { watchOnlyAfterMs, watchOnlyRecoveryMs } = GATEWAY_LIMITS;
const LOOK_US = OVERLOAD.lookMs * 1000;

/** The mode alone, with a clock and a load that the test makes. */
class Rig {
  readonly switches: boolean[] = [];
  readonly mode: WatchOnly;
  #nowUs = LOOK_US;
  #asked = 0;
  #refused = 0;

  constructor(byItself = true) {
    this.mode = new WatchOnly({
      limits: { ...GATEWAY_LIMITS, watchOnlyByItself: byItself },
      demand: () => ({ asked: this.#asked, refused: this.#refused }),
      switched: (isOn) => this.switches.push(isOn),
    });
    this.mode.look(this.#nowUs);
  }

  /** Time in which this share of what is asked is refused. */
  pass(ms: number, share: number): this {
    for (let passed = 0; passed < ms; passed += OVERLOAD.lookMs) {
      this.#asked += 1000;
      this.#refused += 1000 * share;
      this.#nowUs += LOOK_US;
      this.mode.look(this.#nowUs);
    }
    return this;
  }

  /** The process did nothing for so long. */
  stall(ms: number): this {
    this.#nowUs += ms * 1000;
    this.mode.look(this.#nowUs);
    return this;
  }
}

test('it goes on after overload has lasted, and off after calm has lasted', () => {
  const rig = new Rig();
  assert.equal(rig.pass(watchOnlyAfterMs - OVERLOAD.lookMs, 0.5).mode.isOn, false);
  assert.equal(rig.pass(OVERLOAD.lookMs, 0.5).mode.isOn, true);
  assert.equal(rig.pass(watchOnlyRecoveryMs - OVERLOAD.lookMs, 0).mode.isOn, true);
  assert.equal(rig.pass(OVERLOAD.lookMs * 2, 0).mode.isOn, false);
  assert.deepEqual(rig.switches, [true, false]);
});

test('neither a rush, nor a trickle of refusals, nor a machine that slept switches it on', () => {
  const rig = new Rig();
  for (let rush = 0; rush < 20; rush++) rig.pass(2_000, 1).pass(4_000, 0);
  rig.pass(60_000, OVERLOAD.watchOnlyShare / 2);
  assert.equal(rig.stall(3_600_000).mode.isOn, false);
  assert.deepEqual(rig.switches, []);
  for (let late = 0; late < 60; late++) rig.stall(OVERLOAD.lookMs * OVERLOAD.lateFactor + 1);
  assert.equal(rig.mode.isOn, true, 'a main thread that is late all the time does');
});

test('a command holds against the load, and `auto` gives it back', () => {
  const rig = new Rig();
  rig.mode.command('watch-only');
  assert.equal(rig.pass(60_000, 0).mode.isOn, true);
  rig.mode.command('normal');
  assert.equal(rig.pass(60_000, 1).mode.isOn, false);
  rig.mode.command('auto');
  assert.equal(rig.mode.isOn, true);
  assert.equal(new Rig(false).pass(60_000, 1).mode.isOn, false, 'where it may not by itself');
});

test('under whatever load it never switches twice within the time that a change takes', () => {
  const spans = fc.array(fc.tuple(fc.integer({ min: 250, max: 20_000 }), fc.constantFrom(0, 1)));
  fc.assert(
    fc.property(spans, (loads) => {
      const rig = new Rig();
      let ms = 0;
      let lastMs = -Infinity;
      for (const [span, share] of loads) {
        for (let i = 0; i < span; i += OVERLOAD.lookMs) {
          const before = rig.mode.isOn;
          rig.pass(OVERLOAD.lookMs, share);
          ms += OVERLOAD.lookMs;
          if (rig.mode.isOn === before) continue;
          assert.ok(ms - lastMs >= Math.min(watchOnlyAfterMs, watchOnlyRecoveryMs));
          lastMs = ms;
        }
      }
    }),
  );
});

const HANDLE = 6;
const SLOW_TICK_MS = 400;

function tell({ gateway }: Fixture, ...updates: readonly Told[]): void {
  deliver(gateway.deliveries, (to) => {
    for (const { handle, fromSeq, seq, urgent, bytes } of updates) {
      to.update(handle, fromSeq, seq, urgent, bytes);
    }
  });
}

async function watch(client: Client): Promise<void> {
  client.send(SUBSCRIBE, { id: 1, auctionId: AUCTION_A, epoch: null, seq: null });
  await client.next('snapshot');
}

async function order(fixture: Fixture, mode: string): Promise<Record<string, unknown>> {
  const { gateway } = fixture;
  const token = await fixture.token('root', ['admin']);
  const answer = await http(gateway.internalPort, 'PUT', '/v1/mode', { token, body: { mode } });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

async function metric({ gateway }: Fixture, name: string): Promise<number> {
  const { body } = await http(gateway.internalPort, 'GET', '/metrics');
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(String(body['text']))?.[1]);
}

test('by command: those without a token get fewer updates, in order; all are told', async (t) => {
  const fixture = await start(t, {
    limits: { conflationMs: 0, watchOnlyTickMs: SLOW_TICK_MS },
  });
  const model = new ModelAuction(HANDLE);
  answerSubscribes(fixture, model);
  const ann = await Client.signedIn(fixture);
  const nobody = await Client.connect(fixture.gateway.port, JSON_PROTOCOL);
  const other = await Client.connect(fixture.gateway.port);
  for (const client of [ann, nobody, other]) await watch(client);

  assert.equal((await order(fixture, 'watch-only'))['watchOnly'], true);
  assert.equal(await metric(fixture, 'gavel_watch_only'), 1);
  const { type: _, ...told } = await ann.next('mode');
  assert.deepEqual(told, { watchOnly: true, updateMs: 0 });
  for (const client of [nobody, other]) {
    const mode = await client.next('mode');
    assert.deepEqual([mode['watchOnly'], mode['updateMs']], [true, SLOW_TICK_MS]);
  }

  for (let i = 0; i < 5; i++) tell(fixture, model.bids(1));
  for (let seq = 1; seq <= 5; seq++) assert.equal((await ann.next('bid_update'))['seq'], seq);
  for (const client of [nobody, other]) {
    assert.equal((await client.next('bid_update'))['seq'], 1);
    const rest = await client.next('bid_update');
    assert.deepEqual([rest['fromSeq'], rest['seq']], [2, 5]);
  }
  // What is urgent does not wait here either, and what waited goes before it.
  tell(fixture, model.bids(1));
  tell(fixture, model.bids(1), model.extend());
  const seen: unknown[] = [];
  while (seen.at(-1) !== 'extended') seen.push((await other.next()).type);
  assert.ok(seen.length <= 3, seen.join(', '));

  // Whoever signs in in the middle misses nothing, and is as quick as the others from there on.
  await sleep(SLOW_TICK_MS * 2);
  tell(fixture, model.bids(1));
  tell(fixture, model.bids(1));
  assert.equal((await other.next('bid_update'))['seq'], 9);
  const token = await fixture.token('bob');
  other.send(HELLO, { id: 9, token, client: null, feed: null, after: null });
  assert.equal((await other.next('bid_update'))['seq'], 10, 'what waited');
  await other.next('welcome');
  assert.equal((await other.next('mode'))['updateMs'], 0);
  tell(fixture, model.bids(1));
  assert.equal((await other.next('bid_update'))['seq'], 11);

  await order(fixture, 'normal');
  assert.equal(await metric(fixture, 'gavel_watch_only'), 0);
  assert.equal(await metric(fixture, 'gavel_watch_only_switches_total'), 2);
  let ended = await ann.next();
  while (ended.type !== 'mode') ended = await ann.next();
  assert.equal(ended['watchOnly'], false);
  const late = await Client.connect(fixture.gateway.port);
  await watch(late);
  tell(fixture, model.bids(1));
  // Nobody is told what is as usual. What waited for the slower tick may come first: the snapshot
  // holds it already.
  let { seq } = await late.next('bid_update');
  if (seq === 11) ({ seq } = await late.next('bid_update'));
  assert.equal(seq, 12);
});

test('events and polls tell it as well', async (t) => {
  const fixture = await start(t, { limits: { conflationMs: 0, watchOnlyTickMs: SLOW_TICK_MS } });
  const { port } = fixture.gateway;
  answerSubscribes(fixture, new ModelAuction(HANDLE));
  const token = await fixture.token('ann');
  const modeOf = async (path: string, signedIn: boolean): Promise<unknown> => {
    const { body } = await http(port, 'GET', path, signedIn ? { token } : {});
    return body['mode'];
  };
  const auction = `/v1/auctions/${AUCTION_A}?after=-`;
  const notices = '/v1/me/notices?after=-';
  const usual = { watchOnly: false, updateMs: 0 };
  assert.deepEqual(await modeOf(auction, false), usual);
  assert.deepEqual(await modeOf(notices, true), usual);
  const source = await EventSource.open(port, `/v1/auctions/${AUCTION_A}/events`);
  assert.equal((await source.next())?.type, 'snapshot');
  await order(fixture, 'watch-only');
  const told = await source.next();
  assert.equal(told?.type, 'mode');
  assert.deepEqual([told?.data['watchOnly'], told?.data['updateMs']], [true, SLOW_TICK_MS]);
  assert.deepEqual(await modeOf(auction, false), { watchOnly: true, updateMs: SLOW_TICK_MS });
  for (const path of [auction, notices]) {
    assert.deepEqual(await modeOf(path, true), { watchOnly: true, updateMs: 0 });
  }
  await order(fixture, 'normal');
  assert.deepEqual((await source.next())?.data['watchOnly'], false);
  assert.deepEqual(await modeOf(auction, false), usual);
  source.close();
});

test('by itself, while most of what is asked is refused, and back again', async (t) => {
  const limits = { watchOnlyAfterMs: 500, watchOnlyRecoveryMs: 500, framesPerSecond: 10_000 };
  const fixture = await start(t, { limits });
  const client = await Client.signedIn(fixture);
  fixture.shards.waitUs = 60_000_000;
  const deadline = Date.now() + 20_000;
  for (let id = 2; client.received.every(({ type }) => type !== 'mode'); id++) {
    assert.ok(Date.now() < deadline, 'it goes on');
    client.send(PLACE_BID, bidOf(id));
    await sleep(10);
  }
  assert.equal(client.received.find(({ type }) => type === 'mode')?.['watchOnly'], true);
  assert.ok(client.received.some(({ code }) => code === 2000));
  fixture.shards.waitUs = 0;
  client.received.length = 0;
  assert.equal((await client.next('mode'))['watchOnly'], false);
  const said = fixture.logged.map(({ message }) => message);
  assert.deepEqual([said[0], said.at(-1)], ['watch-only mode is on', 'watch-only mode is off']);
});

test('only admins may say it, and only what there is', async (t) => {
  const fixture = await start(t);
  const { internalPort } = fixture.gateway;
  const ask = (token: string, body: unknown): ReturnType<typeof http> =>
    http(internalPort, 'PUT', '/v1/mode', { token, body });
  const admin = await fixture.token('root', ['admin']);
  assert.equal((await ask(await fixture.token('ann'), { mode: 'normal' })).status, 403);
  const wrong = await ask(admin, { mode: 'fast' });
  assert.deepEqual([wrong.status, wrong.body['field']], [400, 'mode']);
  const extra = await ask(admin, { mode: 'auto', until: 5 });
  assert.deepEqual([extra.status, extra.body['field']], [400, 'until']);
  const shown = await http(internalPort, 'GET', '/v1/mode', { token: admin });
  assert.deepEqual(shown.body, { mode: 'auto', watchOnly: false, overloadLevel: 0, switches: 0 });
});
