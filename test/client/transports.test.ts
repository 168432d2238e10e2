/** The SDK over each transport, against a real server behind a proxy that lets some of it through. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { connect } from '../../src/client/client.ts';
import type { Gavel } from '../../src/client/client.ts';
import type { ConnectOptions, Transport } from '../../src/client/options.ts';
import type { WatchState } from '../../src/client/state.ts';
import type { RunningNode } from '../../src/node/server.ts';
import { proxyTo } from './proxy.ts';
import { nodeIn, temporaryFolder } from './test-node.ts';

interface Around {
  readonly node: RunningNode;
  readonly sam: Gavel;
  /** An auction that anybody may bid on. */
  readonly auctionId: string;
  client(name: string, url: string, options?: Partial<ConnectOptions>): Promise<Gavel>;
}

async function serverWithAuction(t: TestContext): Promise<Around> {
  const node = await nodeIn(temporaryFolder(t), 0, { 'server.conflation': '0' });
  t.after(() => node.stop());
  const backoff = { baseMs: 20, maxMs: 100 };
  const client: Around['client'] = async (name, url, options = {}) => {
    const role = name === 'sam' ? 'seller' : 'bidder';
    const token = await node.tokenFor(name, [role]);
    const gavel = connect({ url, token, backoff, ...options });
    t.after(() => gavel.close());
    return gavel;
  };
  const sam = await client('sam', node.publicUrl);
  const endsAtMs = (await sam.time()).serverTimeMs + 3_600_000;
  const listing = { title: 'A watch', currency: 'EUR', startPriceCents: 1000, endsAtMs };
  const { auctionId } = await sam.rest.createAuction(listing);
  return { node, sam, auctionId, client };
}

for (const transport of ['websocket', 'events', 'polling'] as const) {
  const name = `over ${transport} alone everything of the SDK works`;
  test(name, { timeout: 60_000 }, async (t) => {
    const { node, sam, auctionId, client } = await serverWithAuction(t);
    const only = { transports: [transport] };
    const ann = await client('ann', node.publicUrl, only);
    const bob = await client('bob', node.publicUrl, only);
    const phone = await client('ann', node.publicUrl, only);
    await Promise.all([ann.ready, bob.ready, phone.ready]);
    assert.deepEqual([ann.transport, ann.userId], [transport, 'ann']);
    const outbids: number[] = [];
    const results: string[] = [];
    ann.on('outbid', ({ currentPriceCents }) => outbids.push(currentPriceCents));
    bob.on('result', ({ outcome }) => results.push(outcome));
    const onPhone: unknown[] = [];
    phone.on('own_answer', (told) => onPhone.push([told.nonce, told.refusal?.name ?? null]));
    ann.on('own_answer', ({ nonce }) => assert.fail(`${nonce} has its answer already`));
    const states: WatchState[] = [];
    const watched = (async () => {
      for await (const state of ann.watch(auctionId, { every: true })) {
        states.push(state);
        if (state.status !== 'active') break;
      }
    })();
    const first = await ann.bid(auctionId, 2000);
    assert.deepEqual([first.accepted, first.status], [true, 'leading']);
    assert.deepEqual(await ann.bid(auctionId, 2000, { nonce: first.nonce }), first, 'same nonce');
    const second = await bob.bid(auctionId, 3000);
    assert.deepEqual([second.accepted, second.status], [true, 'leading']);
    const low = await ann.bid(auctionId, 100);
    assert.deepEqual([low.accepted, low.refusal?.name], [false, 'BID_TOO_LOW']);
    assert.equal(low.minimumNextCents, 2100);
    const lost = await ann.bid('x'.repeat(22), 100);
    assert.equal(lost.refusal?.name, 'AUCTION_UNKNOWN');
    assert.equal((await ann.get(auctionId)).currentPriceCents, 2050);
    assert.ok((await bob.receipt(auctionId, second.record ?? 0)).length > 100);
    assert.ok(Math.abs((await ann.time()).serverTimeMs - Date.now()) < 60_000);
    await assert.rejects(ann.watch('x'.repeat(22)).ready, { name: 'Refused' });
    while (outbids.length === 0) await once500();
    assert.deepEqual(outbids, [2050]);
    await sam.rest.cancelAuction(auctionId, 'sell');
    await watched;
    while (results.length === 0) await once500();
    assert.deepEqual(results, ['won']);
    // The other device of the same user sees what became of each bid, once.
    while (onPhone.length < 3) await once500();
    assert.deepEqual(onPhone, [
      [first.nonce, null],
      [low.nonce, 'BID_TOO_LOW'],
      [lost.nonce, 'AUCTION_UNKNOWN'],
    ]);
    assert.ok(states.every(({ gapless }) => gapless));
    const last = states.at(-1);
    assert.deepEqual([last?.status, last?.currentPriceCents], ['sold', 2050]);
  });
}

const once500 = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 50));

test('what does not work is left, and everything goes on', { timeout: 120_000 }, async (t) => {
  const { node, auctionId, client } = await serverWithAuction(t);
  const proxy = await proxyTo(t, node.publicUrl, { webSockets: 'refuse', streams: 'cut' });
  const ann = await client('ann', proxy.url);
  const bob = await client('bob', node.publicUrl);
  const outbids: number[] = [];
  ann.on('outbid', ({ currentPriceCents }) => outbids.push(currentPriceCents));
  const seen: WatchState[] = [];
  const watch = ann.watch(auctionId, { every: true });
  watch.on('state', (state) => seen.push(state));
  const until = async (transport: Transport): Promise<void> => {
    while (ann.transport !== transport || ann.state !== 'open') await once500();
  };
  await until('polling');
  assert.equal((await ann.bid(auctionId, 2_000)).accepted, true);
  assert.equal((await bob.bid(auctionId, 3_000)).accepted, true);
  while (outbids.length === 0) await once500();
  // Everything is cut again and again, and bids come meanwhile: nothing is missed or told twice.
  let last = 3_000;
  for (let round = 0; round < 8; round++) {
    proxy.rules.streams = round % 3 === 0 ? 'cut' : 'pass';
    proxy.rules.webSockets = round % 4 < 3 ? 'refuse' : 'pass';
    proxy.cutAll();
    last += 1_000;
    const bid = await ann.bid(auctionId, last);
    assert.equal(bid.accepted, true, `round ${round}`);
    last += 1_000;
    assert.equal((await bob.bid(auctionId, last)).accepted, true);
  }
  Object.assign(proxy.rules, { webSockets: 'pass', streams: 'pass' });
  proxy.cutAll();
  const end = await bob.get(auctionId);
  while (seen.at(-1)?.seq !== end.seq) await once500();
  while (outbids.length < 9) await once500();
  assert.equal(outbids.length, 9);
  assert.deepEqual(
    outbids,
    [...outbids].toSorted((a, b) => a - b),
  );
  assert.ok(seen.every(({ gapless }) => gapless));
  const seqs = seen.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    [...seqs].toSorted((a, b) => a - b),
  );
  assert.equal(seen.at(-1)?.currentPriceCents, end.currentPriceCents);
});
