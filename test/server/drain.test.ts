/**
 * Stopping: clients move away without a rush, refusals are clear, and where an auction is about to
 * end, its bidders go on to the end.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import { RawWebSocket } from '../gateway/raw-socket.ts';
import { Server, UNLIMITED, until } from './harness.ts';
import { list, rest, WireClient } from './wire-client.ts';

const CLIENTS = 40;

test('clients are told to move one after the other, and who asks meanwhile is told why not', async (t) => {
  const drainMs = 5_000;
  const env = { ...UNLIMITED, GAVEL_SERVER_DRAIN: `${drainMs}ms` };
  const server = await Server.start({ env });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller']);
  const { auctionId } = await list(server.url, seller);
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, i) =>
      WireClient.connect(server.url, await server.token(`user-${i}`)),
    ),
  );
  const stopAtMs = Date.now();
  const stopped = server.stop();
  const closes = clients.map(async (client) => {
    const code = await client.closed;
    const goodbye = await client.push(({ name }) => name === 'goodbye');
    const { reconnectAfterMs } = goodbye.fields;
    return { code, afterMs: Date.now() - stopAtMs, reconnectAfterMs };
  });

  const ready = await until('it says that it stops', async () => {
    const answer = await fetch(`${server.ready.internalUrl}/readyz`);
    return answer.status === 200 ? undefined : answer;
  });
  assert.ok(Date.now() - stopAtMs < drainMs / 5, 'at once');
  assert.equal(ready.status, 503);
  assert.equal((await fetch(`${server.ready.internalUrl}/livez`)).status, 200, 'it lives on');
  // On a connection of its own, while others are still being told to move.
  const refused = await until('requests are refused', async () => {
    const answer = await fetch(`${server.url}/v1/auctions/${auctionId as string}`, {
      headers: { authorization: `Bearer ${seller}`, connection: 'close' },
    });
    return answer.status === 503 ? answer : undefined;
  });
  assert.equal(refused.headers.get('retry-after'), '2');
  assert.equal(((await refused.json()) as { name: string }).name, 'SHUTTING_DOWN');

  const seen = await Promise.all(closes);
  assert.equal(await stopped, 0, server.log);
  assert.deepEqual(new Set(seen.map(({ code }) => code)), new Set([3001]));
  const times = seen.map(({ afterMs }) => afterMs).toSorted((a, b) => a - b);
  t.diagnostic(`closed after ${times.join(' ')} ms`);
  assert.ok((times.at(-1) as number) - (times[0] as number) > drainMs * 0.4, 'spread');
  assert.ok((times.at(-1) as number) < drainMs * 1.5, 'within the time');
  // No moment takes more than its part: no fifth of the span has more than half of them.
  for (const from of times) {
    const together = times.filter((ms) => ms >= from && ms < from + drainMs * 0.12).length;
    assert.ok(together <= CLIENTS / 2, `${together} within ${drainMs * 0.12} ms`);
  }
  const waits = new Set(seen.map(({ reconnectAfterMs }) => reconnectAfterMs));
  assert.ok(waits.size > CLIENTS / 2, 'and they come back at different times');
});

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
