/**
 * The life of a listing on the real program: what is said of the thing, what is added with bids, and
 * listing it again with its images; each route with what it refuses.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageFile } from '../image/fixture.ts';
import { gavel, Server, temporaryFolder, UNLIMITED, until } from './harness.ts';
import type { Fields, RestAnswer } from './wire-client.ts';
import { list, rest } from './wire-client.ts';

const limited = { timeout: 180_000 };
/** The new auction has to come to the shard of the old one. */
const ENV = { ...UNLIMITED, GAVEL_DATA_SHARDS: '3' };
const NOBODYS = 'z'.repeat(22);

async function started(t: { after(done: () => void): void }): Promise<{
  readonly server: Server;
  readonly sam: string;
  readonly ann: string;
}> {
  const server = await Server.start({ data: temporaryFolder(), env: ENV });
  t.after(() => server.kill());
  const sam = await server.token('sam', ['seller']);
  const ann = await server.token('ann', ['seller', 'bidder']);
  return { server, sam, ann };
}

function assertRefused({ status, body, text }: RestAnswer, http: number, name: string): void {
  assert.deepEqual([status, body['name']], [http, name], text);
}

async function upload(url: string, token: string, id: string, side: number): Promise<void> {
  const form = new FormData();
  form.set('image', new Blob([Uint8Array.from(await imageFile('png', side, side))]), 'photo');
  const init = { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: form };
  const { status } = await fetch(`${url}/v1/auctions/${id}/images`, init);
  assert.equal(status, 201);
}

async function hashesOf(url: string, token: string, id: string): Promise<readonly string[]> {
  const { body } = await rest(url, token, 'GET', `/v1/auctions/${id}/images`);
  return (body['images'] as { hash: string }[]).map(({ hash }) => hash);
}

async function relist(
  url: string,
  token: string,
  id: string,
  body: object,
  key: string,
): Promise<RestAnswer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/auctions/${id}/relist`, {
    method: 'POST',
    headers: { ...headers, 'idempotency-key': key },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as Fields };
}

test('what is said of the thing is shown, found, and listed again', limited, async (t) => {
  const { server, sam, ann } = await started(t);
  const { url } = server;
  const item = { condition: 'used', location: 'Kiel', country: 'DE', shipping: 'Parcel' };
  const listed = await list(url, sam, { ...item, shippingCents: 490, title: 'Sextant' });
  const id = listed['auctionId'] as string;
  const shown = (await rest(url, ann, 'GET', `/v1/auctions/${id}`)).body;
  for (const [name, value] of Object.entries(item)) assert.equal(shown[name], value, name);
  assert.equal(shown['shippingCents'], 490);
  const find = async (query: string): Promise<readonly Fields[]> => {
    const { body } = await rest(url, ann, 'GET', `/v1/search?${query}`);
    return (body['auctions'] ?? []) as readonly Fields[];
  };
  const [card] = await until('it is found', async () => {
    const found = await find('condition=new,used&country=DE');
    return found.length === 0 ? undefined : found;
  });
  assert.deepEqual([card?.['auctionId'], card?.['condition']], [id, 'used']);
  assert.deepEqual(await find('condition=new'), []);
  assertRefused(await rest(url, ann, 'GET', '/v1/search?condition=mint'), 400, 'MALFORMED');
  const wrong = { title: 'x', currency: 'USD', startPriceCents: 1, endsAtMs: Date.now() + 60_000 };
  const atlantis = await rest(url, sam, 'POST', '/v1/auctions', { ...wrong, country: 'ZZ' });
  assertRefused(atlantis, 400, 'INVALID_LISTING');
  assert.equal(atlantis.body['field'], 'country');
});

test('an auction is shown with its images, and a card with the first one', limited, async (t) => {
  const { server, sam, ann } = await started(t);
  const { url } = server;
  const id = (await list(url, sam, { title: 'Sextant' }))['auctionId'] as string;
  const shown = async (): Promise<readonly string[]> => {
    const { body } = await rest(url, ann, 'GET', `/v1/auctions/${id}`);
    return (body['images'] as { hash: string }[]).map(({ hash }) => hash);
  };
  const card = async (): Promise<Fields | undefined> => {
    const { body } = await rest(url, ann, 'GET', '/v1/search?q=sextant');
    return (body['auctions'] as Fields[] | undefined)?.[0];
  };
  assert.deepEqual(await shown(), []);
  assert.ok(!('image' in (await until('it is found', card))));
  const files = ['a.png', 'b.png'].map((name) => join(server.data, name));
  for (const [i, file] of files.entries()) writeFileSync(file, await imageFile('png', 8 + i, 8));
  const image = (...args: readonly string[]): ReturnType<typeof gavel> =>
    gavel('auction', 'image', ...args, '--url', url, '--token', sam);
  const added = await image('add', id, ...files);
  assert.equal(added.code, 0, added.err);
  const [first = '', second = ''] = Array.from(
    added.out.matchAll(/[0-9a-f]{64}/g),
    ([hash]) => hash,
  );
  const hashes = await hashesOf(url, ann, id);
  assert.deepEqual(await shown(), hashes);
  assert.match(added.out, /^2 images\n/);
  const found = (await card())?.['image'] as Fields;
  assert.deepEqual([found['hash'], found['width']], [hashes[0], 8]);
  const picture = await fetch(`${url}${String(found['small'])}`);
  assert.equal(picture.headers.get('content-type'), 'image/webp');
  const order = { images: hashes.toReversed() };
  await rest(url, sam, 'PUT', `/v1/auctions/${id}/images`, order);
  assert.deepEqual(await shown(), hashes.toReversed());
  const now = (await card())?.['image'] as Fields | undefined;
  assert.equal(now?.['hash'], hashes[1]);
  const removed = await image('remove', id, hashes[1] ?? '');
  assert.match(removed.out, /^1 image\n/);
  assert.deepEqual(await shown(), [hashes[0]]);
  assert.equal((await image('list', id)).out, removed.out);
  assert.ok(hashes.includes(first) && second !== '');
  const none = await image('add', id, join(server.data, 'none.png'));
  assert.equal(none.code, 74, none.err);
});

test('additions: dated, beside bids, by the seller alone', limited, async (t) => {
  const { server, sam, ann } = await started(t);
  const { url } = server;
  const add = (id: string, token: string, body: object): Promise<RestAnswer> =>
    rest(url, token, 'POST', `/v1/auctions/${id}/additions`, body);
  const endsAtMs = Date.now() + 24 * 3_600_000;
  const id = (await list(url, sam, { endsAtMs }))['auctionId'] as string;
  const bid = { nonce: 'nonce-of-ann', amountCents: 2_000 };
  const taken = await rest(url, ann, 'POST', `/v1/auctions/${id}/bids`, bid);
  assert.equal(taken.status, 200, taken.text);
  const change = await rest(url, sam, 'PUT', `/v1/auctions/${id}`, { description: 'Better.' });
  assertRefused(change, 409, 'CHANGE_TOO_LATE');
  const added = await add(id, sam, { text: 'The cable is 2 m long.' });
  assert.equal(added.status, 201, added.text);
  const [said] = (await rest(url, ann, 'GET', `/v1/auctions/${id}`)).body['additions'] as Fields[];
  assert.equal(said?.['text'], 'The cable is 2 m long.');
  assert.ok(Math.abs(Number(said['atMs']) - Date.now()) < 60_000);
  for (const body of [{}, { text: '' }, { text: 7 }, { text: 'x'.repeat(2001) }, { words: 'x' }]) {
    assertRefused(await add(id, sam, body), 400, 'MALFORMED');
  }
  assertRefused(await add(id, sam, { text: ' ' }), 400, 'INVALID_LISTING');
  assertRefused(await add(id, '', { text: 'More.' }), 401, 'TOKEN_INVALID');
  assertRefused(await add(id, ann, { text: 'More.' }), 403, 'NOT_YOUR_AUCTION');
  const bidder = await server.token('bob', ['bidder']);
  assertRefused(await add(id, bidder, { text: 'More.' }), 403, 'ROLE_MISSING');
  assertRefused(await add(NOBODYS, sam, { text: 'More.' }), 404, 'AUCTION_UNKNOWN');
  const soon = (await list(url, sam))['auctionId'] as string;
  await rest(url, ann, 'POST', `/v1/auctions/${soon}/bids`, bid);
  assertRefused(await add(soon, sam, { text: 'More.' }), 409, 'ADDITION_TOO_LATE');
});

test(
  'relisting: with images, once, the same for the same key, also after kills',
  limited,
  async (t) => {
    const data = temporaryFolder();
    let server = await Server.start({ data, env: ENV });
    t.after(() => server.kill());
    const sam = await server.token('sam', ['seller']);
    const ann = await server.token('ann', ['seller', 'bidder']);
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) {
      const id = (await list(server.url, sam, { title: `Lamp ${i}` }))['auctionId'] as string;
      await upload(server.url, sam, id, 8 + i);
      ids.push(id);
    }
    assertRefused(
      await relist(server.url, sam, ids[0] as string, {}, 'key-0-of-sam'),
      409,
      'NOT_TO_RELIST',
    );
    for (const id of ids)
      await rest(server.url, sam, 'POST', `/v1/auctions/${id}/cancel`, { how: 'cancel' });
    const made: string[] = [];
    for (const [i, id] of ids.entries()) {
      const answer = await relist(
        server.url,
        sam,
        id,
        { startPriceCents: 700 + i },
        'key-1-of-sam',
      );
      assert.equal(answer.status, 201, answer.text);
      const { auctionId, title, startPriceCents, relistOf } = answer.body;
      assert.deepEqual([title, startPriceCents, relistOf], [`Lamp ${i}`, 700 + i, id]);
      made.push(auctionId as string);
    }
    assert.equal(new Set(made).size, ids.length, 'one key serves for several auctions');
    await server.kill();
    server = await Server.start({ data, env: ENV });
    const { url } = server;
    for (const [i, id] of ids.entries()) {
      const again = await relist(url, sam, id, {}, 'key-1-of-sam');
      assert.deepEqual([again.status, again.body['auctionId']], [201, made[i]]);
      assert.equal((await rest(url, ann, 'GET', `/v1/auctions/${id}`)).body['relistedAs'], made[i]);
      const images = await hashesOf(url, ann, made[i] as string);
      assert.equal(images.length, 1);
      assert.deepEqual(images, await hashesOf(url, ann, id));
    }
    const [first = ''] = ids;
    assertRefused(await relist(url, sam, first, {}, 'key-2-of-sam'), 409, 'ALREADY_RELISTED');
    assertRefused(await relist(url, ann, first, {}, 'key-1-of-ann'), 403, 'NOT_YOUR_AUCTION');
    assertRefused(await relist(url, '', first, {}, 'key-1-of-sam'), 401, 'TOKEN_INVALID');
    assertRefused(await relist(url, sam, NOBODYS, {}, 'key-1-of-sam'), 404, 'AUCTION_UNKNOWN');
    assertRefused(await relist(url, sam, first, { price: 1 }, 'key-3-of-sam'), 400, 'MALFORMED');
    assertRefused(await relist(url, sam, first, {}, 'short'), 400, 'MALFORMED');
    const [other = ''] = made;
    await rest(url, sam, 'POST', `/v1/auctions/${other}/cancel`, { how: 'cancel' });
    const bad = await relist(url, sam, other, { endsAtMs: 5 }, 'key-4-of-sam');
    assertRefused(bad, 400, 'INVALID_LISTING');
    assert.equal(bad.body['field'], 'endsAtMs');
    const command = [
      'auction',
      'relist',
      other,
      '--start',
      '5.00',
      '--ends-in',
      '3d',
      '--url',
      url,
    ];
    const ran = await gavel(...command, '--token', sam);
    assert.equal(ran.code, 0, ran.err);
    assert.match(
      ran.out,
      new RegExp(`Listed ${other} again as \\w{22}: Lamp 0\\n  from 5\\.00 USD`),
    );
  },
);
