/** Reads that are kept on the main thread: asked again when something changed, and never for others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { AUCTION } from '../../src/protocol/messages/auction.ts';
import type { AuctionView } from '../../src/protocol/views.ts';
import { UNSAID_SHOWN } from '../unsaid.ts';
import { decode, deliver, encode } from './fake-shards.ts';
import type { Fixture } from './fixtures.ts';
import { AUCTION_A, AUCTION_B, start, view } from './fixtures.ts';
import type { HttpAnswer } from './http.ts';
import { http } from './http.ts';

/** A quotation that looks like the place of the time. */
const TRAP = 'Says "serverTimeMs":1 and \\"serverTimeMs\\":2.';

interface Given extends Fixture {
  /** What the shard says of every auction. */
  shown: Partial<AuctionView>;
  get(token: string, id?: string): Promise<HttpAnswer>;
  asked(): number;
}

async function given(t: TestContext): Promise<Given> {
  const fixture = await start(t);
  fixture.shards.changes = 1;
  const all: Given = {
    ...fixture,
    shown: {},
    get: (token, id = AUCTION_A) =>
      http(fixture.gateway.port, 'GET', `/v1/auctions/${id}`, { token }),
    asked: () => fixture.shards.submitted.length,
  };
  fixture.shards.onSubmit = ({ conn, frame, user }) => {
    const { type, value } = decode(frame);
    const { auctionId } = value as { auctionId: string };
    const told = type === 'get_as_admin' || isSeller(fixture, user);
    const leadingBidderId = told ? 'bob' : null;
    const text = { title: TRAP, description: TRAP, category: ['Home'], ...UNSAID_SHOWN };
    const bidders = { leadingBidderId, winnerId: null, relistedAs: null };
    const auction = view({ auctionId, seller: 'sam', leadingBidder: 4, ...all.shown });
    const reply = encode(AUCTION, { id: 1, auction, text, ...bidders });
    deliver(fixture.gateway.deliveries, (to) => to.reply(conn, reply));
  };
  return all;
}

function isSeller({ shards }: Fixture, user: number): boolean {
  return shards.introduced.some(({ user: number, userId }) => number === user && userId === 'sam');
}

test('what has not changed is answered without the shard, with the time of now', async (t) => {
  const all = await given(t);
  const ann = await all.token('ann', ['bidder']);
  const bob = await all.token('bob', ['bidder']);
  const first = await all.get(ann);
  assert.equal(first.status, 200);
  all.clock.forward(1_500);
  const second = await all.get(bob);
  assert.equal(all.asked(), 1);
  const { serverTimeMs: before, ...rest } = first.body;
  const { serverTimeMs: after, ...same } = second.body;
  assert.deepEqual(same, rest);
  assert.equal(same['description'], TRAP);
  assert.equal(same['leadingBidder'], 'b4');
  assert.equal(same['watchers'], 0);
  assert.ok((after as number) >= (before as number) + 1_500);
  await all.get(ann, AUCTION_B);
  assert.equal(all.asked(), 2, 'another auction is another question');
});

test('a change, the start and the end make the next read ask again', async (t) => {
  const all = await given(t);
  const ann = await all.token('ann', ['bidder']);
  await all.get(ann);
  all.shards.changes = 2;
  all.shown = { currentPriceCents: 7_700 };
  assert.equal((await all.get(ann)).body['currentPriceCents'], 7_700);
  assert.equal((await all.get(ann)).body['currentPriceCents'], 7_700);
  assert.equal(all.asked(), 2);
  for (const status of ['scheduled', 'active'] as const) {
    const soonMs = Math.floor(all.clock.nowUs() / 1000) + 1_000;
    all.shards.changes += 1;
    const asked = all.asked();
    all.shown = { status, startsAtMs: soonMs, endsAtMs: status === 'active' ? soonMs : soonMs + 9 };
    await all.get(ann);
    await all.get(ann);
    assert.equal(all.asked(), asked + 1);
    all.clock.forward(1_000);
    await all.get(ann);
    await all.get(ann);
    assert.equal(all.asked(), asked + 3, `${status} is over, and nothing is kept of it`);
  }
});

test('a change while the question is under way is not slept through', async (t) => {
  const all = await given(t);
  const ann = await all.token('ann', ['bidder']);
  const answer = all.shards.onSubmit;
  all.shards.onSubmit = (submitted) => {
    answer?.(submitted);
    // Behind the answer, before anybody has it.
    all.shards.changes = 2;
  };
  await all.get(ann);
  await all.get(ann);
  assert.equal(all.asked(), 2);
});

test('seller and admins are asked for themselves, and what they see is kept for nobody', async (t) => {
  const all = await given(t);
  const ann = await all.token('ann', ['bidder']);
  const sam = await all.token('sam', ['seller']);
  const root = await all.token('root', ['admin']);
  for (const token of [sam, root])
    assert.equal((await all.get(token)).body['leadingBidderId'], 'bob');
  assert.equal('leadingBidderId' in (await all.get(ann)).body, false);
  for (const token of [sam, root])
    assert.equal((await all.get(token)).body['leadingBidderId'], 'bob');
  assert.equal('leadingBidderId' in (await all.get(ann)).body, false);
  assert.equal(all.asked(), 5);
});
