/**
 * SIGKILL in the moments that are short: while a server recovers, copies its write-ahead file into
 * the log, writes its incremental snapshot or stops, and of `gavel snapshot` and `gavel restore`.
 * Several kills in a row on one folder; then the client's ledger and `gavel verify` have to agree
 * with what is there. kill.test.ts has the kills under a mixed load.
 *
 *   GAVEL_TEST_SEED=n repeats a run's choices, GAVEL_TEST_LONG=1 kills 800 times instead of 80.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Below } from './harness.ts';
import {
  gavel,
  LONG,
  randomFrom,
  root,
  seedOfRun,
  Server,
  temporaryFolder,
  verified,
} from './harness.ts';
import type { Prepared } from './rising-bids.ts';
import { accepted, assertKept, ONE_SHARD, prepare, riseBids } from './rising-bids.ts';
import type { Received } from './wire-client.ts';

const ROUNDS = LONG ? 50 : 5;
const RECOVERIES = 9;
const KILLS_A_ROUND = RECOVERIES + 7;
const WINDOW = 4;
/** A phase that did not come by then: the kill falls where it falls. */
const PATIENCE_MS = 4_000;
const BIDS_MAX = 1_000_000;
const env = { ...ONE_SHARD, GAVEL_SNAPSHOTS_INTERVAL: '1s' };

type Kills = Record<string, number> & { acknowledged: number; open: number };

interface Story {
  readonly prepared: Prepared;
  /** What the client knows: every bid with its answer, if one came. */
  readonly ledger: (Received | null)[];
  readonly below: Below;
  readonly kills: Kills;
}

test('P1: P8: SIGKILL in every phase of a life loses no answered bid', async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`seed ${seed}`);
  const below = randomFrom(seed);
  const made = await prepare();
  const copy = temporaryFolder();
  await ran('snapshot', copy, '--data', made.data);
  const kills: Kills = { acknowledged: 0, open: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    // A small folder each: what grows is the time to compare it.
    const prepared = { ...made, data: temporaryFolder() };
    cpSync(made.data, prepared.data, { recursive: true });
    await killInEveryPhase({ prepared, ledger: [], below, kills }, copy);
    rmSync(dirname(prepared.data), { recursive: true, force: true });
  }
  t.diagnostic(JSON.stringify(kills));
  const { acknowledged, open, ...phases } = kills;
  const total = Object.values(phases).reduce((sum, each) => sum + each, 0);
  assert.equal(total, ROUNDS * KILLS_A_ROUND);
  assert.ok(acknowledged > ROUNDS * 20, 'the load was a load');
  assert.ok(open > 0, 'some kill fell between a bid and its answer');
});

async function killInEveryPhase(story: Story, copy: string): Promise<void> {
  const { prepared, ledger, below, kills } = story;
  const { data } = prepared;
  const { stateFile, logFile } = files(data);
  await bidUntilKilled(story, 'load', (kill) => setTimeout(kill, 30 + below(300)));
  for (let again = 0; again < RECOVERIES; again++) {
    await Server.startAndKill({ data, env }, 150 + below(400));
    count(kills, 'recovery');
  }
  await bidUntilKilled(story, 'snapshot', (kill) => atChange(`${stateFile}-wal`, kill));
  await bidUntilKilled(story, 'checkpoint', (kill) => atChange(logFile, kill));
  await killWhileStopping(story);
  await killCopy(story);
  await killRestore(story, copy);
  await killRestore(story, copy);
  kills.acknowledged += accepted(ledger).length;
  kills.open += ledger.filter((one) => one === null).length;
  await assertKept(prepared, ledger);
}

function files(data: string): { readonly stateFile: string; readonly logFile: string } {
  const shard = join(data, 'shard-0');
  return { stateFile: join(shard, 'state.sqlite'), logFile: join(shard, 'log.sqlite') };
}

/** Bids until the kill that `arm` sets off. */
async function bidUntilKilled(
  { prepared, ledger, kills }: Story,
  phase: string,
  arm: (kill: () => void) => void,
): Promise<void> {
  const server = await Server.start({ data: prepared.data, env });
  arm(() => server.child.kill('SIGKILL'));
  const load = { window: WINDOW, from: ledger.length, bidsMax: BIDS_MAX };
  ledger.push(...(await riseBids(server, prepared, load)));
  const { signal } = await server.exited;
  assert.equal(signal, 'SIGKILL', server.log);
  count(kills, phase);
}

/** Calls as soon as the file is written to. */
function atChange(path: string, then: () => void): void {
  const stamp = (): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const before = stamp();
  const untilMs = performance.now() + PATIENCE_MS;
  const timer = setInterval(() => {
    if (stamp() === before && performance.now() < untilMs) return;
    clearInterval(timer);
    then();
  }, 1);
}

async function killWhileStopping({ prepared, ledger, below, kills }: Story): Promise<void> {
  const server = await Server.start({ data: prepared.data, env });
  const load = { window: WINDOW, from: ledger.length, bidsMax: 40 };
  ledger.push(...(await riseBids(server, prepared, load)));
  server.child.kill('SIGTERM');
  setTimeout(() => server.child.kill('SIGKILL'), below(120));
  await server.exited;
  count(kills, 'stop');
}

/** A copy whose making was killed is recognised as none, or it is whole. */
async function killCopy({ prepared, ledger, below, kills }: Story): Promise<void> {
  const server = await Server.start({ data: prepared.data, env });
  const half = temporaryFolder();
  const isDead = killCommand(150 + below(500), 'snapshot', half, '--data', prepared.data);
  const load = { window: WINDOW, from: ledger.length, bidsMax: 200 };
  ledger.push(...(await riseBids(server, prepared, load)));
  await isDead;
  count(kills, 'gavel snapshot');
  const target = temporaryFolder();
  const { code, err } = await gavel('restore', half, '--data', target);
  if (code === 0) await verified(target);
  else assert.match(err, /is no whole snapshot/, 'a half copy is told apart');
  for (const folder of [half, target]) rmSync(dirname(folder), { recursive: true, force: true });
  await server.kill();
}

/** A folder is there as a whole or not at all, and the same command again puts it there. */
async function killRestore({ below, kills }: Story, copy: string): Promise<void> {
  const target = temporaryFolder();
  await killCommand(150 + below(300), 'restore', copy, '--data', target);
  count(kills, 'gavel restore');
  if (existsSync(target)) await verified(target);
  await ran('restore', copy, '--data', target, '--force');
  await verified(target);
  rmSync(dirname(target), { recursive: true, force: true });
}

/** Starts the command, and kills it after this time if it still runs. */
async function killCommand(ms: number, ...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'bin/gavel'), ...args], { stdio: 'ignore' });
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
}

async function ran(...args: readonly string[]): Promise<void> {
  const { code, out, err } = await gavel(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${out}${err}`);
}

function count(kills: Kills, phase: string): void {
  kills[phase] = (kills[phase] ?? 0) + 1;
}
