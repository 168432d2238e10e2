/** A stream of events against the real program: resume while it runs, never a part after a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventSource } from '../gateway/event-source.ts';
import { Server, temporaryFolder, UNLIMITED } from './harness.ts';
import { list, rest } from './wire-client.ts';

test('a stream resumes while the server runs, and begins anew after a restart where something was missed', async (t) => {
  const data = temporaryFolder();
  let server = await Server.start({ data, env: UNLIMITED });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller']);
  const ann = await server.token('ann');
  const endsAtMs = Date.now() + 600_000;
  const auctionId = (await list(server.url, seller, { endsAtMs }))['auctionId'] as string;
  const path = `/v1/auctions/${auctionId}`;
  const bid = async (amountCents: number): Promise<void> => {
    const body = { nonce: `nonce-${amountCents}`, amountCents };
    const { status, text } = await rest(server.url, ann, 'POST', `${path}/bids`, body);
    assert.equal(status, 200, text);
  };
  const open = (lastEventId: string): Promise<EventSource> => {
    const headers = { authorization: `Bearer ${ann}`, 'last-event-id': lastEventId };
    return EventSource.open(Number(new URL(server.url).port), `${path}/events`, headers);
  };

  const first = await open('');
  assert.equal((await first.next())?.type, 'snapshot');
  first.close();
  await bid(2_000);
  const second = await open(first.lastEventId);
  const resumed = await second.next();
  assert.deepEqual([resumed?.type, resumed?.data['missed']], ['resumed', 1]);
  assert.equal((await second.next())?.type, 'bid_update');
  second.close();

  await bid(3_000);
  await server.kill();
  server = await Server.start({ data, env: UNLIMITED });
  const third = await open(second.lastEventId);
  const snapshot = await third.next();
  assert.deepEqual([snapshot?.type, snapshot?.data['recovered']], ['snapshot', false]);
  third.close();
  // Whoever stands at the newest position has missed nothing, restart or not.
  const fourth = await open(third.lastEventId);
  const level = await fourth.next();
  assert.deepEqual([level?.type, level?.data['missed']], ['resumed', 0]);
  fourth.close();
});
