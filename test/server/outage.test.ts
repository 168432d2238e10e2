/** Outage credit of a real server: killed or stopped, away while an auction should have ended, back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, temporaryFolder, UNLIMITED, until, verified } from './harness.ts';
import type { Fields } from './wire-client.ts';
import { list, rest } from './wire-client.ts';

/** The auction has this left when the server goes away, and the server is away for longer. */
const LEFT_MS = 1_500;
const AWAY_MS = 2_500;
/** How old the last sign of life may be after a kill; a busy machine makes it older. */
const MARK_AGE_MS_MAX = 2_500;
// A stop waits for auctions that end within the drain: this one is to be cut off.
const options = { env: { ...UNLIMITED, GAVEL_DATA_SHARDS: '2', GAVEL_SERVER_DRAIN: '500ms' } };

async function show(server: Server, seller: string, auctionId: string): Promise<Fields> {
  const { status, text, body } = await rest(server.url, seller, 'GET', `/v1/auctions/${auctionId}`);
  assert.equal(status, 200, text);
  return body;
}

interface Away {
  readonly data: string;
  readonly seller: string;
  readonly auctionId: string;
  readonly endsAtMs: number;
  /** By the clock of this machine. */
  readonly downMs: number;
}

/** An auction with a bid, and the server gone in its last moments until its end has passed. */
async function goAway(end: (server: Server) => Promise<unknown>): Promise<Away> {
  const data = temporaryFolder();
  const server = await Server.start({ ...options, data });
  try {
    const seller = await server.token('seller', ['seller', 'bidder']);
    const bidder = await server.token('bob');
    const endsAtMs = Date.now() + LEFT_MS + 1_500;
    const softClose = { windowMs: 0, extensionMs: 0 };
    const auctionId = (await list(server.url, seller, { endsAtMs, softClose }))[
      'auctionId'
    ] as string;
    const bid = { nonce: 'nonce-0001', amountCents: 5_000 };
    const path = `/v1/auctions/${auctionId}/bids`;
    assert.equal((await rest(server.url, bidder, 'POST', path, bid)).status, 200);
    await sleep(endsAtMs - LEFT_MS - Date.now());
    const downMs = Date.now();
    await end(server);
    await sleep(AWAY_MS);
    return { data, seller, auctionId, endsAtMs, downMs };
  } finally {
    await server.kill();
  }
}

const ways = {
  SIGKILL: { end: (server: Server) => server.kill(), markAgeMsMax: MARK_AGE_MS_MAX },
  SIGTERM: { end: (server: Server) => server.stop(), markAgeMsMax: 0 },
};

for (const [name, { end, markAgeMsMax }] of Object.entries(ways)) {
  test(`an auction gets back the time of an outage after ${name}, and ends then`, async (t) => {
    const { data, seller, auctionId, endsAtMs, downMs } = await goAway(end);
    const fromMs = Date.now();
    const server = await Server.start({ ...options, data });
    t.after(() => server.kill());
    const upMs = Date.now();
    const back = await show(server, seller, auctionId);
    assert.equal(back['status'], 'active', JSON.stringify(back));
    const creditMs = (back['endsAtMs'] as number) - endsAtMs;
    // From when it was really away, to when it was really back: somewhere between these.
    const [least, most] = [fromMs - downMs - stopMs(name), upMs - downMs + markAgeMsMax];
    assert.ok(creditMs >= least && creditMs <= most, `${creditMs} of ${least} to ${most} ms`);
    assert.equal(back['extensions'] ?? 0, 0);
    const ended = await until('the end', async () => {
      const view = await show(server, seller, auctionId);
      return view['status'] === 'active' ? undefined : view;
    });
    assert.deepEqual([ended['status'], ended['winner']], ['sold', 'b1']);
    assert.equal(await server.stop(), 0);
    await verified(data);
  });
}

/** A clean stop answers for a while after it was asked for: that is no outage yet. */
function stopMs(name: string): number {
  return name === 'SIGTERM' ? 1_000 : 0;
}

test('with the policy "none" it ends as announced', async (t) => {
  const { data, seller, auctionId, endsAtMs } = await goAway((server) => server.kill());
  const env = { ...options.env, GAVEL_RULES_OUTAGE_CREDIT_POLICY: 'none' };
  const server = await Server.start({ env, data });
  t.after(() => server.kill());
  const view = await until('the end', async () => {
    const seen = await show(server, seller, auctionId);
    return seen['status'] === 'active' ? undefined : seen;
  });
  assert.deepEqual([view['status'], view['endsAtMs']], ['sold', endsAtMs]);
});
