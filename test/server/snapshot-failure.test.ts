/**
 * A disk that takes no more of the state file: a snapshot is an aid, so bids go on, the log of the
 * process says what is wrong, and the next start replays the log of bids. strace makes the writes
 * fail.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { Server, temporaryFolder, UNLIMITED, verified, whyNoStrace } from './harness.ts';
import { bidsOf, list, WireClient } from './wire-client.ts';

const FAILED = /a snapshot could not be written/;
const BIDS_AFTERWARDS = 50;
const BIDS_MAX = 20_000;

test('a snapshot that cannot be written stops no bid', async (t) => {
  const unable = whyNoStrace();
  if (unable !== null) return t.skip(unable);
  const data = temporaryFolder();
  const env = { ...UNLIMITED, GAVEL_DATA_SHARDS: '1', GAVEL_SNAPSHOTS_INTERVAL: '1s' };
  const healthy = await Server.start({ data, env });
  t.after(() => healthy.kill());
  const seller = await healthy.token('seller', ['seller', 'bidder']);
  const bidder = await healthy.token('bidder');
  const { auctionId } = await list(healthy.url, seller);
  assert.equal(await healthy.stop(), 0);

  const file = join(data, 'shard-0', 'state.sqlite');
  const strace = ['strace', '-D', '-f', '-qq', '-o', '/dev/null'];
  const paths = ['-P', file, '-P', `${file}-wal`];
  const under = [...strace, ...paths, '-e', 'inject=pwrite64:error=ENOSPC'];
  const server = await Server.start({ data, env, under });
  t.after(() => server.kill());
  const socket = await WireClient.connect(server.url, bidder);
  let bids = 0;
  const bid = async (): Promise<void> => {
    const amountCents = 100_000 + bids * 10_000;
    const nonce = `nonce-000-${bids}`;
    const rest = { currency: null, confirm: null, dryRun: null };
    const fields = { id: bids + 1, auctionId: auctionId as string, nonce, amountCents, ...rest };
    bids += 1;
    assert.equal((await socket.ask(PLACE_BID, fields)).fields['code'], 0);
  };
  while (!FAILED.test(server.log)) {
    assert.ok(bids < BIDS_MAX, 'a snapshot failed by now');
    await bid();
    await sleep(5);
  }
  for (let i = 0; i < BIDS_AFTERWARDS; i++) await bid();
  assert.equal(await server.stop(), 0, server.log);

  await verified(data);
  const again = await Server.start({ data });
  t.after(() => again.kill());
  assert.equal((await bidsOf(again.url, seller, auctionId as string)).length, bids);
  assert.equal(await again.stop(), 0);
});
