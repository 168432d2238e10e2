/**
 * A sync that fails: nobody can say then what is on the disk, so the process stops, answers nothing
 * more, and the next start finds out. strace makes the system call fail (SQLite syncs with
 * fdatasync here, and with fsync in other builds, so both do).
 *
 *   GAVEL_TEST_LONG=1 fails each of the first 60 syncs, instead of five of them.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import type { Exit } from './harness.ts';
import {
  LONG,
  randomFrom,
  seedOfRun,
  Server,
  StartFailed,
  verified,
  whyNoStrace,
} from './harness.ts';
import { ONE_SHARD, prepare, riseBids } from './rising-bids.ts';
import type { Received } from './wire-client.ts';
import { bidsOf } from './wire-client.ts';

const SEED = seedOfRun();
const SYNCS = 'fdatasync,fsync';
const WINDOW = 4;
const BIDS_MAX = 3_000;
/** Of the issue: from the failed sync to the end of the process. */
const STOP_MS_MAX = 1_000;
const EXIT_DATA = 74;

/** The `when`s to fail: beyond those of the start; io-errors.test.ts fails those as well. */
function points(): readonly number[] {
  if (LONG) return Array.from({ length: 60 }, (_, i) => i + 5);
  const below = randomFrom(SEED);
  return [5 + below(6), 12 + below(20), 35 + below(60)];
}

test('P1: a commit that fails stops the process, and nothing is answered after it', async (t) => {
  const unable = whyNoStrace();
  if (unable !== null) return t.skip(unable);
  t.diagnostic(`seed ${SEED}, syncs that fail: ${points().join(', ')}`);
  const counts = { stopped: 0, neverReady: 0, acknowledged: 0, unknown: 0, stopMsMax: 0 };
  for (const when of points()) await t.test(`sync ${when} fails`, (t) => fail(t, when, counts));
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.stopped > 0, 'some failure came while the server ran');
  assert.ok(counts.unknown > 0, 'somebody was told that the outcome is unknown');
});

interface Counts {
  stopped: number;
  neverReady: number;
  acknowledged: number;
  unknown: number;
  stopMsMax: number;
}

async function fail(t: TestContext, when: number, counts: Counts): Promise<void> {
  // The folder is made in peace: what fails is not the making.
  const prepared = await prepare();
  const { data, seller, auctionId } = prepared;
  const options = { data, env: ONE_SHARD };
  const trace = join(dirname(data), 'trace');
  const inject = `inject=${SYNCS}:error=EIO:when=${when}`;
  const strace = ['strace', '-D', '-f', '-qq', '-y', '-ttt', '-o', trace];
  const under = [...strace, '-e', `trace=${SYNCS}`, '-e', inject];
  let server: Server;
  try {
    server = await Server.start({ ...options, under });
  } catch (error) {
    if (!(error instanceof StartFailed)) throw error;
    counts.neverReady += 1;
    assertStopped(error.exit, error.log, trace, counts);
    await assertPrefix(data, seller, auctionId, []);
    return;
  }
  t.after(() => server.kill());
  const answers = await riseBids(server, prepared, { window: WINDOW, bidsMax: BIDS_MAX });
  assert.ok(answers.length < BIDS_MAX, 'the failure came while the client was bidding');
  const exit = await server.exited;
  counts.stopped += 1;
  assertStopped(exit, server.log, trace, counts);
  assertNothingAfterTheFailure(answers, counts);
  await assertPrefix(data, seller, auctionId, answers);
}

function assertStopped(exit: Exit, log: string, trace: string, counts: Counts): void {
  const { code, signal, atMs } = exit;
  assert.deepEqual([code, signal], [EXIT_DATA, null], log);
  assert.match(log, /disk/, 'says what to look at');
  assert.match(log, /Nothing that was answered is lost|Check that the path/, 'says what to do');
  const injected = readFileSync(trace, 'utf8').split('\n');
  // SQLite syncs the folder when it makes its write-ahead file, and takes no notice of the result;
  // the next failing sync of the same run, of another thread then, is one of a file.
  const failed = injected.find(
    (line) => line.includes('(INJECTED)') && !line.includes('/shard-0>'),
  );
  const failedAt = failed?.match(/\d{9,}\.\d+/)?.[0];
  assert.ok(failedAt !== undefined, 'the sync did fail');
  const stopMs = atMs - Number(failedAt) * 1000;
  counts.stopMsMax = Math.max(counts.stopMsMax, Math.round(stopMs));
  assert.ok(
    stopMs <= STOP_MS_MAX,
    `stopped ${stopMs} ms after the failure:\n${injected.join('\n')}\n${log}`,
  );
}

/** One shard, one connection: whatever is answered after the first unknown one is unknown too. */
function assertNothingAfterTheFailure(answers: readonly (Received | null)[], counts: Counts): void {
  const codes = answers.map((answer) => (answer === null ? null : answer.fields['code']));
  const unknown = REFUSALS.UNKNOWN_OUTCOME.code;
  const failedFrom = codes.findIndex((code) => code !== 0);
  const after = codes.slice(failedFrom);
  assert.ok(failedFrom >= 0, 'some bid was not answered');
  assert.deepEqual(
    after.filter((code) => code !== null && code !== unknown),
    [],
    'after the failure nothing is answered but that the outcome is unknown',
  );
  counts.acknowledged += failedFrom;
  counts.unknown += after.filter((code) => code === unknown).length;
}

/** What is there after the next start: the first bids sent, none left out, all acknowledged ones. */
async function assertPrefix(
  data: string,
  seller: string,
  auctionId: string,
  answers: readonly (Received | null)[],
): Promise<void> {
  await verified(data);
  const again = await Server.start({ data });
  const bids = (await bidsOf(again.url, seller, auctionId)).toReversed();
  const told = answers.filter((answer) => answer?.fields['code'] === 0) as Received[];
  assert.ok(bids.length >= told.length, 'no acknowledged bid is lost');
  assert.ok(bids.length <= answers.length, 'nothing is there that nobody sent');
  assert.deepEqual(
    bids.slice(0, told.length).map(({ record }) => record),
    told.map(({ fields }) => fields['record']),
  );
  assert.equal(await again.stop(), 0);
  await verified(data);
}
