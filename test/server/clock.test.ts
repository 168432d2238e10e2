/**
 * A real server whose system clock steps by an hour while it runs (libfaketime; the monotonic clock
 * stays): auctions end when they are due, an extension is as long as it says, and nobody wins or
 * loses an auction by it. Then restarts on the wrong clock.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Server, temporaryFolder, UNLIMITED, until, verified } from './harness.ts';
import type { Fields } from './wire-client.ts';
import { list, rest } from './wire-client.ts';

const LIBRARY = globSync('/usr/lib/*/faketime/libfaketime.so.1')[0];
const LASTS_MS = 3_000;
/** How late an end may be told where other programs keep the machine busy. */
const LATE_MS_MAX = Number(process.env['GAVEL_TEST_END_MS'] ?? 1_000);
const STEPS = { 'an hour on': '+3600', 'an hour back': '-3600', 'a leap second': '-1' };

for (const [name, step] of Object.entries(STEPS)) {
  test(`an auction ends when it is due, where the clock steps: ${name}`, async (t) => {
    if (LIBRARY === undefined || !existsSync(LIBRARY)) {
      return t.skip('libfaketime is not installed (Debian: apt install faketime)');
    }
    const data = temporaryFolder();
    const file = join(dirname(data), 'clock');
    writeFileSync(file, '+0\n');
    const env = {
      ...UNLIMITED,
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    const server = await Server.start({ data, env });
    t.after(() => server.kill());
    const seller = await server.token('seller', ['seller', 'bidder']);
    const bidder = await server.token('bob');
    const softClose = { windowMs: 2_000, extensionMs: 2_500, extensionsMax: 1 };
    const endsAtMs = Date.now() + LASTS_MS;
    const auctionId = (await list(server.url, seller, { endsAtMs, softClose }))[
      'auctionId'
    ] as string;
    const path = `/v1/auctions/${auctionId}`;
    const show = async (): Promise<Fields> => (await rest(server.url, seller, 'GET', path)).body;

    writeFileSync(file, `${step}\n`);
    await new Promise((resolve) => setTimeout(resolve, LASTS_MS - 1_500));
    assert.equal((await show())['status'], 'active', 'the step has not ended it');
    const bid = { nonce: 'nonce-0001', amountCents: 5_000 };
    const placed = await rest(server.url, bidder, 'POST', `${path}/bids`, bid);
    assert.equal(placed.status, 200, placed.text);
    const extendedMs = (await show())['endsAtMs'] as number;
    const bidAtMs = placed.body['serverTimeMs'] as number;
    assert.ok(extendedMs - bidAtMs >= 2_500 && extendedMs - bidAtMs <= 2_502, 'from the bid on');
    const ended = await until('the end', async () => {
      const view = await show();
      return view['status'] === 'active' ? undefined : view;
    });
    // By the clock of this process, which did not step.
    const lateMs = Date.now() - extendedMs;
    assert.ok(lateMs >= -50 && lateMs <= LATE_MS_MAX, `${lateMs} ms late`);
    assert.deepEqual([ended['status'], ended['winner']], ['sold', 'b1']);

    // A start on the wrong clock: what has ended stays as it is, and time does not run back.
    await server.kill();
    const again = await Server.start({ data, env });
    t.after(() => again.kill());
    const stamped = Date.parse(again.log.match(/"time":"([^"]+)"/)?.[1] ?? '');
    const offMs = stamped - Date.now() - Number(step) * 1000;
    assert.ok(Math.abs(offMs) < 30_000, `the clock that the server sees did step: ${offMs}`);
    const { body: after } = await rest(again.url, await again.token('seller'), 'GET', path);
    assert.deepEqual(
      [after['status'], after['winner'], after['endsAtMs']],
      ['sold', 'b1', extendedMs],
    );
    assert.ok((after['serverTimeMs'] as number) >= extendedMs, 'time did not run back');
    assert.equal(await again.stop(), 0, again.log);
    await verified(data);
  });
}
