/**
 * A disk whose syncs take long, by strace: bids are slower, what would wait too long is refused
 * with OVERLOADED and when to try again, nothing is lost, and the watchdog knows waiting for the
 * disk from being stuck.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { Server, whyNoStrace } from './harness.ts';
import { accepted, assertKept, ONE_SHARD, prepare, riseBids } from './rising-bids.ts';
import type { Received } from './wire-client.ts';

const STRACE = ['strace', '-D', '-f', '-qq', '-o', '/dev/null'];
const SYNCS = 'fdatasync,fsync';
/** Longer than the watchdog lets a thread without a sign of life be. */
const STALL_MS = 6_000;
const SLOW_MS = 200;
/** Waits to be queued: more than 16 KB, below which nobody is refused. */
const CROWD = 400;

function under(inject: string): readonly string[] {
  return [...STRACE, '-e', `trace=${SYNCS}`, '-e', `inject=${SYNCS}:${inject}`];
}

async function startOn(t: TestContext, data: string, inject: string): Promise<Server> {
  const server = await Server.start({ data, env: ONE_SHARD, under: under(inject) });
  t.after(() => server.kill());
  return server;
}

function refusedWith(answers: readonly (Received | null)[]): readonly Received[] {
  return answers.filter((one) => one !== null && one.fields['code'] !== 0) as Received[];
}

test('slow syncs: bids are slower, what is too much is refused early, nothing is lost', async (t) => {
  const unable = whyNoStrace();
  if (unable !== null) return t.skip(unable);
  const prepared = await prepare();
  const server = await startOn(t, prepared.data, `delay_enter=${SLOW_MS * 1000}`);

  const calm = await riseBids(server, prepared, { window: 1, bidsMax: 5 });
  assert.equal(accepted(calm).length, 5, 'whoever waits is answered');
  const times = calm.map((one) => one?.atMs ?? 0);
  const between = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  assert.ok(Math.min(...between) >= SLOW_MS * 0.9, `a bid waits for its commit: ${between.join()}`);

  const load = { window: CROWD, from: calm.length, bidsMax: 4 * CROWD };
  const crowd = await riseBids(server, prepared, load);
  const refused = refusedWith(crowd);
  const decided = refused.filter(({ fields }) => fields['code'] !== REFUSALS.OVERLOADED.code);
  const codes = new Set(decided.map(({ fields }) => fields['code']));
  // Bids that came after a higher one that was not refused are too low, by the rules.
  codes.delete(REFUSALS.BID_BELOW_OWN_MAXIMUM.code);
  assert.deepEqual([...codes], [], 'nothing but OVERLOADED and the rules refuses');
  const shed = refused.filter(({ fields }) => fields['code'] === REFUSALS.OVERLOADED.code);
  assert.ok(shed.length > 0, 'too much is refused');
  assert.ok(accepted(crowd).length > 0, 'and what is not refused is decided');
  for (const { fields } of shed) assert.ok(Number(fields['retryAfterMs']) > 0, 'says when again');
  assert.equal(crowd.filter((one) => one === null).length, 0, 'everything has an answer');
  t.diagnostic(
    `${accepted(crowd).length} of ${crowd.length} bids accepted, ${shed.length} refused early`,
  );
  assert.equal(await server.stop(), 0, server.log);
  assert.doesNotMatch(server.log, /stuck|died/);
  await assertKept(prepared, [...calm, ...crowd]);
});

test('one sync that takes longer than the watchdog waits ends no thread', async (t) => {
  const unable = whyNoStrace();
  if (unable !== null) return t.skip(unable);
  const prepared = await prepare();
  // Beyond the syncs of the start.
  const server = await startOn(t, prepared.data, `delay_enter=${STALL_MS * 1000}:when=12`);
  const fromMs = Date.now();
  const load = { window: 2, bidsMax: 60 };
  const answers = await riseBids(server, prepared, load);
  assert.ok(Date.now() - fromMs >= STALL_MS * 0.9, 'some bid had to wait');
  assert.equal(accepted(answers).length, answers.length, 'all were answered, and with yes');
  assert.match(server.log, /waits for the disk/, 'the log says what is the matter');
  assert.doesNotMatch(server.log, /stuck|died/);
  assert.equal(await server.stop(), 0, server.log);
  await assertKept(prepared, answers);
});
