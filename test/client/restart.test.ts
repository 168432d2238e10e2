/** The SDK and a real server that is stopped and started again under it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../src/client/client.ts';
import { freePort, nodeIn, temporaryFolder } from './test-node.ts';

test('bids and watches go on over a restart of the server', { timeout: 60_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const first = await nodeIn(folder, port);
  const url = first.publicUrl;
  const tokens = new Map<string, string>();
  for (const [name, role] of [
    ['sam', 'seller'],
    ['ann', 'bidder'],
  ] as const) {
    tokens.set(name, await first.tokenFor(name, [role]));
  }
  const backoff = { baseMs: 20, maxMs: 200 };
  const [sam, ann] = ['sam', 'ann'].map((name) => {
    return connect({ url, token: () => tokens.get(name) ?? '', backoff, timeoutMs: 30_000 });
  });
  assert.ok(sam !== undefined && ann !== undefined);
  t.after(() => [sam, ann].forEach((gavel) => gavel.close()));

  const endsAtMs = (await sam.time()).serverTimeMs + 3_600_000;
  const listing = { title: 'A watch', currency: 'EUR', startPriceCents: 1000, endsAtMs };
  const { auctionId } = await sam.rest.createAuction(listing);
  const watch = sam.watch(auctionId, { every: true });
  await watch.ready;
  const before = await ann.bid(auctionId, 2000);
  assert.equal(before.accepted, true);

  const goodbyes: number[] = [];
  ann.on('goodbye', ({ code }) => goodbyes.push(code));
  await first.stop();
  const during = ann.bid(auctionId, 3000);
  const second = await nodeIn(folder, port);
  t.after(() => second.stop());

  const answer = await during;
  assert.equal(answer.accepted, true);
  assert.deepEqual(goodbyes, [3001]);
  for await (const state of watch) {
    assert.equal(state.gapless || state.change === 'snapshot', true);
    if (state.epoch === answer.epoch && state.seq >= (answer.seq ?? 0)) break;
  }
  // What was answered before is still the answer.
  const again = await ann.bid(auctionId, 2000, { nonce: before.nonce });
  assert.deepEqual(again, before);
});
