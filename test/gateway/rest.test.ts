/** The REST routes: what they make of a request, and of a shard's reply. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import type { Auction } from '../../src/protocol/messages/auction.ts';
import { AUCTION } from '../../src/protocol/messages/auction.ts';
import { AUCTIONS } from '../../src/protocol/messages/auctions.ts';
import { BIDS } from '../../src/protocol/messages/bids.ts';
import type { BlockBidder } from '../../src/protocol/messages/block-bidder.ts';
import { DONE } from '../../src/protocol/messages/done.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import type { Submitted } from './fake-shards.ts';
import { decode, deliver, encode } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, AUCTION_B, start, view } from './fixtures.ts';
import type { HttpAnswer } from './http.ts';
import { http } from './http.ts';
import { answerOf, refusedFrame } from './messages.ts';
import { UNSAID_SHOWN } from '../unsaid.ts';

const LISTING = {
  title: 'A lamp',
  currency: 'USD',
  startPriceCents: 100,
  endsAtMs: 4_000_000_000_000,
};

/** The shards answer everything with what this makes of the frame. */
function answering(fixture: Fixture, reply: (submitted: Submitted) => Uint8Array): void {
  fixture.shards.onSubmit = (submitted) =>
    deliver(fixture.gateway.deliveries, (to) => to.reply(submitted.conn, reply(submitted)));
}

function auctionFrame(
  over: Partial<AuctionView> = {},
  bidders: Partial<Pick<Auction, 'leadingBidderId' | 'winnerId'>> = {},
): Uint8Array {
  const text = { title: 'A lamp', description: 'Brass.', category: ['Home'], ...UNSAID_SHOWN };
  const shown = { leadingBidderId: null, winnerId: null, relistedAs: null, ...bidders };
  return encode(AUCTION, { id: 1, auction: view(over), text, ...shown });
}

function assertRefused(answer: HttpAnswer, name: keyof typeof REFUSALS, field?: string): void {
  assert.equal(answer.body['name'], name, JSON.stringify(answer.body));
  const { code, message, retryable, http: status } = REFUSALS[name];
  assert.equal(answer.status, status);
  assert.equal(answer.body['code'], code);
  assert.equal(answer.body['message'], message);
  assert.equal(answer.body['retryable'], retryable);
  assert.equal(answer.body['field'], field);
}

test('create: 201 with the address and the view, under an id that the gateway made', async (t) => {
  const fixture = await start(t);
  const token = await fixture.token('sam', ['seller']);
  answering(fixture, ({ frame }) => {
    const { auctionId } = decode(frame).value as { auctionId: string };
    return auctionFrame({ auctionId, leadingBidder: 4 });
  });
  const answer = await http(fixture.gateway.port, 'POST', '/v1/auctions', { token, body: LISTING });
  assert.equal(answer.status, 201);
  const id = answer.body['auctionId'] as string;
  assert.match(id, /^[0-9A-Za-z]{22}$/);
  assert.equal(answer.headers.get('location'), `/v1/auctions/${id}`);
  assert.equal(answer.body['description'], 'Brass.');
  assert.equal(answer.body['leadingBidder'], 'b4');
  const { type, value } = decode((await fixture.shards.next()).frame);
  assert.equal(type, 'create_auction');
  assert.equal((value as { listing: { title: string } }).listing.title, 'A lamp');
});

test('create: the same seller and Idempotency-Key are the same auction', async (t) => {
  const fixture = await start(t);
  answering(fixture, ({ frame }) => auctionFrame(decode(frame).value as { auctionId: string }));
  const create = async (sub: string, key: string): Promise<HttpAnswer> => {
    const token = await fixture.token(sub, ['seller']);
    const headers = { 'idempotency-key': key };
    return http(fixture.gateway.port, 'POST', '/v1/auctions', { token, body: LISTING, headers });
  };
  const first = await create('sam', 'key-0001');
  assert.match(first.headers.get('location') ?? '', /^\/v1\/auctions\/[0-9A-Za-z]{22}$/);
  const again = await create('sam', 'key-0001');
  assert.deepEqual([again.status, again.body], [201, first.body]);
  for (const other of [await create('sam', 'key-0002'), await create('sue', 'key-0001')]) {
    assert.notEqual(other.body['auctionId'], first.body['auctionId']);
  }
  for (const key of ['short-7', 'x'.repeat(65), 'with a space']) {
    assertRefused(await create('sam', key), 'MALFORMED', 'idempotency-key');
  }
});

test('create: needs a token, the role of a seller, and a listing that can be read', async (t) => {
  const fixture = await start(t);
  const { port } = fixture.gateway;
  const create = (body: unknown, token?: string): Promise<HttpAnswer> =>
    http(port, 'POST', '/v1/auctions', token === undefined ? { body } : { body, token });
  const anonymous = await create(LISTING);
  assertRefused(anonymous, 'NOT_SIGNED_IN');
  assert.equal(anonymous.headers.get('www-authenticate'), 'Bearer');
  const bidder = await create(LISTING, await fixture.token('ann'));
  assertRefused(bidder, 'ROLE_MISSING');
  assert.equal(bidder.body['reason'], 'the role seller is needed');
  const token = await fixture.token('sam', ['seller']);
  assertRefused(await create({ ...LISTING, currency: 'usd' }, token), 'MALFORMED', 'currency');
  assertRefused(await create({ ...LISTING, colour: 'red' }, token), 'MALFORMED', 'colour');
  assertRefused(await create({ ...LISTING, id: 4 }, token), 'MALFORMED', 'id');
  for (const [text, reason] of [
    ['{"title"', 'is not JSON'],
    ['[]', 'must be an object'],
    ['{"a":{"b":{"c":{"d":{}}}}}', 'must not nest deeper than 4'],
  ] as const) {
    const refused = await create(text, token);
    assertRefused(refused, 'MALFORMED', 'body');
    assert.equal(refused.body['reason'], reason);
  }
  assertRefused(await create({ title: 'x' }, token), 'MALFORMED', 'currency');
  assert.equal(fixture.shards.submitted.length, 0);
});

test("a shard's refusal keeps its code, field and reason", async (t) => {
  const fixture = await start(t);
  const token = await fixture.token('sam', ['seller']);
  answering(fixture, () =>
    refusedFrame(1, 'INVALID_LISTING', { field: 'listing.buyNowCents', reason: 'is too low' }),
  );
  const answer = await http(fixture.gateway.port, 'POST', '/v1/auctions', { token, body: LISTING });
  assertRefused(answer, 'INVALID_LISTING', 'buyNowCents');
  assert.equal(answer.body['reason'], 'is too low');
});

test('get, change and cancel an auction', async (t) => {
  const fixture = await start(t);
  const { port } = fixture.gateway;
  const token = await fixture.token('sam', ['seller']);
  answering(fixture, () => auctionFrame());
  const path = `/v1/auctions/${AUCTION_A}`;
  const got = await http(port, 'GET', path);
  assert.deepEqual([got.status, got.body['auctionId']], [200, AUCTION_A]);
  const changed = await http(port, 'PUT', path, { token, body: { title: 'A lantern' } });
  assert.equal(changed.status, 200);
  const ended = await http(port, 'POST', `${path}/cancel`, { token, body: { how: 'sell' } });
  assert.equal(ended.status, 200);
  const [get, change, cancel] = fixture.shards.submitted.map(({ frame }) => decode(frame));
  const types = [get, change, cancel].map((frame) => frame?.type);
  assert.deepEqual(types, ['get', 'change_auction', 'cancel_auction']);
  const { changes } = { ...(change?.value as { changes: { title: string } }) };
  assert.equal(changes.title, 'A lantern');
  const { how, asAdmin } = { ...(cancel?.value as { how: string; asAdmin: boolean }) };
  assert.deepEqual([how, asAdmin], ['sell', false]);
  const asAdminToo = { how: 'sell', asAdmin: true };
  const refused = await http(port, 'POST', `${path}/cancel`, { token, body: asAdminToo });
  assertRefused(refused, 'MALFORMED', 'asAdmin');
  assertRefused(await http(port, 'GET', '/v1/auctions/short'), 'AUCTION_UNKNOWN');
});

test('a bid by REST is the same bid, and its answer has the status of its refusal', async (t) => {
  const fixture = await start(t);
  const { port } = fixture.gateway;
  const token = await fixture.token('ann');
  const path = `/v1/auctions/${AUCTION_A}`;
  const body = { nonce: 'nonce-000001', amountCents: 500, currency: 'USD', dryRun: true };
  answering(fixture, () => encode(ANSWER, answerOf(1)));
  const accepted = await http(port, 'POST', `${path}/bids`, { token, body });
  assert.equal(accepted.status, 200);
  const { id: _, retryAfterMs: _none, ...told } = answerOf(1);
  assert.deepEqual(accepted.body, told);
  const { value } = decode((await fixture.shards.next()).frame);
  const whole = { id: 1, auctionId: AUCTION_A, confirm: null, ...body };
  assert.deepEqual({ ...(value as object) }, whole);
  answering(fixture, () => encode(ANSWER, answerOf(1, { code: REFUSALS.BID_TOO_LOW.code })));
  const low = await http(port, 'POST', `${path}/bids`, { token, body });
  assertRefused(low, 'BID_TOO_LOW');
  assert.equal(low.body['minimumNextCents'], 550);
  const retracted = await http(port, 'POST', `${path}/retract`, {
    token,
    body: { nonce: body.nonce },
  });
  assertRefused(retracted, 'BID_TOO_LOW');
  const metrics = await http(fixture.gateway.internalPort, 'GET', '/metrics');
  assert.match(metrics.body['text'] as string, /gavel_refusals_total\{name="BID_TOO_LOW"\} 2/);
  const bought = await http(port, 'POST', `${path}/buy-now`, { token, body: { nonce: 'short' } });
  assertRefused(bought, 'MALFORMED', 'nonce');
  const seller = await fixture.token('sam', ['seller']);
  assertRefused(await http(port, 'POST', `${path}/bids`, { token: seller, body }), 'ROLE_MISSING');
});

test('pages of bids', async (t) => {
  const fixture = await start(t);
  const { port } = fixture.gateway;
  const bid = { entry: 4, bidder: 3, priceCents: 5, atMs: 1, retracted: false, record: 2 };
  const bids = [{ ...bid, retractions: 1, bidderId: null }];
  answering(fixture, () => encode(BIDS, { id: 1, auctionId: AUCTION_A, bids, next: 4 }));
  const path = `/v1/auctions/${AUCTION_A}/bids`;
  const page = await http(port, 'GET', `${path}?limit=1&before=9`);
  const shown = { ...bid, bidder: 'b3', retractions: 1 };
  assert.deepEqual(page.body, { auctionId: AUCTION_A, bids: [shown], next: 4 });
  const asked = decode((await fixture.shards.next()).frame).value as object;
  assert.deepEqual(
    { ...asked },
    { id: 1, auctionId: AUCTION_A, before: 9, limit: 1, asAdmin: null },
  );
  assertRefused(await http(port, 'GET', `${path}?limit=0`), 'MALFORMED', 'limit');
  assertRefused(await http(port, 'GET', `${path}?limit=101`), 'MALFORMED', 'limit');
  assertRefused(await http(port, 'GET', `${path}?before=x`), 'MALFORMED', 'before');
  assertRefused(await http(port, 'GET', `${path}?page=2`), 'MALFORMED', 'page');
});

test('a page of auctions asks every shard, from the place where the last one ended', async (t) => {
  const fixture = await start(t, { shardCount: 2 });
  const { port } = fixture.gateway;
  const lastId = '3'.padEnd(22, '0');
  answering(fixture, ({ shard }) => {
    const auctions = [view({ listedAtMs: 1_800 + shard, auctionId: AUCTION_A })];
    const next = shard === 0 ? { nextMs: 1_800, nextId: lastId } : { nextMs: null, nextId: null };
    return encode(AUCTIONS, { id: 1, auctions, ...next });
  });
  const cursor = `1900-${AUCTION_B}`;
  const path = `/v1/auctions?limit=7&status=active&seller=sam&cursor=${cursor}`;
  const { body } = await http(port, 'GET', path);
  const times = (body['auctions'] as AuctionView[]).map(({ listedAtMs }) => listedAtMs);
  assert.deepEqual([times, body['next']], [[1_801, 1_800], `1800-${lastId}`]);
  for (let shard = 0; shard < 2; shard++) {
    const { id: _, ...asked } = decode((await fixture.shards.next()).frame).value as { id: number };
    const before = { beforeUs: 1_900_000, beforeId: AUCTION_B };
    assert.deepEqual(asked, { ...before, limit: 7, status: 'active', seller: 'sam' });
  }
  assertRefused(await http(port, 'GET', '/v1/auctions?status=open'), 'MALFORMED', 'status');
  assertRefused(await http(port, 'GET', '/v1/auctions?cursor=1900-2'), 'MALFORMED', 'cursor');
});

test('the seller blocks bidders; limits of bidders are for admins on the internal listener', async (t) => {
  const fixture = await start(t);
  const { port, internalPort } = fixture.gateway;
  answering(fixture, () => encode(DONE, { id: 1 }));
  const path = `/v1/auctions/${AUCTION_A}`;
  const seller = await fixture.token('sam', ['seller']);
  const admin = await fixture.token('ada', ['admin']);
  const block = { userId: 'bob', blocked: true };
  const limit = { userId: 'bob', limitCents: 9_900 };
  const blocked = await http(port, 'POST', `${path}/blocks`, { token: seller, body: block });
  assert.equal(blocked.status, 200);
  assertRefused(
    await http(port, 'POST', `${path}/bid-limits`, { token: admin, body: limit }),
    'NOT_FOUND',
  );
  const limited = await http(internalPort, 'POST', `${path}/bid-limits`, {
    token: admin,
    body: limit,
  });
  assert.equal(limited.status, 200);
  const byAdmin = await http(internalPort, 'POST', `${path}/blocks`, { token: admin, body: block });
  assert.equal(byAdmin.status, 200);
  const bySeller = { token: seller, body: limit };
  assertRefused(await http(internalPort, 'POST', `${path}/bid-limits`, bySeller), 'ROLE_MISSING');
  const values = fixture.shards.submitted.map(({ frame }) => decode(frame).value);
  const asAdmin = values.map((value) => (value as { asAdmin?: boolean }).asAdmin);
  assert.deepEqual(asAdmin, [false, undefined, true]);
});

test('a bidder is blocked by the id or by the alias, one of the two', async (t) => {
  const fixture = await start(t);
  answering(fixture, () => encode(DONE, { id: 1 }));
  const token = await fixture.token('sam', ['seller']);
  const block = (body: object): Promise<HttpAnswer> =>
    http(fixture.gateway.port, 'POST', `/v1/auctions/${AUCTION_A}/blocks`, { token, body });
  assert.equal((await block({ userId: 'bob', blocked: true })).status, 200);
  assert.equal((await block({ bidder: 'b2', blocked: true })).status, 200);
  assert.equal((await block({ bidder: 'b2', userId: null, blocked: false })).status, 200);
  const values = fixture.shards.submitted.map(({ frame }) => decode(frame).value as BlockBidder);
  assert.deepEqual(
    values.map(({ userId, bidder, blocked }) => [userId, bidder, blocked]),
    [
      ['bob', null, true],
      [null, 2, true],
      [null, 2, false],
    ],
  );
  assertRefused(await block({ blocked: true }), 'MALFORMED', 'userId');
  const both = { userId: 'bob', bidder: 'b2', blocked: true };
  assertRefused(await block(both), 'MALFORMED', 'userId');
  for (const bidder of [2, '2', 'b', 'bob', 'b-1', 'b1234567890', ['b2']]) {
    const refused = await block({ bidder, blocked: true });
    assertRefused(refused, 'MALFORMED', 'bidder');
    assert.equal(refused.body['reason'], 'must be an alias such as b2');
  }
  assertRefused(
    await block({ bidder: 'b2', blocked: true, asAdmin: true }),
    'MALFORMED',
    'asAdmin',
  );
});

test('reading with the role admin says so to the shard, and no body or other role can', async (t) => {
  const fixture = await start(t);
  const { port } = fixture.gateway;
  const path = `/v1/auctions/${AUCTION_A}`;
  answering(fixture, ({ frame }) =>
    decode(frame).type === 'list_bids'
      ? encode(BIDS, { id: 1, auctionId: AUCTION_A, bids: [], next: null })
      : auctionFrame({ leadingBidder: 2 }, { leadingBidderId: 'bob' }),
  );
  const asked = async (token?: string): Promise<unknown[]> => {
    const options = token === undefined ? {} : { token };
    const answers = [
      await http(port, 'GET', path, options),
      await http(port, 'GET', `${path}/bids`, options),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    assert.equal(answers[0]?.body['leadingBidderId'], 'bob', 'what the shard tells is shown');
    assert.ok(!('winnerId' in (answers[0]?.body ?? {})));
    const frames = [await fixture.shards.next(), await fixture.shards.next()];
    return frames.map(({ frame }) => {
      const { type, value } = decode(frame);
      return [type, (value as { asAdmin?: boolean | null }).asAdmin];
    });
  };
  const plain = [
    ['get', undefined],
    ['list_bids', null],
  ];
  assert.deepEqual(await asked(), plain);
  assert.deepEqual(await asked(await fixture.token('sam', ['seller', 'bidder'])), plain);
  assert.deepEqual(await asked(await fixture.token('ada', ['admin'])), [
    ['get_as_admin', undefined],
    ['list_bids', true],
  ]);
  assertRefused(await http(port, 'GET', `${path}/bids?asAdmin=true`), 'MALFORMED', 'asAdmin');
});

test('the time, and who may read where watching is not open', async (t) => {
  const fixture = await start(t, { allowAnonymous: false });
  const { port } = fixture.gateway;
  const { body } = await http(port, 'GET', '/v1/time');
  assert.ok(Math.abs((body['serverTimeMs'] as number) - Date.now()) < 5_000);
  assertRefused(await http(port, 'GET', `/v1/auctions/${AUCTION_A}`), 'NOT_SIGNED_IN');
  answering(fixture, () => auctionFrame());
  const token = await fixture.token('ann', []);
  assert.equal((await http(port, 'GET', `/v1/auctions/${AUCTION_A}`, { token })).status, 200);
});

test('OVERLOADED, UNKNOWN_OUTCOME and TOO_MANY_REQUESTS say when to come again', async (t) => {
  const limits = { requestsPerSecondAndAddress: 2, burstSeconds: 1 };
  const fixture = await start(t, { limits });
  const { port } = fixture.gateway;
  const path = `/v1/auctions/${AUCTION_A}`;
  fixture.shards.full = true;
  const overloaded = await http(port, 'GET', path);
  assertRefused(overloaded, 'OVERLOADED');
  assert.equal(overloaded.headers.get('retry-after'), '1');
  fixture.shards.full = false;
  const waiting = http(port, 'GET', path);
  await fixture.shards.next();
  fixture.clock.forward(10_001);
  const unknown = await waiting;
  assertRefused(unknown, 'UNKNOWN_OUTCOME');
  for (let i = 0; i < 2; i++) await http(port, 'GET', '/v1/time');
  const tooMany = await http(port, 'GET', '/v1/time');
  assertRefused(tooMany, 'TOO_MANY_REQUESTS');
  assert.ok((tooMany.body['retryAfterMs'] as number) <= 500);
});

test('a node that fails answers what waits with UNKNOWN_OUTCOME', async (t) => {
  const fixture = await start(t);
  const waiting = http(fixture.gateway.port, 'GET', `/v1/auctions/${AUCTION_A}`);
  await fixture.shards.next();
  fixture.gateway.failAll('UNKNOWN_OUTCOME');
  assertRefused(await waiting, 'UNKNOWN_OUTCOME');
});

test('health and metrics are on the internal listener only', async (t) => {
  const fixture = await start(t);
  const { port, internalPort } = fixture.gateway;
  assert.equal((await http(internalPort, 'GET', '/livez')).status, 200);
  assert.equal((await http(internalPort, 'GET', '/readyz')).status, 200);
  fixture.gateway.setReady(false);
  assertRefused(await http(internalPort, 'GET', '/readyz'), 'NOT_READY');
  assertRefused(await http(port, 'GET', '/v1/time'), 'NOT_READY');
  fixture.gateway.setReady(true);
  fixture.shards.down.add(1);
  const down = await http(internalPort, 'GET', '/readyz');
  assertRefused(down, 'NOT_READY');
  assert.equal(down.body['reason'], 'shard 1 is being brought back');
  assert.equal((await http(port, 'GET', '/v1/time')).status, 200, 'the others go on');
  const metrics = await http(internalPort, 'GET', '/metrics');
  const text = metrics.body['text'] as string;
  assert.match(text, /gavel_shard_queue_age_seconds\{shard="1"\} 0\b/);
  assert.match(text, /# TYPE gavel_shard_batch_frames histogram/);
  assert.match(text, /gavel_shard_batch_frames_bucket\{shard="0",le="4"\} 3/);
  assert.match(text, /gavel_shard_batch_frames_bucket\{shard="0",le="\+Inf"\} 4/);
  assert.match(text, /gavel_shard_commit_seconds_sum\{shard="0"\} 0\.5/);
  assert.match(text, /gavel_shed_commands_total\{shard="0",why="over_share"\} 0/);
  for (const name of ['gavel_connections', 'gavel_refusals_total{name="NOT_READY"} 3']) {
    assert.ok(text.includes(name), name);
  }
  assert.match(text, /gavel_shard_up\{shard="1"\} 0/);
  assert.match(text, /gavel_shard_deaths_total\{shard="0"\} 2/);
  assert.match(text, /gavel_shard_snapshot_failures_total\{shard="0"\} 1/);
  for (const path of ['/metrics', '/livez', '/readyz']) {
    assertRefused(await http(port, 'GET', path), 'NOT_FOUND');
  }
});
