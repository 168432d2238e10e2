/**
 * A shard's thread dies between a commit and its answers: the bid counts, and nobody who watches the
 * auction or a private feed is left with a gap that he does not know of, whatever the transport.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/client/client.ts';
import type { Gavel } from '../../src/client/client.ts';
import type { WatchState } from '../../src/client/state.ts';
import { DEADLY_NONCE, DIED } from './forgetful-shard.ts';
import { Server, temporaryFolder, UNLIMITED } from './harness.ts';

const FORGETFUL = new URL('./forgetful-shard.ts', import.meta.url);
const HOUR_MS = 3_600_000;

interface Device {
  readonly name: string;
  readonly gavel: Gavel;
  readonly states: WatchState[];
  /** `gap`, or what the feed told: the price at which Ann was outbid. */
  readonly heard: (number | 'gap')[];
}

test(
  'after the death of a shard no watcher and no feed has an unseen gap',
  { timeout: 120_000 },
  async (t) => {
    const env = {
      ...UNLIMITED,
      GAVEL_DATA_SHARDS: '1',
      GAVEL_SERVER_CONFLATION: '0',
      NODE_OPTIONS: `--import=${FORGETFUL.href}`,
    };
    const server = await Server.start({ data: temporaryFolder(), env });
    t.after(() => server.kill());
    const client = async (
      name: string,
      role: 'seller' | 'bidder',
      transport?: Gavel['transport'],
    ) => {
      const token = await server.token(name, [role]);
      const only = transport === undefined ? {} : { transports: [transport] };
      const gavel = connect({
        url: server.url,
        token,
        backoff: { baseMs: 20, maxMs: 100 },
        ...only,
      });
      t.after(() => gavel.close());
      await gavel.ready;
      return gavel;
    };
    const sam = await client('sam', 'seller');
    const listing = { title: 'A watch', currency: 'EUR', startPriceCents: 1_000 };
    const endsAtMs = (await sam.time()).serverTimeMs + HOUR_MS;
    const { auctionId } = await sam.rest.createAuction({ ...listing, endsAtMs });
    const bob = await client('bob', 'bidder');
    const devices: Device[] = [];
    for (const transport of ['websocket', 'events', 'polling'] as const) {
      const gavel = await client('ann', 'bidder', transport);
      const device: Device = { name: transport, gavel, states: [], heard: [] };
      gavel.on('outbid', ({ currentPriceCents }) => device.heard.push(currentPriceCents));
      gavel.on('feed_gap', () => device.heard.push('gap'));
      const watch = gavel.watch(auctionId, { every: true });
      watch.on('state', (state) => device.states.push(state));
      await watch.ready;
      devices.push(device);
    }
    const all = async (what: string, isSo: (device: Device) => boolean): Promise<void> => {
      for (let waited = 0; !devices.every(isSo); waited += 20) {
        const late = devices.filter((one) => !isSo(one)).map(({ name, heard }) => [name, ...heard]);
        assert.ok(waited < 60_000, `not told ${what}: ${JSON.stringify(late)}`);
        await sleep(20);
      }
    };
    const [{ gavel: ann }] = devices as [Device];

    assert.equal((await ann.bid(auctionId, 2_000)).accepted, true);
    assert.equal((await bob.bid(auctionId, 3_000)).accepted, true);
    await all('told of the first', ({ heard }) => heard.at(-1) === 2_050);
    assert.equal((await ann.bid(auctionId, 4_000)).accepted, true);
    // It is committed; the answer, the update and the notice die with the thread.
    const fatal = await bob.bid(auctionId, 5_000, { nonce: DEADLY_NONCE });
    assert.deepEqual([fatal.accepted, fatal.currentPriceCents], [true, 4_100]);
    assert.ok(existsSync(join(server.data, DIED)), 'the thread died');
    await all('of the gap', ({ heard }) => heard.includes('gap'));
    await all('of the bid', ({ states }) => states.at(-1)?.currentPriceCents === 4_100);
    assert.equal((await ann.get(auctionId)).currentPriceCents, 4_100);

    // Everything goes on, over the same connections.
    assert.equal((await ann.bid(auctionId, 6_000)).accepted, true);
    assert.equal((await bob.bid(auctionId, 7_000)).accepted, true);
    await all('of the next', ({ heard }) => heard.at(-1) === 6_100);
    await all('of its price', ({ states }) => states.at(-1)?.currentPriceCents === 6_100);
    for (const { name, heard, states } of devices) {
      assert.deepEqual(heard, [2_050, 'gap', 6_100], name);
      const seqs = states.map(({ seq }) => seq);
      assert.deepEqual(
        seqs,
        [...seqs].toSorted((a, b) => a - b),
        name,
      );
      states.forEach((state, i) => {
        const before = states[i - 1];
        const follows = before === undefined || state.seq <= before.seq + 1;
        assert.ok(follows || !state.gapless || state.change === 'auction_changed', name);
      });
    }
  },
);
