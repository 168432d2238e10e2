/**
 * The SDK's promises under any order of faults: cut and dead connections, lost answers, overload,
 * slow lines, history that is gone. Whatever happens: no bid takes effect twice, what an answer or
 * an error says is true, and the watch ends up where the auction is without a hidden gap.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimedOut, UnknownOutcome } from '../../src/client/errors.ts';
import type { WatchState } from '../../src/client/state.ts';
import { FakeAuction } from './fake-auction.ts';
import type { Fixture } from './fixture.ts';
import { AUCTION_ID, fixture, outcome } from './fixture.ts';
import { seeded } from './fake-timers.ts';

interface World extends Fixture {
  readonly auction: FakeAuction;
  readonly bids: {
    readonly nonce: string;
    readonly seen: ReturnType<typeof outcome<{ accepted: boolean }>>;
  }[];
  readonly states: WatchState[];
}

type Step = (world: World) => void;

const STEPS: Readonly<Record<string, Step>> = {
  bid: ({ gavel, bids }) => {
    const nonce = `nonce-of-bid-${bids.length}`;
    bids.push({ nonce, seen: outcome(gavel.bid(AUCTION_ID, 1000 + bids.length, { nonce })) });
  },
  others: ({ auction }) => auction.bid(),
  many: ({ auction }) => auction.conflate(3),
  cut: ({ server }) => server.sockets.at(-1)?.cut(),
  dead: ({ server }) => {
    const socket = server.sockets.at(-1);
    if (socket !== undefined) socket.isDead = true;
  },
  down: ({ server }) => {
    server.refuses = !server.refuses;
  },
  mute: ({ auction }) => {
    auction.isMute = !auction.isMute;
  },
  overload: ({ auction }) => {
    auction.isOverloaded = !auction.isOverloaded;
  },
  slow: ({ server }) => {
    server.latencyMs = server.latencyMs === 1 ? 900 : 1;
  },
  forget: ({ auction }) => auction.forget(),
};

const steps = fc.array(
  fc.record({
    step: fc.constantFrom(...Object.keys(STEPS)),
    thenMs: fc.constantFrom(0, 1, 2, 50, 1000, 6000, 40_000),
  }),
  { minLength: 1, maxLength: 40 },
);

async function run(
  plan: readonly { readonly step: string; readonly thenMs: number }[],
  seed: number,
): Promise<World> {
  let auction: FakeAuction | undefined;
  const made = fixture({ random: seeded(seed) }, (server) => {
    auction = new FakeAuction(server);
    server.tick();
  });
  const world: World = { ...made, auction: auction as FakeAuction, bids: [], states: [] };
  made.gavel.watch(AUCTION_ID).on('state', (state) => world.states.push(state));
  for (const { step, thenMs } of plan) {
    (STEPS[step] as Step)(world);
    await made.timers.advance(thenMs);
  }
  // All is well again.
  made.server.refuses = false;
  made.server.latencyMs = 1;
  world.auction.isMute = false;
  world.auction.isOverloaded = false;
  await made.timers.advance(120_000);
  world.auction.bid();
  await made.timers.advance(1000);
  return world;
}

function check({ auction, bids, states, gavel, faults }: World): void {
  assert.deepEqual(faults, []);
  assert.equal(gavel.state, 'open');
  for (const { nonce, seen } of bids) {
    const effects = auction.effects.get(nonce) ?? 0;
    assert.ok(effects <= 1, 'no bid takes effect twice');
    if (seen.value !== undefined) {
      assert.equal(effects, seen.value.accepted ? 1 : 0, 'what an answer says is true');
    } else if (seen.error instanceof TimedOut) {
      assert.equal(effects, 0, 'what never left has no effect');
    } else {
      assert.ok(seen.error instanceof UnknownOutcome, 'every command is settled');
      assert.equal(seen.error.nonce, nonce);
    }
  }
  assert.equal(states.at(-1)?.seq, auction.seq, 'the watch is where the auction is');
  for (const [i, state] of states.entries()) {
    const before = states[i - 1];
    if (before === undefined) continue;
    assert.ok(state.seq >= before.seq, 'never backwards');
    if (state.gapless) assert.ok(state.seq > before.seq, 'nothing is told twice');
  }
}

test('no order of faults breaks a promise', async () => {
  const numRuns = process.env['GAVEL_TEST_LONG'] === '1' ? 3000 : 150;
  await fc.assert(
    fc.asyncProperty(steps, fc.integer(), async (plan, seed) => check(await run(plan, seed))),
    { numRuns },
  );
});
