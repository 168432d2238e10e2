/** A tree of categories from the configuration holds for what is listed and what is changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server, UNLIMITED } from './harness.ts';
import { list, rest } from './wire-client.ts';

test('a category that the operator does not have is refused, with its field', async (t) => {
  const categories = JSON.stringify({ Home: { Lamps: {} }, Books: null });
  const server = await Server.start({ env: { ...UNLIMITED, GAVEL_RULES_CATEGORIES: categories } });
  t.after(() => server.kill());
  const sam = await server.token('sam', ['seller']);
  const { auctionId } = await list(server.url, sam, { category: ['Home', 'Lamps'] });
  await assert.rejects(list(server.url, sam, { category: ['Toys'] }), /INVALID_LISTING.*category/);
  const path = `/v1/auctions/${String(auctionId)}`;
  const change = (category: string[]) => rest(server.url, sam, 'PUT', path, { category });
  const refused = await change(['Home', 'Toys']);
  assert.deepEqual([refused.status, refused.body['field']], [400, 'category']);
  assert.deepEqual((await change(['Books'])).body['category'], ['Books']);
});
