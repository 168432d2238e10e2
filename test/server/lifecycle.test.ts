/** The way of an auction through a real server, over both protocols and a restart; and the server's own. */
import assert from 'node:assert/strict';
import { closeSync, cpSync, globSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUY_NOW } from '../../src/protocol/messages/buy-now.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { gavel, Server, StartFailed, temporaryFolder, UNLIMITED, verified } from './harness.ts';
import type { Fields, Received } from './wire-client.ts';
import { bidsOf, list, rest, WireClient } from './wire-client.ts';

/** How late an end may be told where other programs keep the machine busy; idle, it took 9 ms. */
const END_LATE_MS_MAX = Number(process.env['GAVEL_TEST_END_MS'] ?? 1_000);
const EXIT_DATA = 74;
const EXIT_TRY_AGAIN = 75;
const EXIT_CONFIGURATION = 78;
const limited = { timeout: 60_000 };

let ids = 0;

function bid(client: WireClient, auctionId: string, amountCents: number): Promise<Received> {
  const id = ++ids;
  const value = { id, auctionId, nonce: `nonce-000-${id}`, amountCents };
  return client.ask(PLACE_BID, { ...value, currency: null, confirm: null, dryRun: null });
}

function watch(client: WireClient, auctionId: string): Promise<Received> {
  return client.ask(SUBSCRIBE, { id: ++ids, auctionId, epoch: null, seq: null });
}

/** The auction itself: who watches it at the moment is another matter. */
async function show(server: Server, token: string, auctionId: string): Promise<Fields> {
  const { status, text, body } = await rest(server.url, token, 'GET', `/v1/auctions/${auctionId}`);
  assert.equal(status, 200, text);
  const { watchers: _, ...auction } = body;
  return auction;
}

test(
  'P3: listed over REST, bid on over both protocols, restarted, extended, ended on time',
  limited,
  async (t) => {
    const data = temporaryFolder();
    // A stop waits for auctions that end within the drain: this one is to go on after a restart.
    const env = { ...UNLIMITED, GAVEL_SERVER_DRAIN: '1s' };
    let server = await Server.start({ data, env });
    t.after(() => server.kill());
    const seller = await server.token('seller', ['seller', 'bidder']);
    const [ann, bob] = [await server.token('ann'), await server.token('bob')];
    const endsAtMs = Date.now() + 7_000;
    const softClose = { windowMs: 2_000, extensionMs: 2_500, extensionsMax: 1 };
    const auctionId = (await list(server.url, seller, { endsAtMs, softClose }))[
      'auctionId'
    ] as string;

    // Ann speaks MessagePack, Bob JSON; both watch.
    let [binary, json] = [
      await WireClient.connect(server.url, ann),
      await WireClient.connect(server.url, bob, true),
    ];
    assert.equal((await watch(binary, auctionId)).name, 'snapshot');
    assert.equal((await watch(json, auctionId)).name, 'snapshot');
    const first = await bid(binary, auctionId, 2_000);
    assert.deepEqual([first.fields['code'], first.fields['status']], [0, 'leading'], first.raw);
    const second = await bid(json, auctionId, 3_000);
    assert.deepEqual([second.fields['code'], second.fields['status']], [0, 'leading'], second.raw);
    const outbid = await binary.push(({ name }) => name === 'outbid');
    assert.deepEqual(
      [outbid.fields['yourBidCents'], outbid.fields['currentPriceCents']],
      [2_000, 2_050],
    );
    const update = await json.push(
      ({ name, fields }) => name === 'bid_update' && fields['bidCount'] === 2,
    );
    assert.deepEqual(
      [
        update.fields['auctionId'],
        update.fields['currentPriceCents'],
        update.fields['leadingBidder'],
      ],
      [auctionId, 2_050, 'b2'],
    );

    // A restart in between: clients are told to come back, and find what they left.
    const before = await show(server, seller, auctionId);
    const history = await bidsOf(server.url, seller, auctionId);
    assert.equal(await server.stop(), 0);
    assert.equal(await json.closed, 3001);
    server = await Server.start({ data, env: UNLIMITED });
    const { serverTimeMs: _now, ...after } = await show(server, seller, auctionId);
    const { serverTimeMs: _then, ...left } = before;
    // All but the end, which the time without a server has moved on.
    const { endsAtMs: movedEndMs, seq } = after as { endsAtMs: number; seq: number };
    assert.deepEqual({ ...after, endsAtMs, seq: seq - 1 }, left);
    assert.ok(movedEndMs > endsAtMs);
    assert.deepEqual(await bidsOf(server.url, seller, auctionId), history);

    // A bid in the window moves the end, once.
    [binary, json] = [
      await WireClient.connect(server.url, ann),
      await WireClient.connect(server.url, bob, true),
    ];
    await watch(binary, auctionId);
    await watch(json, auctionId);
    await sleep(movedEndMs - 1_000 - Date.now());
    const late = await bid(binary, auctionId, 5_000);
    assert.equal(late.fields['code'], 0, late.raw);
    const extended = await json.push(({ name }) => name === 'extended');
    assert.equal(extended.fields['extension'], 1);
    const newEndMs = extended.fields['endsAtMs'] as number;
    assert.ok(newEndMs > movedEndMs, 'the end moves on, never back');
    assert.equal(late.fields['endsAtMs'], newEndMs);

    // The end, at its time, the same for everybody, and for good.
    const ended = await Promise.all(
      [binary, json].map((client) => client.push(({ name }) => name === 'ended')),
    );
    for (const { atMs, fields } of ended) {
      t.diagnostic(`told ${atMs - newEndMs} ms after the end`);
      assert.ok(atMs >= newEndMs, 'not before its time');
      assert.ok(atMs - newEndMs <= END_LATE_MS_MAX, `told ${atMs - newEndMs} ms late`);
      assert.deepEqual([fields['status'], fields['currentPriceCents']], ['sold', 3_100]);
    }
    await binary.push(({ name, fields }) => name === 'result' && fields['outcome'] === 'won');
    await json.push(({ name, fields }) => name === 'result' && fields['outcome'] === 'lost');
    const tooLate = await bid(json, auctionId, 9_000);
    assert.equal(tooLate.fields['name'], 'AUCTION_ENDED');
    const final = await show(server, seller, auctionId);
    assert.deepEqual([final['status'], final['winner']], ['sold', 'b1']);
    assert.equal(await server.stop(), 0);
    await verified(data);
  },
);

test('a scheduled start, buy-now and cancel', limited, async (t) => {
  const server = await Server.start({ env: UNLIMITED });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller', 'bidder']);
  const bob = await WireClient.connect(server.url, await server.token('bob'));
  const startsAtMs = Date.now() + 1_500;
  const planned = (await list(server.url, seller, { startsAtMs }))['auctionId'] as string;
  await watch(bob, planned);
  assert.equal((await bid(bob, planned, 2_000)).fields['code'], 3002);
  const started = await bob.push(({ name }) => name === 'auction_changed');
  assert.ok(started.atMs >= startsAtMs, 'not before its time');
  assert.equal((started.fields['auction'] as Fields)['status'], 'active');
  assert.equal((await bid(bob, planned, 2_000)).fields['code'], 0);

  const priced = (await list(server.url, seller, { buyNowCents: 3_000 }))['auctionId'] as string;
  const bought = await bob.ask(BUY_NOW, { id: ++ids, auctionId: priced, nonce: 'nonce-buy-it' });
  assert.deepEqual([bought.fields['code'], bought.fields['status']], [0, 'won'], bought.raw);
  assert.equal((await bid(bob, priced, 9_000)).fields['code'], 3004);

  const path = `/v1/auctions/${planned}/cancel`;
  const stranger = await rest(server.url, await server.token('eve', ['seller']), 'POST', path, {
    how: 'cancel',
  });
  assert.deepEqual([stranger.status, stranger.body['name']], [403, 'NOT_YOUR_AUCTION']);
  const far = (await list(server.url, seller, { endsAtMs: Date.now() + 86_400_000 }))['auctionId'];
  const cancelled = await rest(server.url, seller, 'POST', `/v1/auctions/${String(far)}/cancel`, {
    how: 'cancel',
  });
  assert.deepEqual([cancelled.status, cancelled.body['status']], [200, 'cancelled']);
  assert.equal((await bid(bob, far as string, 2_000)).fields['code'], 3003);
});

/** A start that has to fail. */
async function refusedStart(options: Parameters<typeof Server.start>[0]): Promise<StartFailed> {
  try {
    const server = await Server.start(options);
    await server.kill();
  } catch (error) {
    if (error instanceof StartFailed) return error;
    throw error;
  }
  return assert.fail('the server started');
}

test('a start that cannot be is refused with its own exit code', limited, async (t) => {
  const server = await Server.start();
  t.after(() => server.kill());
  const folder = await refusedStart({ data: server.data });
  assert.equal(folder.exit.code, EXIT_TRY_AGAIN);
  assert.match(folder.log, /in use by another gavel/);
  const port = await refusedStart({ env: { GAVEL_SERVER_PORT: `${server.port}` } });
  assert.equal(port.exit.code, EXIT_TRY_AGAIN);
  assert.match(port.log, /Cannot listen/);
  const config = await refusedStart({ env: { GAVEL_RULES_MIN_DURATION: 'soon' } });
  assert.equal(config.exit.code, EXIT_CONFIGURATION);
  assert.match(config.log, /GAVEL_RULES_MIN_DURATION/);
  assert.equal((await fetch(`${server.ready.internalUrl}/readyz`)).status, 200);
});

test('P8: a log with a changed bit is found by verify, and not started on', limited, async (t) => {
  const data = temporaryFolder();
  let server = await Server.start({ data, env: UNLIMITED });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller', 'bidder']);
  const auctionId = (await list(server.url, seller))['auctionId'] as string;
  const bidSome = async (): Promise<void> => {
    const bob = await WireClient.connect(server.url, await server.token('bob'));
    for (let i = 0; i < 30; i++) await bid(bob, auctionId, 2_000 + ++ids * 100);
  };
  const verifyTells = async (): Promise<void> => {
    const checked = await gavel('verify', '--data', data);
    assert.equal(checked.code, EXIT_DATA, checked.out);
    assert.match(checked.err, /DAMAGED/);
  };

  // In what was written since the last copy: SQLite itself would take the log for a shorter one.
  await bidSome();
  await server.kill();
  const spare = join(dirname(data), 'spare');
  cpSync(data, spare, { recursive: true });
  flip(data, 'log.sqlite-wal');
  await verifyTells();
  const { exit, log } = await refusedStart({ data });
  assert.equal(exit.code, EXIT_DATA, log);
  assert.match(log, /gavel verify/, 'says what to do');
  rmSync(data, { recursive: true });
  cpSync(spare, data, { recursive: true });

  // In a copy from before the damage everything is there. Then in the old part, which a start with a snapshot does
  // not read again: verify does.
  const env = { ...UNLIMITED, GAVEL_DATA_CHECK_EVERY: '1s' };
  const shows = async (line: RegExp): Promise<void> => {
    const metrics = async (): Promise<string> =>
      (await fetch(`${server.ready.internalUrl}/metrics`)).text();
    while (!line.test(await metrics())) await sleep(20);
  };
  server = await Server.start({ data, env });
  assert.equal((await bidsOf(server.url, seller, auctionId)).length, 30);
  await bidSome();
  await shows(/^gavel_log_checked_seq\{shard="\d"\} [1-9]/m);
  assert.equal(await server.stop(), 0);
  await verified(data);
  flip(data, 'log.sqlite');
  await verifyTells();

  // A server on it goes on with what it knows, finds the damage by itself, and says so.
  server = await Server.start({ data, env });
  await shows(/^gavel_log_damaged\{shard="\d"\} 1$/m);
  assert.match(server.log, /the log is damaged; bids go on[^\n]*|"damage":/);
  await bidSome();
  assert.equal(await server.stop(), 0, server.log);
});

/** Changes one bit where the one log that holds bids has the last of them. */
function flip(data: string, name: string): void {
  const found = globSync(join(data, 'shard-*', name)).flatMap((path) => {
    const at = readFileSync(path).lastIndexOf('nonce-000-');
    return at < 0 ? [] : [{ path, at }];
  });
  assert.equal(found.length, 1, `one ${name} holds the bids`);
  const { path, at } = found[0] as { path: string; at: number };
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from([(readFileSync(path)[at] as number) ^ 1]), 0, 1, at);
  closeSync(file);
}
