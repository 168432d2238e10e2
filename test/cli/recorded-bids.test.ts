/** Reading a CSV file of recorded bids: every kind of faulty row is named with its line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  COLUMNS,
  NotARecording,
  cellsOf,
  readRecording,
} from '../../src/cli/replay/recorded-bids.ts';

const HEADER = COLUMNS.join(',');
const GOOD = '7,12.5,0.25,bob,3,9.99,20,Lamp,3 day auction';

function recordingOf(...rows: string[]) {
  return readRecording([HEADER, ...rows, ''].join('\r\n'));
}

test('a row becomes a bid in cents and microseconds, and an auction', () => {
  const { auctions, bids, faults } = recordingOf(GOOD);
  assert.equal(bids, 1);
  assert.deepEqual(faults, []);
  assert.deepEqual(auctions, [
    {
      name: '7',
      item: 'Lamp',
      startCents: 999,
      priceCents: 2000,
      durationUs: 3 * 86_400_000_000,
      line: 2,
      bids: [{ line: 2, bidder: 'bob', amountCents: 1250, afterUs: 21_600_000_000 }],
    },
  ]);
});

test('the bids of an auction are ordered by time, equal times by line', () => {
  const { auctions } = recordingOf(
    '7,3,0.5,c,0,1,9,Lamp,3 day auction',
    '7,1,0.25,a,0,1,9,Lamp,3 day auction',
    '7,2,0.25,b,0,1,9,Lamp,3 day auction',
  );
  assert.deepEqual(
    auctions[0]?.bids.map(({ bidder }) => bidder),
    ['a', 'b', 'c'],
  );
});

const FAULTS: readonly [row: string, reason: RegExp][] = [
  ['7,12.5,0.25,bob,3,9.99,20,Lamp', /has 8 columns instead of 9/],
  [',12.5,0.25,bob,3,9.99,20,Lamp,3 day auction', /auctionid is empty/],
  ['7,12.555,0.25,bob,3,9.99,20,Lamp,3 day auction', /bid is not an amount in dollars: "12\.555"/],
  ['7,-1,0.25,bob,3,9.99,20,Lamp,3 day auction', /bid is not an amount/],
  ['7,1e3,0.25,bob,3,9.99,20,Lamp,3 day auction', /bid is not an amount/],
  ['7,0,0.25,bob,3,9.99,20,Lamp,3 day auction', /bid is zero/],
  ['7,12.5,-1,bob,3,9.99,20,Lamp,3 day auction', /bidtime is not a number of days: "-1"/],
  ['7,12.5,soon,bob,3,9.99,20,Lamp,3 day auction', /bidtime is not a number/],
  ['7,12.5,0.25,,3,9.99,20,Lamp,3 day auction', /bidder is empty/],
  ['7,12.5,0.25,bob,many,9.99,20,Lamp,3 day auction', /bidderrate is not a whole number/],
  ['7,12.5,0.25,bob,3,free,20,Lamp,3 day auction', /openbid is not an amount/],
  ['7,12.5,0.25,bob,3,9.99,,Lamp,3 day auction', /price is not an amount/],
  ['7,12.5,0.25,bob,3,9.99,20,Lamp,long auction', /auction_type is not like "7 day auction"/],
  ['7,12.5,0.25,bob,3,9.99,20,"Lamp,3 day auction', /a quote that is not closed/],
];

for (const [row, reason] of FAULTS) {
  test(`a faulty row is skipped and named, the others count: ${row}`, () => {
    const { bids, faults } = recordingOf(GOOD, row, GOOD);
    assert.equal(bids, 2);
    assert.equal(faults.length, 1);
    assert.equal(faults[0]?.line, 3);
    assert.match(faults[0]?.reason ?? '', reason);
  });
}

test('a row that contradicts the first row of its auction is taken, with a remark', () => {
  const { bids, faults, remarks } = recordingOf(GOOD, GOOD.replace('9.99', '1'));
  assert.equal(bids, 2);
  assert.deepEqual(faults, []);
  assert.match(remarks[0]?.reason ?? '', /openbid differs from line 2/);
});

test('cells in quotes may hold commas and quotes', () => {
  assert.deepEqual(cellsOf('a,"b, ""c""",,d'), ['a', 'b, "c"', '', 'd']);
  assert.deepEqual(cellsOf('a,'), ['a', '']);
});

test('another header is not taken for a recording', () => {
  assert.throws(() => readRecording('id,amount\n1,2\n'), NotARecording);
  assert.throws(() => readRecording(''), NotARecording);
  assert.equal(readRecording(`\uFEFF${HEADER}\n`).bids, 0);
});
