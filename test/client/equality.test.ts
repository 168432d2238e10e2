/**
 * Four ways to follow an auction and the own bids, each over real sockets and a line that breaks and
 * stalls at random, and over restarts of the server: all of them deliver the same. (test/gateway has
 * the same without sockets, with thousands of losses.)
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/client/client.ts';
import type { Gavel } from '../../src/client/client.ts';
import type { Transport } from '../../src/client/options.ts';
import type { WatchState } from '../../src/client/state.ts';
import type { RunningNode } from '../../src/node/server.ts';
import { Random } from '../sim/random.ts';
import type { Proxy } from './proxy.ts';
import { proxyTo } from './proxy.ts';
import { freePort, nodeIn, temporaryFolder } from './test-node.ts';

const ROUNDS = 100;
/** Before these rounds the server is stopped and started. */
const RESTARTS: readonly number[] = [20, 45, 71];
const BIDS_MAX = 6;
const STEP_CENTS = 10_000;

const WAYS: readonly (readonly Transport[])[] = [
  ['websocket'],
  ['events'],
  ['polling'],
  ['websocket', 'events', 'polling'],
];

/** One more device of Ann's, which watches the auction and her private feed. */
class Device {
  readonly name: string;
  readonly isLadder: boolean;
  readonly proxy: Proxy;
  readonly gavel: Gavel;
  readonly states: WatchState[] = [];
  /** What the private feed said, in order; `gap` where it said that something is missing. */
  readonly heard: string[] = [];

  constructor(proxy: Proxy, gavel: Gavel, transports: readonly Transport[], auctionId: string) {
    this.name = transports.join(', ');
    this.isLadder = transports.length > 1;
    this.proxy = proxy;
    this.gavel = gavel;
    gavel.on('own_answer', ({ nonce }) => this.heard.push(`answer ${nonce}`));
    gavel.on('outbid', ({ seq }) => this.heard.push(`outbid ${seq}`));
    gavel.on('feed_gap', () => this.heard.push('gap'));
    gavel.watch(auctionId, { every: true }).on('state', (state) => this.states.push(state));
  }

  get at(): number {
    return this.states.at(-1)?.seq ?? -1;
  }
}

/** The server, which can be stopped and started under its clients, and what really happened there. */
class Rig {
  readonly #t: TestContext;
  readonly #folder: string;
  readonly #port: number;
  #node: RunningNode;
  readonly #tokens = new Map<string, string>();
  #bids = 0;
  auctionId = '';
  /** The price at each position. */
  readonly prices = new Map<number, number>();
  /** What happened to Ann's bids, as her feed should say it. */
  readonly happened: string[] = [];

  private constructor(t: TestContext, folder: string, port: number, node: RunningNode) {
    this.#t = t;
    this.#folder = folder;
    this.#port = port;
    this.#node = node;
    t.after(() => this.#node.stop());
  }

  static async start(t: TestContext): Promise<Rig> {
    const folder = temporaryFolder(t);
    const port = await freePort();
    const rig = new Rig(t, folder, port, await start(folder, port));
    for (const [name, role] of [
      ['sam', 'seller'],
      ['ann', 'bidder'],
      ['bob', 'bidder'],
    ] as const) {
      rig.#tokens.set(name, await rig.#node.tokenFor(name, [role]));
    }
    const sam = rig.client('sam', rig.url);
    const endsAtMs = (await sam.time()).serverTimeMs + 3_600_000;
    const listing = { title: 'A watch', currency: 'EUR', startPriceCents: STEP_CENTS, endsAtMs };
    const { auctionId, seq, currentPriceCents } = await sam.rest.createAuction(listing);
    rig.auctionId = auctionId;
    rig.prices.set(seq, currentPriceCents);
    return rig;
  }

  get url(): string {
    return this.#node.publicUrl;
  }

  client(name: string, url: string, transports?: readonly Transport[]): Gavel {
    const token = (): string => this.#tokens.get(name) ?? '';
    const backoff = { baseMs: 20, maxMs: 200 };
    const gavel = connect({ url, token, backoff, ...(transports && { transports }) });
    this.#t.after(() => gavel.close());
    return gavel;
  }

  async restart(): Promise<void> {
    await this.#node.stop();
    this.#node = await start(this.#folder, this.#port);
  }

  /** Ann and Bob in turns, each above the other: every bid of Bob's outbids Ann. */
  async bid(ann: Gavel, bob: Gavel): Promise<void> {
    this.#bids += 1;
    const isAnn = this.#bids % 2 === 1;
    const result = await (isAnn ? ann : bob).bid(this.auctionId, this.#bids * STEP_CENTS);
    assert.ok(result.accepted, result.refusal?.name);
    this.prices.set(result.seq, result.currentPriceCents);
    this.happened.push(isAnn ? `answer ${result.nonce}` : `outbid ${result.seq}`);
  }
}

function start(folder: string, port: number): Promise<RunningNode> {
  const rates = { 'limits.requestsPerSecond': '2000', 'limits.signInsPerSecond': '500' };
  const rules = { 'rules.bidsPerMinuteMax': 'unlimited', 'rules.fatFingerFactor': 'off' };
  return nodeIn(folder, port, {
    'server.conflation': '0',
    'server.drain': '0s',
    ...rates,
    ...rules,
  });
}

/** Every update once and in order; all of them, but where the state says itself that some are lost. */
function checkStates({ name, states }: Device, prices: ReadonlyMap<number, number>): number {
  let gaps = 0;
  states.forEach((state, i) => {
    const before = states[i - 1];
    assert.equal(state.currentPriceCents, prices.get(state.seq), name);
    if (before === undefined) return;
    assert.ok(state.seq > before.seq || state.change === 'snapshot', `${name}: never back`);
    if (state.gapless) assert.ok(state.seq <= before.seq + 1, `${name}: nothing is left out`);
    else gaps += 1;
  });
  return gaps;
}

/** Everything once and in order; all of it, but where the client was told that some is lost. */
function checkFeed({ name, heard }: Device, happened: readonly string[]): number {
  let at = 0;
  let maySkip = false;
  for (const [i, what] of heard.entries()) {
    if (what === 'gap') {
      maySkip = true;
      continue;
    }
    const found = happened.indexOf(what, at);
    const where = `${name}: ${what} at ${i} follows ${happened[at - 1]}`;
    assert.ok(found >= at, `${where}: neither invented nor told twice`);
    assert.ok(found === at || maySkip, `${where}: nothing is left out`);
    at = found + 1;
    maySkip = false;
  }
  assert.ok(at === happened.length || maySkip, `${name}: the newest is there`);
  return heard.filter((what) => what === 'gap').length;
}

test('four ways over bad lines and restarts deliver the same', { timeout: 240_000 }, async (t) => {
  const random = new Random(20_261_123);
  const rig = await Rig.start(t);
  const [ann, bob] = [rig.client('ann', rig.url), rig.client('bob', rig.url)];
  const devices: Device[] = [];
  for (const transports of WAYS) {
    const proxy = await proxyTo(t, rig.url);
    const gavel = rig.client('ann', proxy.url, transports);
    devices.push(new Device(proxy, gavel, transports, rig.auctionId));
    await gavel.ready;
  }
  const all = async (what: string, isSo: (device: Device) => boolean): Promise<void> => {
    for (let waited = 0; !devices.every(isSo); waited += 10) {
      const late = devices.filter((one) => !isSo(one)).map(({ name, at }) => `${name} at ${at}`);
      assert.ok(waited < 60_000, `${what}: ${late.join('; ')}`);
      await sleep(10);
    }
  };
  await all('they begin', ({ at }) => at >= 0);
  let cuts = 0;
  for (let round = 0; round < ROUNDS; round++) {
    if (RESTARTS.includes(round)) await rig.restart();
    for (const { proxy, isLadder } of devices) {
      proxy.rules.pace = random.chance(0.3) ? 'trickle' : 'full';
      if (isLadder) {
        proxy.rules.webSockets = random.chance(0.5) ? 'refuse' : 'pass';
        proxy.rules.streams = random.chance(0.5) ? 'cut' : 'pass';
      }
    }
    for (let bids = random.below(BIDS_MAX); bids >= 0; bids--) {
      for (const { proxy } of devices) {
        if (!random.chance(0.25)) continue;
        proxy.cutAll();
        cuts += 1;
      }
      await rig.bid(ann, bob);
    }
    // In some rounds they come to rest; in the others the next bids find them on their way back.
    const newest = Math.max(...rig.prices.keys());
    if (random.chance(0.4)) await all(`round ${round}`, ({ at }) => at === newest);
  }
  for (const { proxy } of devices) {
    Object.assign(proxy.rules, { webSockets: 'pass', streams: 'pass', pace: 'full' });
  }
  const newest = Math.max(...rig.prices.keys());
  await all('the end', ({ at }) => at === newest);
  await rig.bid(ann, bob);
  await rig.bid(ann, bob);
  const last = rig.happened.at(-1) ?? '';
  await all('the last notice', ({ heard }) => heard.at(-1) === last);
  await all('the last update', ({ at }) => at === newest + 2);
  const [first] = devices;
  for (const device of devices) {
    const gaps = checkStates(device, rig.prices);
    const feedGaps = checkFeed(device, rig.happened);
    assert.ok(gaps <= RESTARTS.length, `${device.name}: ${gaps} gaps, only restarts may make any`);
    assert.ok(
      feedGaps >= 1 && feedGaps <= RESTARTS.length,
      `${device.name}: ${feedGaps} feed gaps`,
    );
    const { change: _, gapless: _also, ...state } = device.states.at(-1) ?? {};
    const { change: _its, gapless: _too, ...same } = first?.states.at(-1) ?? {};
    assert.deepEqual({ ...state, serverTimeMs: 0 }, { ...same, serverTimeMs: 0 }, device.name);
  }
  assert.ok(cuts > ROUNDS, `${cuts} cuts`);
  t.diagnostic(`${rig.prices.size} bids, ${cuts} cuts`);
});
