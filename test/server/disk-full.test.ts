/**
 * A disk that is really full: a small tmpfs of its own. The server stops and says what to do, a
 * start on the full disk is refused the same way, and once there is room it goes on with everything
 * that it had answered.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { LONG, randomFrom, seedOfRun, Server, StartFailed, temporaryFolder } from './harness.ts';
import { accepted, assertKept, ONE_SHARD, prepare, riseBids } from './rising-bids.ts';

const EXIT_DATA = 74;
const DISK = '48m';
const ROUNDS = LONG ? 40 : 3;
const KB = 1024;
const BIDS_MAX = 20_000;

test('a full disk stops the server clearly, and with room everything answered is there', async (t) => {
  const folder = dirname(temporaryFolder());
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk]);
  if (mounted.status !== 0) return t.skip('a file system of its own needs the rights to mount one');
  t.after(() => spawnSync('umount', ['-l', disk]));
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed}`);
  const below = randomFrom(seed);
  const prepared = await prepare(join(disk, 'data'));
  const env = { ...ONE_SHARD, GAVEL_SNAPSHOTS_INTERVAL: '1s' };
  const all: Awaited<ReturnType<typeof riseBids>> = [];
  const counts = { rounds: 0, acknowledged: 0, startsRefused: 0 };

  for (let round = 0; round < ROUNDS; round++) {
    const server = await Server.start({ data: prepared.data, env });
    t.after(() => server.kill());
    const filler = join(disk, 'filler');
    fill(filler, (4 + below(1_500)) * KB);
    const load = { window: 4, from: all.length, bidsMax: BIDS_MAX };
    const answers = await riseBids(server, prepared, load);
    const { code, signal } = await server.exited;
    assert.deepEqual([code, signal], [EXIT_DATA, null], server.log);
    assert.match(server.log, /could not be written|disk/, 'says what it is');
    assert.match(server.log, /full or failing disk|Make room/, 'says what to do');
    assert.ok(answers.length < BIDS_MAX, 'the disk was full by then');
    all.push(...answers);

    // To the last byte: not even a start finds room.
    fill(filler, 0);
    const refused = await Server.start({ data: prepared.data, env }).catch(
      (error: unknown) => error,
    );
    if (refused instanceof Server) await refused.kill();
    assert.ok(refused instanceof StartFailed, 'a start on a full disk is refused');
    assert.equal(refused.exit.code, EXIT_DATA, refused.log);
    assert.match(refused.log, /room/, refused.log);
    counts.startsRefused += 1;

    rmSync(filler);
    await assertKept(prepared, all);
    counts.rounds += 1;
  }
  counts.acknowledged = accepted(all).length;
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.acknowledged > 0, 'some bids were answered before the disk was full');
});

/** Writes the file until only so much is left. */
function fill(path: string, leaveBytes: number): void {
  const fd = openSync(path, 'a');
  const block = Buffer.alloc(4 * KB);
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(dirname(path));
      if (bavail * bsize <= leaveBytes) return;
      writeSync(fd, block, 0, Math.min(block.length, bavail * bsize - leaveBytes));
    }
  } finally {
    closeSync(fd);
  }
}
