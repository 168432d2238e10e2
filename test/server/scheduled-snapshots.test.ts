/**
 * Snapshots that the server takes by itself: whole, no more of them than asked for, seen in the
 * metrics; and where none can be taken, bids go on and the older ones stay.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSnapshotName } from '../../src/journal/snapshot-names.ts';
import { PLACE_BID } from '../../src/protocol/messages/place-bid.ts';
import { gavel, Server, temporaryFolder, UNLIMITED, verified } from './harness.ts';
import { list, WireClient } from './wire-client.ts';

const limited = { timeout: 120_000 };

test('snapshots come and go by themselves, and one that fails stops no bid', limited, async (t) => {
  const data = temporaryFolder();
  t.after(() => rmSync(dirname(data), { recursive: true, force: true }));
  const folder = join(dirname(data), 'snapshots');
  const killed = 'snapshot-2026-01-01T00-00-00.000Z.taking-1';
  mkdirSync(join(folder, killed), { recursive: true });
  writeFileSync(join(folder, 'other'), 'not ours');
  const env = {
    ...UNLIMITED,
    GAVEL_SNAPSHOTS_EVERY: '1s',
    GAVEL_SNAPSHOTS_KEEP: '2',
    GAVEL_SNAPSHOTS_FOLDER: folder,
  };
  const server = await Server.start({ data, env });
  t.after(() => server.kill());
  const seller = await server.token('seller', ['seller', 'bidder']);
  const { auctionId } = await list(server.url, seller);
  const socket = await WireClient.connect(server.url, await server.token('bidder'));
  let bids = 0;
  const bid = async (): Promise<void> => {
    const amountCents = 100_000 + bids * 10_000;
    const rest = { currency: null, confirm: null, dryRun: null };
    const nonce = `nonce-000-${bids}`;
    const fields = { id: bids + 1, auctionId: auctionId as string, nonce, amountCents, ...rest };
    bids += 1;
    assert.equal((await socket.ask(PLACE_BID, fields)).fields['code'], 0);
  };
  const bidUntil = async (line: RegExp): Promise<void> => {
    for (;;) {
      const metrics = await (await fetch(`${server.ready.internalUrl}/metrics`)).text();
      if (line.test(metrics)) return;
      await bid();
      await sleep(5);
    }
  };
  await bidUntil(/^gavel_snapshots_total\{outcome="taken"\} [4-9]/m);
  const names = readdirSync(folder).toSorted();
  assert.ok(!names.includes(killed), 'what a killed server left is gone');
  assert.ok(names.includes('other'), 'what is not a snapshot is left alone');
  assert.ok(names.filter(isSnapshotName).length <= 3, 'two, and one that came meanwhile');

  // From here on none can be taken.
  const aside = join(dirname(data), 'aside');
  renameSync(folder, aside);
  writeFileSync(folder, '');
  await bidUntil(/^gavel_snapshots_total\{outcome="failed"\} [2-9]/m);
  assert.match(server.log, /no snapshot could be taken; bids go on/);
  await bid();
  assert.equal(await server.stop(), 0, server.log);
  await verified(data);

  const kept = readdirSync(aside).filter(isSnapshotName).toSorted();
  assert.ok(kept.length >= 2);
  for (const name of kept) {
    const { code, err } = await gavel('verify', join(aside, name));
    assert.equal(code, 0, err);
  }
  const back = join(dirname(data), 'back');
  const { code, err } = await gavel('restore', join(aside, kept.at(-1) ?? ''), '--data', back);
  assert.equal(code, 0, err);
  const [restored] = await verified(back);
  assert.ok(restored !== undefined);
});
