/** REST helpers: what they ask, how they read it, and which errors they make of what goes wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  InvalidArgument,
  Refused,
  RequestFailed,
  TimedOut,
  UnknownOutcome,
} from '../../src/client/errors.ts';
import { Rest } from '../../src/client/rest.ts';
import { refusalFields, withAliases } from '../../src/protocol/json-codec.ts';
import { AUCTION } from '../../src/protocol/messages/auction.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { AUCTION_ID, view } from './fixture.ts';
import { UNSAID_SHOWN } from '../unsaid.ts';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A REST client whose requests end here. */
function rest(
  status: number,
  reply: unknown,
): { readonly rest: Rest; readonly requests: Request[] } {
  const requests: Request[] = [];
  const answer = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    if (reply instanceof Error) throw reply;
    requests.push({
      method: init.method ?? '',
      path: String(url).replace('https://gavel.test', ''),
      headers: init.headers as Record<string, string>,
      body: typeof init.body === 'string' ? JSON.parse(init.body) : null,
    });
    return new Response(typeof reply === 'string' ? reply : JSON.stringify(reply), { status });
  };
  const made = new Rest({
    url: 'wss://gavel.test/v1/ws',
    token: 'token',
    fetch: answer as typeof fetch,
  });
  return { rest: made, requests };
}

/** An auction as the gateway writes it. */
function auctionJson(
  values: Parameters<typeof view>[0] = {},
  bidders: { leadingBidderId?: string; winnerId?: string } = {},
): unknown {
  const text = {
    title: 'A watch',
    description: 'It ticks.',
    category: ['Watches'],
    ...UNSAID_SHOWN,
  };
  const named = AUCTION.toNamed({
    id: 1,
    auction: view(values),
    text,
    leadingBidderId: null,
    winnerId: null,
    relistedAs: null,
  }) as {
    auction: object;
    text: object;
  };
  return withAliases({ ...named.auction, ...named.text, ...bidders });
}

const standing = {
  code: 0,
  epoch: 1,
  seq: 3,
  record: 7,
  currentPriceCents: 1000,
  status: 'leading',
  minimumNextCents: 1050,
  suggestedCents: [1050, 1100, 1150],
  endsAtMs: 1_700_000_060_000,
  serverTimeMs: 1_700_000_000_000,
};

test('lists an auction, and reads it back as the view that messages carry', async () => {
  const sold = { status: 'sold', winner: 3, leadingBidder: 3, endReason: 'time' } as const;
  for (const values of [{}, { buyNowCents: null }, sold]) {
    const { rest: gavel, requests } = rest(201, auctionJson(values));
    const listing = { title: 'A watch', currency: 'EUR', startPriceCents: 1000, endsAtMs: 1 };
    const listed = await gavel.createAuction(listing);
    assert.deepEqual(listed, {
      ...view(values),
      description: 'It ticks.',
      category: ['Watches'],
      ...UNSAID_SHOWN,
      additions: [],
      relistedAs: null,
      leadingBidderId: null,
      winnerId: null,
    });
    const key = requests[0]?.headers['idempotency-key'] ?? '';
    assert.match(key, /^[\w-]{16}$/);
    const json = { authorization: 'Bearer token', 'content-type': 'application/json' };
    const headers = { ...json, 'idempotency-key': key };
    assert.deepEqual(requests, [{ method: 'POST', path: '/v1/auctions', headers, body: listing }]);
  }
});

test('a listing whose answer is lost is sent once more, with the same key', async () => {
  const listing = { title: 'A watch', currency: 'EUR', startPriceCents: 1000, endsAtMs: 1 };
  const unknown = refusalFields(REFUSALS.UNKNOWN_OUTCOME.code);
  const overloaded = refusalFields(REFUSALS.OVERLOADED.code);
  const invalid = refusalFields(REFUSALS.INVALID_LISTING.code);
  const reset = new TypeError('fetch failed', { cause: new Error('reset') });
  const late = Object.assign(new Error('too late'), { name: 'TimeoutError' });
  type Step = Error | readonly [number, unknown];
  const create = async (
    ...steps: Step[]
  ): Promise<{ result: unknown; keys: (string | undefined)[] }> => {
    const keys: (string | undefined)[] = [];
    const answer = async (_url: unknown, init: RequestInit = {}): Promise<Response> => {
      keys.push((init.headers as Record<string, string>)['idempotency-key']);
      const step = steps[keys.length - 1] ?? assert.fail('sent too often');
      if (step instanceof Error) throw step;
      return new Response(JSON.stringify(step[1]), { status: step[0] });
    };
    const gavel = new Rest({ url: 'http://gavel.test', fetch: answer as typeof fetch });
    const asked = gavel.createAuction(listing, { nonce: 'my-own-nonce' });
    return { result: await asked.catch((error: unknown) => error), keys };
  };
  for (const lost of [reset, late, [503, unknown], [502, 'bad gateway']] as Step[]) {
    const found = await create(lost, [201, auctionJson()]);
    assert.equal((found.result as { auctionId: string }).auctionId, AUCTION_ID);
    assert.deepEqual(found.keys, ['my-own-nonce', 'my-own-nonce']);
    // Refused by the auction's shard: it was not listed before either. By the gateway: who knows.
    assert.ok((await create(lost, [400, invalid])).result instanceof Refused);
    for (const open of [lost, [503, overloaded]] as Step[]) {
      const { result, keys } = await create(lost, open);
      assert.ok(result instanceof UnknownOutcome);
      assert.deepEqual([result.auctionId, result.nonce], [null, 'my-own-nonce']);
      assert.equal(keys.length, 2);
    }
  }
  const refused = await create([503, overloaded]);
  assert.ok(refused.result instanceof Refused);
  assert.equal(refused.keys.length, 1);
});

test('reads who the bidders are, where the server tells it', async () => {
  const told = { leadingBidderId: 'bob', winnerId: 'ann' };
  const { rest: gavel } = rest(200, auctionJson({}, told));
  const { leadingBidderId, winnerId } = await gavel.auction(AUCTION_ID);
  assert.deepEqual({ leadingBidderId, winnerId }, told);
  const entry = { entry: 4, bidder: 'b2', priceCents: 100, atMs: 5, retracted: false, record: 9 };
  const seen = { retractions: 2, bidderId: 'bob' };
  const history = rest(200, { auctionId: AUCTION_ID, bids: [{ ...entry, ...seen }], next: null });
  const { bids } = await history.rest.bids(AUCTION_ID);
  assert.deepEqual(bids, [{ ...entry, bidder: 2, ...seen }]);
});

test('asks for pages', async () => {
  const page = { auctions: [auctionJson()], next: '1700-2' };
  const { rest: gavel, requests } = rest(200, page);
  const found = await gavel.auctions({ status: 'active', limit: 5, cursor: '1800-1' });
  assert.equal(found.next, '1700-2');
  assert.equal(found.auctions[0]?.leadingBidder, 0);
  assert.equal(requests[0]?.path, '/v1/auctions?status=active&limit=5&cursor=1800-1');

  const entry = { entry: 4, priceCents: 100, atMs: 5, retracted: false, record: 9 };
  const history = rest(200, {
    auctionId: AUCTION_ID,
    bids: [{ ...entry, bidder: 'b2' }],
    next: null,
  });
  const bids = await history.rest.bids(AUCTION_ID, { before: 9 });
  const read = { ...entry, bidder: 2, retractions: null, bidderId: null };
  assert.deepEqual(bids, { auctionId: AUCTION_ID, bids: [read], next: null });
  assert.equal(history.requests[0]?.path, `/v1/auctions/${AUCTION_ID}/bids?before=9`);
  await history.rest.bids(AUCTION_ID);
  assert.equal(history.requests[1]?.path, `/v1/auctions/${AUCTION_ID}/bids`);
});

test('every other route', async () => {
  const { rest: gavel, requests } = rest(200, { ...(auctionJson() as object), serverTimeMs: 7 });
  assert.equal(await gavel.time(), 7);
  await gavel.auction(AUCTION_ID);
  await gavel.changeAuction(AUCTION_ID, { title: 'Another' });
  await gavel.cancelAuction(AUCTION_ID, 'sell');
  await gavel.blockBidder(AUCTION_ID, 'bob');
  await gavel.blockBidder(AUCTION_ID, 2, false);
  assert.deepEqual(
    requests.map(({ method, path, body }) => [method, path.replace(AUCTION_ID, '{id}'), body]),
    [
      ['GET', '/v1/time', null],
      ['GET', '/v1/auctions/{id}', null],
      ['PUT', '/v1/auctions/{id}', { title: 'Another' }],
      ['POST', '/v1/auctions/{id}/cancel', { how: 'sell' }],
      ['POST', '/v1/auctions/{id}/blocks', { userId: 'bob', blocked: true }],
      ['POST', '/v1/auctions/{id}/blocks', { bidder: 'b2', blocked: false }],
    ],
  );
});

test('bids with a nonce, and reads the answer', async () => {
  const { rest: gavel, requests } = rest(200, standing);
  const { code: _, ...expected } = standing;
  const result = await gavel.bid(AUCTION_ID, 2000, { nonce: 'my-own-nonce', confirm: true });
  assert.deepEqual(result, { accepted: true, refusal: null, nonce: 'my-own-nonce', ...expected });
  assert.deepEqual(requests[0]?.body, { confirm: true, nonce: 'my-own-nonce', amountCents: 2000 });
  await gavel.buyNow(AUCTION_ID);
  await gavel.retract(AUCTION_ID);
  const [, purchase] = requests as { body: { nonce: string } }[];
  assert.match(purchase?.body.nonce ?? '', /^[\w-]{16}$/);
  assert.match(requests[2]?.path ?? '', /retract$/);
});

test('a refused bid is a result; any other refusal an error', async () => {
  const { code } = REFUSALS.BID_TOO_LOW;
  const body = { ...standing, ...refusalFields(code) };
  const refused = await rest(409, body).rest.bid(AUCTION_ID, 1);
  assert.equal(refused.accepted, false);
  assert.equal(refused.refusal?.name, 'BID_TOO_LOW');
  assert.equal(refused.minimumNextCents, 1050);
  const bare = await rest(404, refusalFields(REFUSALS.AUCTION_UNKNOWN.code)).rest.bid(
    AUCTION_ID,
    1,
  );
  assert.equal(bare.refusal?.name, 'AUCTION_UNKNOWN');
  assert.equal(bare.status, undefined);
  const unknown = rest(404, refusalFields(REFUSALS.AUCTION_UNKNOWN.code)).rest.auction(AUCTION_ID);
  await assert.rejects(unknown, (error) => error instanceof Refused && error.refusal.code === 3000);
});

test('a bid whose answer did not come has an unknown outcome; a question just failed', async () => {
  const timeOut = Object.assign(new Error('too late'), { name: 'TimeoutError' });
  const unknown = refusalFields(REFUSALS.UNKNOWN_OUTCOME.code);
  const cases: [number, unknown, new (...parts: never[]) => Error][] = [
    [0, new TypeError('fetch failed', { cause: new Error('reset') }), RequestFailed],
    [0, timeOut, TimedOut],
    [502, '<html>bad gateway</html>', RequestFailed],
    [503, unknown, Refused],
  ];
  for (const [status, reply, asked] of cases) {
    const { rest: gavel } = rest(status, reply);
    await assert.rejects(
      gavel.bid(AUCTION_ID, 1, { nonce: 'my-own-nonce' }),
      (error) => error instanceof UnknownOutcome && error.nonce === 'my-own-nonce',
    );
    await assert.rejects(gavel.auction(AUCTION_ID), asked);
  }
  await assert.rejects(rest(0, timeOut).rest.bid(AUCTION_ID, 1, { dryRun: true }), TimedOut);
});

test('addresses and times that make no sense are told at once', () => {
  assert.throws(() => new Rest({ url: 'ftp://gavel.test' }), InvalidArgument);
  assert.throws(() => new Rest({ url: 'http://gavel.test', timeoutMs: -1 }), InvalidArgument);
});
