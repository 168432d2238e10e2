/** A tree of categories from the configuration holds for what is listed and what is changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server, UNLIMITED, until } from './harness.ts';
import { list, rest } from './wire-client.ts';

test('a category that the operator does not have is refused, with its field', async (t) => {
  const categories = JSON.stringify({ Home: { Lamps: {} }, Books: null });
  const server = await Server.start({ env: { ...UNLIMITED, GAVEL_RULES_CATEGORIES: categories } });
  t.after(() => server.kill());
  const sam = await server.token('sam', ['seller']);
  const { auctionId } = await list(server.url, sam, { category: ['Home', 'Lamps'] });
  await assert.rejects(list(server.url, sam, { category: ['Toys'] }), /INVALID_LISTING.*category/);
  const counts = await until('it is counted', async () => {
    const { status, body } = await rest(server.url, sam, 'GET', '/v1/categories');
    const all = (body['categories'] ?? []) as { path: string; own: number; live: number }[];
    const isCounted = status === 200 && all.some(({ live }) => live > 0);
    return isCounted ? all.map(({ path: place, own, live }) => [place, own, live]) : undefined;
  });
  assert.deepEqual(counts, [
    ['Home', 0, 1],
    ['Home/Lamps', 1, 1],
    ['Books', 0, 0],
  ]);
  const path = `/v1/auctions/${String(auctionId)}`;
  const change = (category: string[]) => rest(server.url, sam, 'PUT', path, { category });
  const refused = await change(['Home', 'Toys']);
  assert.deepEqual([refused.status, refused.body['field']], [400, 'category']);
  assert.deepEqual((await change(['Books'])).body['category'], ['Books']);
});
