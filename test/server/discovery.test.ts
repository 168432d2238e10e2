/**
 * Search and lists through the real program: what is listed and bid on is found within moments,
 * also after SIGKILL at any time, and a read model that is gone or broken is made again.
 */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Card } from '../../src/projection/cards.ts';
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
import { list, rest } from './wire-client.ts';

const KILLS = 6;

interface Page {
  readonly auctions: readonly (Card & Fields)[];
  readonly next: string | null;
}

async function get(server: Server, token: string, path: string): Promise<Page> {
  const { status, text, body } = await rest(server.url, token, 'GET', path);
  assert.equal(status, 200, text);
  return body as unknown as Page;
}

/** Waits until the read model shows what is asked for. */
function found(server: Server, token: string, path: string, count: number): Promise<Page> {
  return until(`${count} at ${path}`, async () => {
    const { status, body } = await rest(server.url, token, 'GET', path);
    const page = body as unknown as Page;
    return status === 200 && page.auctions.length === count ? page : undefined;
  });
}

async function bid(server: Server, token: string, id: string, amountCents: number): Promise<void> {
  const body = { nonce: `nonce-${amountCents}-${id}`, amountCents };
  const { status, text } = await rest(server.url, token, 'POST', `/v1/auctions/${id}/bids`, body);
  assert.equal(status, 200, text);
}

/** The search finds each vase that the shards have. */
async function sameVases(server: Server, token: string): Promise<void> {
  const vases = (page: Page): string[] =>
    page.auctions.map(({ title }) => title).filter((title) => title.startsWith('Vase'));
  const all = vases(await get(server, token, '/v1/auctions?limit=100'));
  await until('every vase is found', async () => {
    const { status, body } = await rest(server.url, token, 'GET', '/v1/search?q=vase&limit=100');
    if (status !== 200) return undefined;
    const seen = vases(body as unknown as Page);
    return all.length > 98 || seen.length === all.length ? true : undefined;
  });
}

test('what is listed and bid on is found, also after kills and without its file', async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed}`);
  const below = randomFrom(seed);
  const data = temporaryFolder();
  let server = await Server.start({ data, env: { ...UNLIMITED, GAVEL_DATA_SHARDS: '2' } });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller', 'bidder']);
  const [ann, bob] = [await server.token('ann'), await server.token('bob')];
  const sell = async (title: string, category: string[]): Promise<string> => {
    const { auctionId } = await list(server.url, seller, { title, category });
    return auctionId as string;
  };
  const lamp = await sell('Brass lamp', ['Home', 'Lamps']);
  const chair = await sell('Oak chair', ['Home', 'Chairs']);
  await bid(server, ann, lamp, 5_000);
  await bid(server, bob, lamp, 9_000);
  await bid(server, ann, chair, 7_000);

  await found(server, bob, '/v1/me/bids', 1);
  const [card] = (await found(server, ann, '/v1/search?q=brass', 1)).auctions;
  assert.deepEqual(
    [card?.auctionId, card?.bidCount, card?.category, card?.seller],
    [lamp, 2, ['Home', 'Lamps'], 'seller'],
  );
  const shown = await rest(server.url, ann, 'GET', `/v1/auctions/${lamp}`);
  for (const [name, value] of Object.entries(card ?? {})) {
    // Known to the people's log, and not to the auction.
    if (name === 'watchCount') continue;
    assert.deepEqual(shown.body[name], value, `${name} is as the auction itself says`);
  }
  assert.equal((await get(server, ann, '/v1/search?category=Home')).auctions.length, 2);
  assert.equal((await get(server, ann, '/v1/auctions/trending')).auctions[0]?.auctionId, lamp);
  assert.equal((await get(server, ann, '/v1/auctions/ending?limit=1')).auctions.length, 1);
  const because = (await get(server, bob, `/v1/recommendations?auction=${lamp}`)).auctions[0];
  assert.deepEqual(
    [because?.auctionId, because?.['because']],
    [chair, { kind: 'bidders', bidders: 1 }],
  );

  for (let kill = 0; kill < KILLS; kill++) {
    const vases = Array.from({ length: 20 }, (_, i) => sell(`Vase ${kill}-${i}`, ['Art']));
    const listed = Promise.allSettled(vases);
    await sleep(below(120));
    await server.kill();
    await listed;
    server = await Server.start({ data, env: UNLIMITED });
    await sameVases(server, ann);
  }

  assert.equal(await server.stop(), 0, server.log);
  const status = await gavel('project', 'status', '--json', '--data', data);
  assert.equal(status.code, 0, status.err);
  writeFileSync(join(data, 'read-model.sqlite'), 'nonsense');
  server = await Server.start({ data, env: UNLIMITED });
  await found(server, ann, '/v1/search?q=brass', 1);
  assert.match(server.log, /making the read model anew/);
  const busy = await gavel('project', 'rebuild', '--data', data);
  assert.equal(busy.code, 75, busy.err);
  assert.equal(await server.stop(), 0);
  const rebuilt = await gavel('project', 'rebuild', '--data', data);
  assert.equal(rebuilt.code, 0, rebuilt.err);
  assert.match(rebuilt.out, /Made again from [\d,]+ records/);
  const after = await gavel('project', 'status', '--data', data);
  assert.match(after.out, /shard 0: up to date[^]*shard 1: up to date/);
});

test('wrong questions are refused with the parameter named, and it can be switched off', async (t) => {
  const data = temporaryFolder();
  let server = await Server.start({ data, env: UNLIMITED });
  t.after(() => server.kill());
  const ann = await server.token('ann');
  await until('it is ready', async () => {
    const { status } = await rest(server.url, ann, 'GET', '/v1/categories');
    return status === 200 ? true : undefined;
  });
  const wrong = {
    sort: 'sort=best',
    status: 'status=open',
    minPrice: 'minPrice=-1',
    currency: 'currency=usd',
    endingWithin: 'endingWithin=soon',
    cursor: 'cursor=abc',
    limit: 'limit=0',
  };
  for (const [field, query] of Object.entries(wrong)) {
    const { status, body } = await rest(server.url, ann, 'GET', `/v1/search?${query}`);
    assert.deepEqual([status, body['field']], [400, field], query);
  }
  const strange = await fetch(`${server.url}/v1/me/bids`);
  assert.equal(strange.status, 401);
  assert.equal(await server.stop(), 0);
  server = await Server.start({ data, env: { ...UNLIMITED, GAVEL_DISCOVERY_ENABLED: 'false' } });
  const off = await rest(server.url, ann, 'GET', '/v1/search');
  assert.deepEqual([off.status, off.body['name']], [404, 'NOT_FOUND']);
  assert.ok(existsSync(join(data, 'read-model.sqlite')), 'it is left alone');
});
