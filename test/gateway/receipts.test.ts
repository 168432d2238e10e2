/** Receipts and reports at the doors: who gets one, how, and that nothing leaves unsigned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MSGPACK_PROTOCOL } from '../../src/gateway/web-socket-door.ts';
import { ANSWER } from '../../src/protocol/messages/answer.ts';
import { AUCTION } from '../../src/protocol/messages/auction.ts';
import { GET_RECEIPT } from '../../src/protocol/messages/get-receipt.ts';
import { RECEIPT } from '../../src/protocol/messages/receipt.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import type { ReceiptOffice } from '../../src/receipt/office.ts';
import { openCompact, publicKeysOf } from '../../src/receipt/signature.ts';
import { TEST_OFFICE } from '../receipt/office.ts';
import { Client } from './client.ts';
import type { Submitted } from './fake-shards.ts';
import { decode, deliver, encode } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, start, view } from './fixtures.ts';
import type { HttpAnswer } from './http.ts';
import { http } from './http.ts';
import { answerOf, refusedFrame } from './messages.ts';
import { UNSAID_SHOWN } from '../unsaid.ts';

const STATEMENT = '{"auctionId":"AuctionAAAAAAAAAAAAAAA","record":7}';
const keys = publicKeysOf({ keys: TEST_OFFICE.publicKeys });

function answering(fixture: Fixture, reply: (submitted: Submitted) => Uint8Array): void {
  fixture.shards.onSubmit = (submitted) =>
    deliver(fixture.gateway.deliveries, (to) => to.reply(submitted.conn, reply(submitted)));
}

function auctionFrame(over: Partial<AuctionView>): Uint8Array {
  const text = { title: 'A lamp', description: '', category: [], ...UNSAID_SHOWN };
  return encode(AUCTION, {
    id: 1,
    auction: view(over),
    text,
    leadingBidderId: null,
    winnerId: null,
    relistedAs: null,
  });
}

function assertRefused({ status, body }: HttpAnswer, name: keyof typeof REFUSALS): void {
  assert.equal(body['name'], name, JSON.stringify(body));
  assert.equal(status, REFUSALS[name].http);
}

const opened = (receipt: unknown): string =>
  openCompact('gavel-receipt', receipt as string, keys).text;

test('the public keys are open to all, and only the public half', async (t) => {
  const fixture = await start(t, { allowAnonymous: false });
  const { status, body } = await http(fixture.gateway.port, 'GET', '/v1/keys');
  assert.equal(status, 200);
  assert.deepEqual(body, { keys: [TEST_OFFICE.publicKeys[0]] });
  assert.doesNotMatch(JSON.stringify(body), /"d":/);
});

test('a receipt over REST is what the shard states, signed', async (t) => {
  const fixture = await start(t);
  const token = await fixture.token('ann');
  answering(fixture, () => encode(RECEIPT, { id: 1, receipt: STATEMENT }));
  const path = `/v1/auctions/${AUCTION_A}/bids/7/receipt`;
  const { status, body } = await http(fixture.gateway.port, 'GET', path, { token });
  assert.equal(status, 200);
  assert.equal(opened(body['receipt']), STATEMENT);
  const asked = decode((await fixture.shards.next()).frame);
  assert.deepEqual(
    [asked.type, asked.value],
    ['get_receipt', { id: 1, auctionId: AUCTION_A, record: 7 }],
  );
});

test('a receipt over REST is refused without a token, a role, a number, or the record', async (t) => {
  const fixture = await start(t);
  const { port } = fixture.gateway;
  const ask = (record: string, token?: string): Promise<HttpAnswer> =>
    http(
      port,
      'GET',
      `/v1/auctions/${AUCTION_A}/bids/${record}/receipt`,
      token === undefined ? {} : { token },
    );
  answering(fixture, () => refusedFrame(1, 'RECORD_UNKNOWN', { field: 'record' }));
  assertRefused(await ask('7'), 'NOT_SIGNED_IN');
  assertRefused(await ask('7', await fixture.token('eve', ['admin'])), 'ROLE_MISSING');
  const token = await fixture.token('ann');
  for (const record of ['x', '-1', '1.5', '1e3', '9'.repeat(16)]) {
    assertRefused(await ask(record, token), 'MALFORMED');
  }
  assertRefused(await ask('', token), 'NOT_FOUND');
  assert.equal(fixture.shards.submitted.length, 0);
  assertRefused(await ask('7', token), 'RECORD_UNKNOWN');
  assertRefused(await ask('7', await fixture.token('sam', ['seller'])), 'RECORD_UNKNOWN');
});

test('a bid over REST carries its receipt when asked to, refused or not, and a dry run none', async (t) => {
  const fixture = await start(t);
  const token = await fixture.token('ann');
  const bid = (query: string, over: object = {}): Promise<HttpAnswer> => {
    const body = { nonce: 'nonce-000001', amountCents: 500, ...over };
    return http(fixture.gateway.port, 'POST', `/v1/auctions/${AUCTION_A}/bids${query}`, {
      token,
      body,
    });
  };
  let code = 0;
  let receipt = encode(RECEIPT, { id: 1, receipt: STATEMENT });
  answering(fixture, ({ frame }) => {
    const { type, value } = decode(frame);
    const isDry = (value as { dryRun?: boolean }).dryRun === true;
    return type === 'get_receipt'
      ? receipt
      : encode(ANSWER, answerOf(1, { code, record: isDry ? 0 : 7 }));
  });
  const accepted = await bid('?receipt=true');
  assert.equal(accepted.status, 200);
  assert.equal(opened(accepted.body['receipt']), STATEMENT);
  code = REFUSALS.BID_TOO_LOW.code;
  const refused = await bid('?receipt=true');
  assert.equal(refused.status, 409);
  assert.equal(opened(refused.body['receipt']), STATEMENT);
  code = 0;
  assert.ok(!('receipt' in (await bid('')).body));
  assert.ok(!('receipt' in (await bid('?receipt=false')).body));
  assert.ok(!('receipt' in (await bid('?receipt=true', { dryRun: true })).body));
  // What was decided is told, whatever becomes of the receipt.
  receipt = refusedFrame(1, 'OVERLOADED');
  const without = await bid('?receipt=true');
  assert.deepEqual([without.status, without.body['code'], without.body['receipt']], [200, 0, null]);

  const sent = fixture.shards.submitted.length;
  assertRefused(await bid('?receipt=yes'), 'MALFORMED');
  assert.equal(fixture.shards.submitted.length, sent);
});

for (const protocol of [MSGPACK_PROTOCOL, 'gavel.v1.json']) {
  test(`over a WebSocket (${protocol}) the statement leaves signed, under the id of the request`, async (t) => {
    const fixture = await start(t);
    const client = await Client.signedIn(fixture, 'ann', { protocol });
    answering(fixture, () => encode(RECEIPT, { id: 5, receipt: STATEMENT }));
    client.send(GET_RECEIPT, { id: 5, auctionId: AUCTION_A, record: 7 });
    const { id, receipt } = await client.next('receipt');
    assert.equal(id, 5);
    assert.equal(opened(receipt), STATEMENT);
    // More of them than may be in flight: each is let go of when it is answered.
    for (let i = 0; i < 10; i++) {
      client.send(GET_RECEIPT, { id: 5, auctionId: AUCTION_A, record: 7 });
      await client.next('receipt');
    }
    client.socket.close();
  });
}

test('a receipt that cannot be signed is refused and logged, and its statement does not leave', async (t) => {
  const receipts: ReceiptOffice = {
    ...TEST_OFFICE,
    sign: () => Promise.reject(new Error('no key')),
  };
  const fixture = await start(t, { receipts, limits: { inFlightPerConnectionMax: 2 } });
  const client = await Client.signedIn(fixture);
  answering(fixture, () => encode(RECEIPT, { id: 5, receipt: STATEMENT }));
  for (let i = 0; i < 5; i++) {
    client.send(GET_RECEIPT, { id: 5, auctionId: AUCTION_A, record: 7 });
    assert.equal((await client.next('refused'))['code'], REFUSALS.INTERNAL.code);
  }
  assert.ok(fixture.logged.some(({ message }) => /could not be signed/.test(message)));
  const token = await fixture.token('ann');
  const path = `/v1/auctions/${AUCTION_A}/bids/7/receipt`;
  assertRefused(await http(fixture.gateway.port, 'GET', path, { token }), 'INTERNAL');
  client.socket.close();
});

test('a report is for the seller and for admins, once the auction is over', async (t) => {
  const asked: unknown[] = [];
  let outcome: Awaited<ReturnType<ReceiptOffice['report']>> = { file: '{"report":1}\n' };
  const receipts: ReceiptOffice = {
    ...TEST_OFFICE,
    report: (...request) => {
      asked.push(request);
      return Promise.resolve(outcome);
    },
  };
  const fixture = await start(t, { receipts, shardCount: 1 });
  let shown: Partial<AuctionView> = { status: 'sold', listedAtMs: 1_700_000_000_000 };
  answering(fixture, () => auctionFrame(shown));
  const path = `/v1/auctions/${AUCTION_A}/report`;
  const get = async (sub: string, role: 'bidder' | 'seller' | 'admin'): Promise<HttpAnswer> =>
    http(fixture.gateway.port, 'GET', path, { token: await fixture.token(sub, [role]) });
  assertRefused(await http(fixture.gateway.port, 'GET', path), 'NOT_SIGNED_IN');
  assertRefused(await get('ann', 'bidder'), 'ROLE_MISSING');
  assertRefused(await get('sue', 'seller'), 'NOT_YOUR_AUCTION');
  assert.equal(asked.length, 0);
  for (const answer of [await get('sam', 'seller'), await get('eve', 'admin')]) {
    assert.deepEqual([answer.status, answer.body], [200, { report: 1 }]);
  }
  assert.deepEqual(asked[0], [AUCTION_A, 0, 1_700_000_000_000_000]);

  outcome = 'busy';
  assertRefused(await get('sam', 'seller'), 'OVERLOADED');
  outcome = 'too long';
  assertRefused(await get('sam', 'seller'), 'TOO_LARGE');
  for (const status of ['scheduled', 'active'] as const) {
    shown = { status, endsAtMs: fixture.clock.nowUs() / 1000 + 90_000 };
    shown = { ...shown, endsAtMs: Math.floor(shown.endsAtMs ?? 0) };
    const early = await get('sam', 'seller');
    assertRefused(early, 'AUCTION_NOT_OVER');
    const waitSeconds = Number(early.headers.get('retry-after'));
    assert.ok(waitSeconds > 80 && waitSeconds <= 90, `${waitSeconds}`);
  }
});
