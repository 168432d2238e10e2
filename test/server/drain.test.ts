/** Stopping while an auction is about to end: its bidders go on to the end, nobody new comes in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { RawWebSocket } from '../gateway/raw-socket.ts';
import { Server, UNLIMITED, until } from './harness.ts';
import { list, rest, WireClient } from './wire-client.ts';

test('an auction in its last seconds is not cut off by a stop, and nobody new is let in', async (t) => {
  const env = { ...UNLIMITED, GAVEL_SERVER_DRAIN: '6s' };
  const server = await Server.start({ env });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller', 'bidder']);
  const ann = await server.token('ann');
  const endsAtMs = Date.now() + 4_000;
  const softClose = { windowMs: 0, extensionMs: 0, extensionsMax: 0 };
  const { auctionId } = await list(server.url, seller, { endsAtMs, softClose });
  await list(server.url, seller, { endsAtMs: Date.now() + 3_600_000 });
  const client = await WireClient.connect(server.url, ann);
  await client.ask(SUBSCRIBE, { id: 1, auctionId: auctionId as string, epoch: null, seq: null });

  const stopped = server.stop();
  await until('it stops', async () => {
    const ready = await fetch(`${server.ready.internalUrl}/readyz`);
    return ready.status === 503 ? true : undefined;
  });
  const late = await new RawWebSocket(server.port).upgrade();
  assert.equal(late?.status, 503);
  await sleep(500);
  const bid = await client.ask(PLACE_BID, {
    id: 2,
    auctionId: auctionId as string,
    nonce: 'nonce-in-the-last-seconds',
    amountCents: 5_000,
    currency: null,
    confirm: null,
    dryRun: null,
  });
  assert.equal(bid.fields['code'], 0);
  const shown = await rest(server.url, ann, 'GET', `/v1/auctions/${auctionId as string}`);
  assert.equal(shown.status, 200, 'who has no socket goes on as well');
  const ended = await client.push(({ name }) => name === 'ended');
  assert.equal(ended.fields['status'], 'sold');
  assert.equal(await stopped, 0, server.log);
  const tookMs = Date.now() - endsAtMs;
  assert.ok(tookMs < 8_000, `stopped ${tookMs} ms after the end`);
});
