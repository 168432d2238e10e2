/**
 * Every N-th sync, write and truncation of the process fails, over all of its life: start, load,
 * checkpoint, stop. Either it goes on and is right to (a snapshot is an aid), or it stops with exit
 * code 74 and says what to do; and whatever it had answered is there afterwards. strace makes the
 * calls fail, counting each thread's own.
 *
 *   GAVEL_TEST_SEED=n repeats a run's choices, GAVEL_TEST_LONG=1 fails every N up to the last call.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync } from 'node:fs';
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
  temporaryFolder,
  whyNoStrace,
} from './harness.ts';
import type { Prepared } from './rising-bids.ts';
import { accepted, assertKept, ONE_SHARD, prepare, riseBids } from './rising-bids.ts';
import type { Received } from './wire-client.ts';

const EXIT_DATA = 74;
const WINDOW = 4;
/** Enough for some snapshots, and for the write-ahead file to be copied into the log. */
const BIDS = 900;
/** From the order to stop until it has: a process that hangs is a failure. */
const STOP_MS_MAX = 20_000;

interface Kind {
  readonly name: string;
  readonly calls: string;
  readonly error: string;
  /** The last N of the long run: later calls are like earlier ones. */
  readonly last: number;
  /** How many of them in CI. */
  readonly some: number;
}

const KINDS: readonly Kind[] = [
  { name: 'sync', calls: 'fdatasync,fsync', error: 'EIO', last: 60, some: 4 },
  { name: 'write, EIO', calls: 'pwrite64', error: 'EIO', last: 120, some: 3 },
  { name: 'write, disk full', calls: 'pwrite64', error: 'ENOSPC', last: 120, some: 3 },
  { name: 'truncation', calls: 'ftruncate', error: 'EIO', last: 6, some: 1 },
];

interface Counts {
  cases: number;
  notReached: number;
  neverReady: number;
  stopped: number;
  failedAtStop: number;
  wentOn: number;
  acknowledged: number;
}

test('P1: whichever sync, write or truncation fails, nothing answered is lost', async (t) => {
  const unable = whyNoStrace();
  if (unable !== null) return t.skip(unable);
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed}`);
  const below = randomFrom(seed);
  const prepared = await prepare();
  const counts: Counts = {
    cases: 0,
    notReached: 0,
    neverReady: 0,
    stopped: 0,
    failedAtStop: 0,
    wentOn: 0,
    acknowledged: 0,
  };
  for (const kind of KINDS) {
    for (const when of points(kind, below)) {
      await t.test(`${kind.name}: call ${when} fails`, (t) =>
        failAt(t, prepared, kind, when, counts),
      );
    }
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.neverReady > 0, 'some failure came at the start');
  assert.ok(counts.stopped + counts.wentOn > 0, 'some failure came while the server ran');
  assert.ok(counts.acknowledged > 0, 'something was answered');
});

/** Early calls are the start's, each different; so most of the choice is among them. */
function points({ name, last, some }: Kind, below: (n: number) => number): readonly number[] {
  if (LONG) return Array.from({ length: last }, (_, i) => i + 1);
  const early = Math.min(last, 12);
  const chosen = Array.from({ length: some }, (_, i) => 1 + below(i % 2 === 0 ? early : last));
  // The second sync of the main thread: the mark of a living server, once told without its file.
  return name === 'sync' ? [2, ...chosen] : chosen;
}

async function failAt(
  t: TestContext,
  prepared: Prepared,
  { calls, error, name }: Kind,
  when: number,
  counts: Counts,
): Promise<void> {
  const copy = { ...prepared, data: temporaryFolder() };
  cpSync(prepared.data, copy.data, { recursive: true });
  const trace = join(dirname(copy.data), 'trace');
  const inject = `inject=${calls}:error=${error}:when=${when}`;
  const strace = ['strace', '-D', '-f', '-qq', '-y', '-o', trace];
  const under = [...strace, '-e', `trace=${calls}`, '-e', inject];
  const env = { ...ONE_SHARD, GAVEL_SNAPSHOTS_INTERVAL: '1s' };
  const told = (): string => `${name} ${when}:\n${injected(trace).join('\n')}\n`;
  counts.cases += 1;
  let server: Server;
  try {
    server = await Server.start({ data: copy.data, env, under });
  } catch (failure) {
    if (!(failure instanceof StartFailed)) throw failure;
    counts.neverReady += 1;
    assertClear(failure.exit, `${told()}${failure.log}`);
    return assertKept(copy, []);
  }
  t.after(() => server.kill());
  const answers = await riseBids(server, copy, { window: WINDOW, bidsMax: BIDS });
  counts.acknowledged += accepted(answers).length;
  const isLost = accepted(answers).length < answers.length;
  const exit = await ended(server, isLost);
  if (isLost) {
    assertNothingAfter(answers);
    counts.stopped += 1;
  } else if (injected(trace).length === 0) counts.notReached += 1;
  else if (exit.code === 0) counts.wentOn += 1;
  else counts.failedAtStop += 1;
  if (exit.code !== 0 || isLost) assertClear(exit, `${told()}${server.log}`);
  await assertKept(copy, answers);
}

/** Ends by itself where it failed, else when asked. */
async function ended(server: Server, byItself: boolean): Promise<Exit> {
  if (!byItself) server.child.kill('SIGTERM');
  const limit = new Promise<'late'>((resolve) => {
    setTimeout(resolve, STOP_MS_MAX, 'late').unref();
  });
  const exit = await Promise.race([server.exited, limit]);
  assert.ok(exit !== 'late', `did not end within ${STOP_MS_MAX} ms:\n${server.log}`);
  return exit;
}

function assertClear({ code, signal }: Exit, told: string): void {
  assert.deepEqual([code, signal], [EXIT_DATA, null], told);
  assert.match(told, /disk|could not be written/, 'says what it is');
  assert.match(told, /Nothing that was answered is lost|Check that the path/, told);
}

/** One shard, one connection: whatever is answered after the first unknown one is unknown too. */
function assertNothingAfter(answers: readonly (Received | null)[]): void {
  const codes = answers.map((answer) => (answer === null ? null : answer.fields['code']));
  const after = codes.slice(codes.findIndex((code) => code !== 0));
  const unknown = REFUSALS.UNKNOWN_OUTCOME.code;
  assert.deepEqual(
    after.filter((code) => code !== null && code !== unknown),
    [],
    'after the failure nothing is answered but that the outcome is unknown',
  );
}

function injected(trace: string): readonly string[] {
  if (!existsSync(trace)) return [];
  return readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line.includes('(INJECTED)'));
}
