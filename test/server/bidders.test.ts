/**
 * Who is told what of the bidders, by a real server over both encodings and REST: aliases for
 * bidders, ids for the seller and admins, notices for whom they concern.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GET } from '../../src/protocol/messages/get.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { RETRACT } from '../../src/protocol/messages/retract.ts';
import { Server, UNLIMITED } from './harness.ts';
import { bidsOf, list, rest, WireClient } from './wire-client.ts';
import type { Fields, Received } from './wire-client.ts';

const DAY_MS = 86_400_000;
let ids = 0;

function bid(client: WireClient, auctionId: string, amountCents: number): Promise<Received> {
  const id = ++ids;
  const value = { id, auctionId, nonce: `nonce-000-${id}`, amountCents };
  return client.ask(PLACE_BID, { ...value, currency: null, confirm: null, dryRun: null });
}

function retract(client: WireClient, auctionId: string): Promise<Received> {
  const id = ++ids;
  return client.ask(RETRACT, { id, auctionId, nonce: `nonce-000-${id}` });
}

test(
  'bidders stay aliases to each other; their seller and admins see them, block them, sell to them',
  { timeout: 60_000 },
  async (t) => {
    const server = await Server.start({ env: UNLIMITED });
    t.after(() => server.kill());
    const tokens = {
      sam: await server.token('sam', ['seller', 'bidder']),
      ada: await server.token('ada', ['admin']),
      ann: await server.token('ann'),
      bob: await server.token('bob'),
    };
    const connect = (name: keyof typeof tokens, json = false): Promise<WireClient> =>
      WireClient.connect(server.url, tokens[name], json);
    const [sam, ada] = [await connect('sam', true), await connect('ada')];
    const [ann, bob] = [await connect('ann'), await connect('bob', true)];
    const { auctionId } = (await list(server.url, tokens.sam, {
      endsAtMs: Date.now() + DAY_MS,
    })) as { auctionId: string };
    const get = async (client: WireClient): Promise<unknown[]> => {
      const { fields } = await client.ask(GET, { id: ++ids, auctionId });
      return [fields['leadingBidderId'] ?? null, fields['winnerId'] ?? null];
    };
    const read = async (name: keyof typeof tokens): Promise<unknown[]> => {
      const path = `/v1/auctions/${auctionId}`;
      const { body } = await rest(server.url, tokens[name], 'GET', path);
      return [body['leadingBidderId'] ?? null, body['winnerId'] ?? null];
    };

    // Bob outbids Ann, and takes it back.
    assert.equal((await bid(ann, auctionId, 2_000)).fields['code'], 0);
    assert.equal((await bid(bob, auctionId, 3_000)).fields['code'], 0);
    await ann.push(({ name }) => name === 'outbid');
    for (const seen of [await get(sam), await get(ada), await read('sam'), await read('ada')]) {
      assert.deepEqual(seen, ['bob', null]);
    }
    for (const seen of [await get(ann), await get(bob), await read('ann'), await read('bob')]) {
      assert.deepEqual(seen, [null, null]);
    }
    const taken = await retract(bob, auctionId);
    assert.deepEqual([taken.fields['code'], taken.fields['status']], [0, 'none'], taken.raw);
    const again = await ann.push(({ name }) => name === 'leading_again');
    assert.deepEqual(
      [again.fields['yourBidCents'], again.fields['currentPriceCents']],
      [2_000, 1_000],
    );

    // The history: retractions for all, ids for two.
    const history = async (name: keyof typeof tokens): Promise<unknown[]> => {
      const bids = (await bidsOf(server.url, tokens[name], auctionId)) as unknown as Fields[];
      return bids.map((one) => [one['bidder'], one['retractions'], one['bidderId'] ?? null]);
    };
    for (const name of ['sam', 'ada'] as const) {
      assert.deepEqual(await history(name), [
        ['b2', 1, 'bob'],
        ['b1', 0, 'ann'],
      ]);
    }
    assert.deepEqual(await history('ann'), [
      ['b2', 1, null],
      ['b1', 0, null],
    ]);

    // Blocked by the alias.
    const blocks = `/v1/auctions/${auctionId}/blocks`;
    const block = { bidder: 'b2', blocked: true };
    assert.equal((await rest(server.url, tokens.sam, 'POST', blocks, block)).status, 200);
    assert.equal((await bid(bob, auctionId, 9_000)).fields['name'], 'BIDDER_BLOCKED');
    const nobody = await rest(server.url, tokens.sam, 'POST', blocks, { ...block, bidder: 'b9' });
    assert.deepEqual([nobody.status, nobody.body['name']], [404, 'BIDDER_UNKNOWN']);

    // Sold early, and told whose it is.
    const cancel = `/v1/auctions/${auctionId}/cancel`;
    const sold = await rest(server.url, tokens.sam, 'POST', cancel, { how: 'sell' });
    assert.deepEqual([sold.body['status'], sold.body['winnerId']], ['sold', 'ann'], sold.text);
    const isResult = ({ name }: Received): boolean => name === 'result';
    const [toSeller, toWinner] = [await sam.push(isResult), await ann.push(isResult)];
    assert.deepEqual([toSeller.fields['outcome'], toSeller.fields['winnerId']], ['sold', 'ann']);
    assert.deepEqual([toWinner.fields['outcome'], toWinner.fields['winnerId']], ['won', null]);

    // A cancelled auction is told to its seller as well.
    const second = await list(server.url, tokens.sam, { endsAtMs: Date.now() + DAY_MS });
    const path = `/v1/auctions/${second['auctionId'] as string}/cancel`;
    assert.equal((await rest(server.url, tokens.sam, 'POST', path, { how: 'cancel' })).status, 200);
    await sam.push(({ name, fields }) => name === 'result' && fields['outcome'] === 'cancelled');

    // What nobody but the two who may has been told, in any message whatever.
    for (const client of [ann, bob]) {
      for (const { raw, name } of client.pushed) {
        const text = client === ann ? Buffer.from(raw, 'hex').toString('latin1') : raw;
        assert.doesNotMatch(text, /\bbob\b|\bann\b/, name);
      }
    }
    assert.ok(!bob.pushed.some(({ name }) => name === 'outbid'), 'who retracts is not outbid');
    for (const client of [sam, ada, ann, bob]) client.close();
  },
);

test(
  'after a restart the private feed needs nothing but the sign-in',
  { timeout: 60_000 },
  async (t) => {
    let server = await Server.start({ env: UNLIMITED });
    t.after(() => server.kill());
    const seller = await server.token('sam', ['seller']);
    const [ann, bob] = [await server.token('ann'), await server.token('bob')];
    const auctions: string[] = [];
    const first = await WireClient.connect(server.url, ann);
    // Several, so that most shards have one.
    for (let i = 0; i < 6; i++) {
      const { auctionId } = await list(server.url, seller, { endsAtMs: Date.now() + DAY_MS });
      auctions.push(auctionId as string);
      assert.equal((await bid(first, auctionId as string, 2_000)).fields['code'], 0);
    }
    assert.equal(await server.stop(), 0);
    server = await Server.start({ data: server.data, env: UNLIMITED });
    const silent = await WireClient.connect(server.url, ann);
    const bidder = await WireClient.connect(server.url, bob);
    for (const auctionId of auctions) {
      assert.equal((await bid(bidder, auctionId, 3_000)).fields['code'], 0);
      const isIt = ({ name, fields }: Received): boolean =>
        name === 'outbid' && fields['auctionId'] === auctionId;
      assert.equal((await silent.push(isIt)).fields['yourBidCents'], 2_000);
    }
    for (const client of [silent, bidder]) client.close();
  },
);
