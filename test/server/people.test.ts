/**
 * What people keep, through the real program: watchlists, saved searches, feedback; over kills, and
 * for people who sign in elsewhere.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createKey, jwksOf, signToken } from '../../src/gateway/token.ts';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import {
  gavel,
  randomFrom,
  seedOfRun,
  Server,
  temporaryFolder,
  UNLIMITED,
  until,
} from './harness.ts';
import type { Fields } from './wire-client.ts';
import { list, rest, WireClient } from './wire-client.ts';

const limited = { timeout: 120_000 };
const KILLS = 4;

interface Watched extends Fields {
  readonly auctionId: string;
}
interface Watchlist {
  readonly total: number;
  readonly auctions: readonly Watched[];
  readonly next: string | null;
}

type Method = Parameters<typeof rest>[2];
type Asked = Awaited<ReturnType<typeof rest>>;

async function did(asked: Promise<Asked>, status = 200): Promise<Fields> {
  const { text, body, ...given } = await asked;
  assert.equal(given.status, status, text);
  return body;
}

async function auctionsOf(asked: Promise<Asked>): Promise<readonly Watched[]> {
  return ((await did(asked)) as unknown as Watchlist).auctions;
}

async function refused(asked: Promise<Asked>, name: keyof typeof REFUSALS): Promise<void> {
  const { status, body, text } = await asked;
  assert.equal(body['name'], name, text);
  assert.equal(status, REFUSALS[name].http);
}

test('a watchlist shows how its auctions stand, and who watches counts', limited, async (t) => {
  const server = await Server.start({ env: UNLIMITED });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller']);
  const [ann, bob] = [await server.token('ann'), await server.token('bob')];
  const { auctionId: lamp } = await list(server.url, seller, { title: 'Brass lamp' });
  const { auctionId: vase } = await list(server.url, seller, { title: 'Blue vase' });
  const at = (token: string, method: Method, path: string): Promise<Asked> =>
    rest(server.url, token, method, path);
  const put = (token: string, id: unknown): Promise<Asked> =>
    at(token, 'PUT', `/v1/me/watchlist/${String(id)}`);

  await did(put(ann, lamp));
  await did(put(ann, vase));
  await did(put(ann, vase));
  await did(put(bob, vase));
  await refused(put(ann, 'x'.repeat(22)), 'AUCTION_UNKNOWN');
  await refused(put('nobody', lamp), 'TOKEN_INVALID');
  const bids = `/v1/auctions/${String(lamp)}/bids`;
  await did(rest(server.url, ann, 'POST', bids, { nonce: 'nonce-one', amountCents: 5_000 }));

  const shown = await until('both cards stand on the list', async () => {
    const page = (await did(at(ann, 'GET', '/v1/me/watchlist'))) as unknown as Watchlist;
    const [first, second] = page.auctions;
    return first?.['watchCount'] === 2 && second?.['bidCount'] === 1 ? page : undefined;
  });
  assert.equal(shown.total, 2);
  const [first, second] = shown.auctions;
  assert.deepEqual([first?.auctionId, second?.auctionId], [vase, lamp]);
  assert.deepEqual([second?.['ownBids'], second?.['leading']], [1, true]);
  assert.deepEqual([second?.['watchCount'], first?.['ownBids']], [1, undefined]);
  // A bid weighs more than two who watch.
  const trending = await auctionsOf(at(ann, 'GET', '/v1/auctions/trending'));
  const order = trending.map(({ auctionId }) => auctionId);
  assert.deepEqual(order, [lamp, vase]);
  const page = '/v1/me/watchlist?limit=1&cursor=';
  const newest = (await did(at(ann, 'GET', page))) as unknown as Watchlist;
  const older = (await did(at(ann, 'GET', page + newest.next))) as unknown as Watchlist;
  assert.deepEqual([older.auctions[0]?.auctionId, older.next], [lamp, null]);
  await refused(at(ann, 'GET', `${page}nonsense`), 'MALFORMED');

  await did(at(ann, 'DELETE', `/v1/me/watchlist/${String(vase)}`));
  await until('the count goes down', async () => {
    const [card] = await auctionsOf(at(bob, 'GET', '/v1/me/watchlist'));
    return card?.['watchCount'] === 1 || undefined;
  });
});

/** What somebody was told to have on the watchlist; null: not known. */
type Told = Map<string, boolean | null>;

/** Adds and takes off until the server is gone. */
async function change(
  server: Server,
  token: string,
  told: Told,
  ids: readonly string[],
  below: (limit: number) => number,
): Promise<void> {
  for (;;) {
    const id = ids[below(ids.length)] as string;
    const isOn = below(3) > 0;
    told.set(id, null);
    const asked = rest(server.url, token, isOn ? 'PUT' : 'DELETE', `/v1/me/watchlist/${id}`);
    const answer = await asked.catch(() => null);
    if (answer === null || answer.status === 503) return;
    assert.equal(answer.status, 200, answer.text);
    told.set(id, isOn);
  }
}

async function changeAll(
  server: Server,
  people: readonly string[],
  told: readonly Told[],
  ids: readonly string[],
  below: (limit: number) => number,
): Promise<void> {
  const changes = people.map((token, i) => change(server, token, told[i] as Told, ids, below));
  await Promise.all(changes);
}

/** Every list is as its owner was told; how many lists each auction is on. */
async function keptAsTold(
  server: Server,
  people: readonly string[],
  told: readonly Told[],
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const [who, token] of people.entries()) {
    const cards = await auctionsOf(rest(server.url, token, 'GET', '/v1/me/watchlist?limit=100'));
    const on = new Set(cards.map(({ auctionId }) => auctionId));
    for (const [id, isOn] of told[who] ?? []) {
      if (isOn !== null) assert.equal(on.has(id), isOn, `${id} of ${who}`);
    }
    for (const id of on) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Waits until the read model counts the same. */
function counted(
  server: Server,
  token: string,
  ids: readonly string[],
  counts: ReadonlyMap<string, number>,
): Promise<true> {
  return until('the read model counts the same', async () => {
    const { status, body } = await rest(server.url, token, 'GET', '/v1/search?limit=100');
    const { auctions } = body as unknown as Watchlist;
    if (status !== 200 || auctions.length !== ids.length) return undefined;
    const isSame = auctions.every(
      ({ auctionId, watchCount }) => watchCount === (counts.get(auctionId) ?? 0),
    );
    return isSame || undefined;
  });
}

test('what was answered is kept over kills, and counted once', limited, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed}`);
  const below = randomFrom(seed);
  const data = temporaryFolder();
  let server = await Server.start({ data, env: UNLIMITED });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller']);
  const people = await Promise.all(['ann', 'bob', 'carol'].map((name) => server.token(name)));
  const ids: string[] = [];
  for (let i = 0; i < 30; i++) ids.push(String((await list(server.url, seller))['auctionId']));
  const told: Told[] = people.map(() => new Map());
  for (let kill = 0; kill < KILLS; kill++) {
    setTimeout((child) => child.kill('SIGKILL'), 50 + below(400), server.child);
    await changeAll(server, people, told, ids, below);
    await server.exited;
    server = await Server.start({ data, env: UNLIMITED });
    const counts = await keptAsTold(server, people, told);
    await counted(server, seller, ids, counts);
  }
  assert.equal(await server.stop(), 0);
  const rebuilt = await gavel('project', 'rebuild', '--data', data);
  assert.equal(rebuilt.code, 0, rebuilt.err);
  const verified = await gavel('verify', '--data', data);
  assert.equal(verified.code, 0, verified.err);
});

test('both sides of a sale leave feedback once; others cannot', limited, async (t) => {
  const server = await Server.start({ env: UNLIMITED });
  t.after(() => server.kill());
  const sam = await server.token('sam', ['seller', 'bidder']);
  const [ann, bob] = [await server.token('ann'), await server.token('bob')];
  const buyNowCents = 9_000;
  const { auctionId } = await list(server.url, sam, { title: 'Brass lamp', buyNowCents });
  const ofAuction = `/v1/auctions/${String(auctionId)}`;
  const get = (token: string, path: string): Promise<Asked> => rest(server.url, token, 'GET', path);
  const leave = (token: string, body: Fields): Promise<Asked> =>
    rest(server.url, token, 'POST', `${ofAuction}/feedback`, body);
  await refused(leave(sam, { rating: 1 }), 'AUCTION_NOT_SOLD');
  await refused(leave(ann, { rating: 1 }), 'NOT_YOUR_SALE');
  await did(rest(server.url, ann, 'POST', `${ofAuction}/buy-now`, { nonce: 'nonce-buy' }));

  const feed = await WireClient.connect(server.url, sam);
  const due = async (token: string): Promise<readonly unknown[]> =>
    (await auctionsOf(get(token, '/v1/me/feedback/due'))).map((one) => [one.auctionId, one['as']]);
  await until('the lists are there', async () => {
    const { status } = await get(ann, '/v1/me/feedback/due');
    return status === 200 || undefined;
  });
  await until('the sale is known', async () => (await due(ann)).length === 1 || undefined);
  assert.deepEqual(await due(sam), [[auctionId, 'seller']]);
  await refused(leave(bob, { rating: 1 }), 'NOT_YOUR_SALE');
  await refused(leave(ann, { rating: 2 }), 'MALFORMED');
  await refused(leave(ann, { rating: 1, text: 'x'.repeat(501) }), 'MALFORMED');
  await did(leave(ann, { rating: -1, text: 'Broken.' }), 201);
  await refused(leave(ann, { rating: 1 }), 'FEEDBACK_GIVEN');
  await did(leave(sam, { rating: 1 }), 201);
  assert.deepEqual(await due(ann), []);

  const { fields } = await feed.push(({ name }) => name === 'feedback_received');
  assert.deepEqual([fields['auctionId'], fields['rating']], [auctionId, 'negative']);
  const profile = await did(get(bob, '/v1/users/sam'));
  assert.equal((profile['feedback'] as Fields)['score'], -1);
  const first = async (token: string, path: string): Promise<Fields> => {
    const [one] = (await did(get(token, path)))['feedback'] as Fields[];
    return one ?? assert.fail(`nothing at ${path}`);
  };
  const toSam = await first(bob, '/v1/users/sam/feedback');
  assert.deepEqual([toSam['text'], toSam['auctionId']], ['Broken.', auctionId]);
  assert.ok(!('by' in toSam));
  const toAnn = await first(bob, '/v1/users/ann/feedback');
  assert.deepEqual([toAnn['rating'], toAnn['auctionId']], [1, undefined]);
  const own = await first(ann, '/v1/me/feedback');
  assert.deepEqual([own['by'], own['auctionId']], ['sam', auctionId]);
  const [sold] = await auctionsOf(get(bob, '/v1/users/sam/listings'));
  assert.equal(sold?.auctionId, auctionId);
  feed.close();
});

test('a saved search tells of what is listed and fits, and nothing else', limited, async (t) => {
  const server = await Server.start({ env: UNLIMITED });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller', 'bidder']);
  const ann = await server.token('ann');
  const save = (token: string, body: Fields): Promise<Asked> =>
    rest(server.url, token, 'POST', '/v1/me/searches', body);
  await list(server.url, seller, { title: 'Brass lamp from before' });
  const query = 'q=brass+lam&maxPrice=2000';
  const saved = await did(save(ann, { name: 'Lamps', query }), 201);
  await did(save(seller, { name: 'My own', query }), 201);
  await refused(save(ann, { name: 'Lamps', query: 'colour=red' }), 'MALFORMED');
  await refused(save(ann, { name: 'Lamps', query: 'maxPrice=cheap' }), 'MALFORMED');
  await refused(save(ann, { name: '', query }), 'MALFORMED');
  const feed = await WireClient.connect(server.url, ann);
  const own = await WireClient.connect(server.url, seller);
  const told = (): unknown[] =>
    feed.pushed
      .filter(({ name }) => name === 'search_found')
      .map(({ fields }) => fields['auctionId']);
  const lamps: unknown[] = [];
  // What is listed before the server has looked for the first time is not news.
  await until(
    'something that fits is told',
    async () => {
      await list(server.url, seller, { title: 'Brass lamp, dear', startPriceCents: 3_000 });
      await list(server.url, seller, { title: 'Brass clock', startPriceCents: 1_000 });
      const fits = { title: 'A lamp of brass', startPriceCents: 1_000 };
      lamps.push((await list(server.url, seller, fits))['auctionId']);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return told().length > 0 || undefined;
    },
    60_000,
  );
  const { fields } = await feed.push(({ name }) => name === 'search_found');
  assert.deepEqual([fields['search'], fields['name']], [saved['id'], 'Lamps']);
  assert.equal(fields['title'], 'A lamp of brass');
  for (const id of told()) assert.ok(lamps.includes(id));
  assert.equal(new Set(told()).size, told().length, 'each once');
  assert.ok(!own.pushed.some(({ name }) => name === 'search_found'), 'not of one’s own');
  await did(rest(server.url, ann, 'DELETE', `/v1/me/searches/${String(saved['id'])}`));
  const { searches } = await did(rest(server.url, ann, 'GET', '/v1/me/searches'));
  assert.deepEqual(searches, []);
  feed.close();
  own.close();
});

test('people who sign in elsewhere keep things here as well', limited, async (t) => {
  const data = temporaryFolder();
  const key = await createKey();
  const jwks = join(dirname(data), 'jwks.json');
  writeFileSync(jwks, JSON.stringify(jwksOf(key)));
  const env = { ...UNLIMITED, GAVEL_AUTH_JWKS: jwks };
  let server = await Server.start({ data, env });
  t.after(() => server.kill());
  const tokenOf = (sub: string, roles: ('bidder' | 'seller')[]): Promise<string> => {
    const who = { issuer: 'gavel', audience: 'gavel', ttlMs: 3_600_000, nowMs: Date.now() };
    return signToken(key, { sub, roles, ...who });
  };
  const sam = await tokenOf('sam@elsewhere', ['seller']);
  const ann = await tokenOf('ann@elsewhere', ['bidder']);
  const { auctionId } = await list(server.url, sam);
  await did(rest(server.url, ann, 'PUT', `/v1/me/watchlist/${String(auctionId)}`));
  await refused(rest(server.url, ann, 'GET', '/v1/me'), 'ACCOUNTS_ELSEWHERE');
  await server.kill();
  server = await Server.start({ data, env });
  const [card] = await auctionsOf(rest(server.url, ann, 'GET', '/v1/me/watchlist'));
  assert.equal(card?.auctionId, auctionId);
  const profile = await did(rest(server.url, ann, 'GET', '/v1/users/sam%40elsewhere'));
  assert.equal(profile['userId'], 'sam@elsewhere');
});
