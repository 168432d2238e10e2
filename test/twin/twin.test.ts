/**
 * Goal: the fast engine follows the rules. Method: random auctions run through it and through the
 * slow twin; after every command both must give the same answer and the same summary, and at the
 * end the same hash.
 *
 *   GAVEL_TEST_LONG=1             100,000 auctions in place of 2,000
 *   GAVEL_TEST_SEED=n             the same auctions once more (a failure prints its seed)
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { UserRef } from '../../src/auction/ids.ts';
import { EBAY_INCREMENTS } from '../../src/auction/increments.ts';
import type { Cents } from '../../src/auction/money.ts';
import type { AuctionRefusal } from '../../src/auction/refusal.ts';
import { RULE_SETTINGS } from '../../src/auction/settings.ts';
import { commandOf, timeOf } from './commands.ts';
import { FastAuction } from './fast-auction.ts';
import { LISTED_AT_MS, plan, type Plan } from './plan.ts';
import { SlowAuction, type SlowCommand } from './slow-auction.ts';
import { INCREMENTS_OF_RULES } from './slow-terms.ts';

const SELLER = 1 as UserRef;
const OUTAGE_WITHIN_MS = 60_000;
const AUCTIONS = process.env['GAVEL_TEST_LONG'] === '1' ? 100_000 : 2_000;
const SEED = Number(process.env['GAVEL_TEST_SEED'] ?? Date.now() % 2 ** 31);

/** What the plans must reach, or the comparison says little. */
const REFUSALS_TO_REACH: readonly AuctionRefusal[] = [
  'AUCTION_NOT_STARTED',
  'AUCTION_CANCELLED',
  'AUCTION_BOUGHT',
  'AUCTION_ENDED',
  'OWN_AUCTION',
  'BIDDER_BLOCKED',
  'CURRENCY_DIFFERS',
  'VELOCITY_LIMIT',
  'BID_BELOW_OWN_MAXIMUM',
  'BID_TOO_LOW',
  'BID_LIMIT_EXCEEDED',
  'CONFIRMATION_NEEDED',
  'BUY_NOW_UNAVAILABLE',
  'NOTHING_TO_RETRACT',
  'RETRACTION_TOO_LATE',
  'NOT_YOUR_AUCTION',
  'CANCEL_TOO_LATE',
  'NO_BIDS_TO_SELL',
];
const OUTCOMES_TO_REACH = [
  'PlaceBid',
  'BuyNow',
  'RetractBid',
  'EndEarly',
  'BlockBidder',
  'SetBidLimit',
  'extended',
  'credited',
  'sold',
  'unsold',
  'cancelled',
];

/** How often each answer and outcome came up. */
type Tally = Map<string, number>;

function hash(summary: unknown): string {
  return createHash('sha256').update(JSON.stringify(summary)).digest('hex');
}

function count(tally: Tally, name: string): void {
  tally.set(name, (tally.get(name) ?? 0) + 1);
}

/** Runs both twins; throws at the first difference. Each step adds a line to `lines`. */
function compare({ terms, bidsPerMinuteMax, steps }: Plan, tally: Tally, lines: string[]): void {
  let nowUs = LISTED_AT_MS * 1000;
  const slow = new SlowAuction(SELLER, terms, { bidsPerWindowMax: bidsPerMinuteMax });
  const fast = new FastAuction(SELLER, terms, nowUs, {
    ...RULE_SETTINGS,
    bidsPerMinuteMax,
    outageCreditWithinMs: OUTAGE_WITHIN_MS,
  });
  const firstBidUs = new Map<number, number>();
  const limits = new Map<number, Cents | null>();

  for (const [index, step] of steps.entries()) {
    slow.tick(nowUs);
    const scene = { terms, slow, nowUs, firstBidUs, limits };
    nowUs = timeOf(scene, step.time, step.command);
    slow.tick(nowUs);
    fast.tick(nowUs);
    if (step.command.what === 'outage') {
      const fromUs = nowUs;
      nowUs += step.command.lastsUs;
      const endBeforeMs = slow.summary().endsAtMs;
      slow.outage(fromUs, nowUs, OUTAGE_WITHIN_MS);
      fast.outage(fromUs, nowUs);
      slow.tick(nowUs);
      fast.tick(nowUs);
      lines.push(`${timeText(nowUs)}  outage since ${timeText(fromUs)}`);
      const { endsAtMs } = slow.summary();
      assert.ok(endsAtMs >= endBeforeMs, 'the end never moves back');
      if (endsAtMs > endBeforeMs) count(tally, 'credited');
    }
    const command = commandOf(scene, step.command, `n${index}`);
    lines.push(`${timeText(nowUs)}  ${command === null ? 'wait' : commandText(command)}`);
    if (command !== null) {
      if ('nonce' in command && !firstBidUs.has(command.bidder)) {
        firstBidUs.set(command.bidder, nowUs);
      }
      if (command.kind === 'SetBidLimit') limits.set(command.bidder, command.limitCents);
      const said = slow.apply(command, nowUs);
      const fastSaid = fast.apply(command, nowUs);
      count(tally, 'ok' in said ? command.kind : said.refusal);
      lines.push(`    slow ${JSON.stringify(said)}  fast ${JSON.stringify(fastSaid)}`);
      assert.deepEqual(fastSaid, said, 'the answers differ (fast, slow)');
    }
    lines.push(`    slow ${JSON.stringify(slow.summary())}`);
    assert.deepEqual(fast.summary(), slow.summary(), 'the summaries differ (fast, slow)');
  }
  // Whatever still runs goes on to its end.
  const endUs = Math.max(nowUs, slow.end().endsAtMs * 1000);
  slow.tick(endUs);
  fast.tick(endUs);
  const { status, extensions } = slow.summary();
  lines.push(`${timeText(endUs)}  the end`, `    slow ${JSON.stringify(slow.summary())}`);
  assert.deepEqual(fast.summary(), slow.summary(), 'the summaries differ (fast, slow)');
  count(tally, status);
  if (extensions > 0) count(tally, 'extended');
  assert.equal(hash(fast.summary()), hash(slow.summary()), 'the hashes differ');
}

function timeText(atUs: number): string {
  return `+${((atUs - LISTED_AT_MS * 1000) / 1_000_000).toFixed(6)}s`;
}

function commandText(command: SlowCommand): string {
  const { kind, ...rest } = command;
  const fields = Object.entries(rest).filter(([name]) => name !== 'nonce');
  return `${kind} ${fields.map(([name, value]) => `${name}=${value}`).join(' ')}`;
}

/** A failing plan as something to read: terms, commands and what both said, and the difference. */
function readable(failing: Plan): string {
  const lines: string[] = [];
  let difference = '';
  try {
    compare(failing, new Map(), lines);
  } catch (error) {
    difference = error instanceof Error ? error.message : String(error);
  }
  const terms = JSON.stringify(failing.terms);
  const velocity = `bidsPerMinuteMax=${failing.bidsPerMinuteMax}`;
  return [terms, velocity, `listed at ${LISTED_AT_MS}`, ...lines, difference].join('\n');
}

test('eBay increments are those of the rules, by comparing with a copy', () => {
  assert.deepEqual(EBAY_INCREMENTS, INCREMENTS_OF_RULES);
});

test('the engine agrees with the slow twin, by random auctions', (t) => {
  const tally: Tally = new Map();
  const property = fc.property(plan, (planned) => compare(planned, tally, []));
  const result = fc.check(property, { numRuns: AUCTIONS, seed: SEED });
  if (result.failed) {
    const [failing] = result.counterexample ?? [];
    const again = `GAVEL_TEST_SEED=${SEED} (path ${result.counterexamplePath ?? '?'})`;
    assert.fail(`${again}\n${failing === undefined ? '' : readable(failing)}`);
  }
  const sorted = [...tally].sort(([a], [b]) => (a < b ? -1 : 1));
  t.diagnostic(`${AUCTIONS} auctions, seed ${SEED}`);
  t.diagnostic(sorted.map(([name, times]) => `${name} ${times}`).join(', '));
  const missing = [...REFUSALS_TO_REACH, ...OUTCOMES_TO_REACH].filter((name) => !tally.has(name));
  assert.deepEqual(missing, [], `never came up; GAVEL_TEST_SEED=${SEED}`);
});
