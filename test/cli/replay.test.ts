/** `gavel replay`: the figures on the real file, passes and report on small ones, exit codes. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { planOf, replay } from '../../src/cli/replay/play.ts';
import type { Plan, ReplayReport } from '../../src/cli/replay/play.ts';
import { COLUMNS, readRecording } from '../../src/cli/replay/recorded-bids.ts';
import { gavel } from './fake-terminal.ts';

const EBAY_BIDS = fileURLToPath(new URL('../../../shared/data/ebay-bids.csv', import.meta.url));
const skip = existsSync(EBAY_BIDS) ? false : `the recorded eBay bids are not there: ${EBAY_BIDS}`;

function csv(t: TestContext, ...rows: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-csv-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'bids.csv');
  writeFileSync(file, [COLUMNS.join(','), ...rows, ''].join('\n'));
  return file;
}

test('the recorded eBay auctions close at their prices', { skip }, async () => {
  const ran = await gavel(['replay', EBAY_BIDS, '--infer-reserve', '--json']);
  assert.equal(ran.code, 0, ran.err);
  const report = JSON.parse(ran.out) as ReplayReport;
  assert.equal(report.auctions, 479);
  assert.equal(report.bids, 7870);
  assert.equal(report.accepted, 7840);
  assert.equal(report.refused, 30);
  assert.equal(report.matched, 445);
  assert.equal(report.matchedWithReserve, 477);
  const differing = report.differing.map(({ auction }) => auction);
  assert.deepEqual(differing.sort(), ['3016587753', '3017736272']);
});

test('without reserves 34 of them differ, and are named', { skip }, async () => {
  const ran = await gavel(['replay', EBAY_BIDS, '--strict']);
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /close at the recorded price +445 of 479 +92\.9 %/);
  assert.match(ran.out, /3017736272 +238\.00 +255\.00 +sold/);
});

// eBay's rules by hand: a opens at 10.00 (maximum 20.00); b's 15.00 raises a to 15.50.
const SECOND_PRICE = [
  '1,20,0.1,a,0,10,15.5,Lamp,3 day auction',
  '1,15,0.2,b,0,10,15.5,Lamp,3 day auction',
];

test('an auction is played by the rules of proxy bidding', async (t) => {
  const ran = await gavel(['replay', csv(t, ...SECOND_PRICE), '--json']);
  assert.equal(ran.code, 0, ran.err);
  const { accepted, matched, matchedWithReserve, differing } = JSON.parse(ran.out) as ReplayReport;
  assert.deepEqual(
    { accepted, matched, matchedWithReserve, differing },
    {
      accepted: 2,
      matched: 1,
      matchedWithReserve: null,
      differing: [],
    },
  );
});

test('a bid after the end is refused by name', async (t) => {
  const late = '1,30,3.5,c,0,10,15.5,Lamp,3 day auction';
  const ran = await gavel(['replay', csv(t, ...SECOND_PRICE, late), '--json']);
  const report = JSON.parse(ran.out) as ReplayReport;
  assert.deepEqual(report.refusedByName, { AUCTION_ENDED: 1 });
  assert.equal(report.matched, 1);
});

test('malformed rows are named with their line, and fail only with --strict', async (t) => {
  const file = csv(t, ...SECOND_PRICE, '1,x,0.3,c,0,10,15.5,Lamp,3 day auction');
  const ran = await gavel(['replay', file]);
  assert.equal(ran.code, 0);
  assert.match(ran.err, /bids\.csv line 4: bid is not an amount in dollars: "x"; skipped/);
  assert.match(ran.out, /rows skipped +1/);
  assert.equal((await gavel(['replay', file, '--strict'])).code, 2);
});

test('a missing file and one of another kind have their exit codes', async (t) => {
  const missing = await gavel(['replay', 'none.csv'], { folder: tmpdir() });
  assert.equal(missing.code, 74);
  assert.match(missing.err, /none\.csv/);
  const folder = mkdtempSync(join(tmpdir(), 'gavel-csv-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'other.csv'), 'a,b\n1,2\n');
  const other = await gavel(['replay', 'other.csv'], { folder });
  assert.equal(other.code, 2);
  assert.match(other.err, /line 1 must be: auctionid,bid/);
});

test('only differing auctions get a reserve in the second pass, and the first pass none', async () => {
  const text = [COLUMNS.join(','), ...SECOND_PRICE, '2,5,0.15,a,0,5,9,Bell,5 day auction'].join(
    '\n',
  );
  const recording = readRecording(text);
  const plans: Plan[] = [];
  const report = await replay(recording, true, async (plan) => {
    plans.push(plan);
    const closes = plan.auctions.map(({ priceCents }, i) => ({
      status: 'sold',
      priceCents: i === 1 && plan.reservesCents[i] === null ? 500 : priceCents,
    }));
    return { accepted: 3, refusedByName: new Map(), closes };
  });
  assert.deepEqual(
    plans.map(({ reservesCents }) => reservesCents),
    [
      [null, null],
      [null, 900],
    ],
  );
  assert.deepEqual([report.matched, report.matchedWithReserve], [1, 2]);
  const order = planOf(recording, [null, null]).bids.map(({ auction }) => auction);
  assert.deepEqual(order, [0, 1, 0], 'the bids of all auctions in the order of their time');
});
