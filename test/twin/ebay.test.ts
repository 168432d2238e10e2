/**
 * Goal: the rules are those of real auctions. Method: the slow twin bids the 7,870 bids of 479 real
 * eBay auctions again and compares the closing prices (the measurement in RULES.md section 1).
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { UserRef } from '../../src/auction/ids.ts';
import { cents, type Cents } from '../../src/auction/money.ts';
import { SlowAuction } from './slow-auction.ts';
import { plainTerms } from './slow-terms.ts';

const FILE = new URL('../../../shared/data/ebay-bids.csv', import.meta.url);
const SKIP = existsSync(FILE) ? false : 'the real bids are not here: ../shared/data/ebay-bids.csv';

const SELLER = 1 as UserRef;
const DAY_US = 86_400_000_000;

/** Faulty records (RULES.md): one closed above all that was bid, one below what two bidders bid. */
const FAULTY = ['3016587753', '3017736272'];

interface RealBid {
  readonly auction: string;
  readonly amountCents: Cents;
  readonly atUs: number;
  readonly bidder: string;
  readonly startPriceCents: Cents;
  readonly closedAtCents: Cents;
  readonly days: number;
}

interface Outcome {
  readonly accepted: number;
  readonly refused: ReadonlyMap<string, number>;
  readonly closedAtCents: number;
  readonly recordedCents: Cents;
}

/** From the decimal figures themselves: "177.5" is 17750, without a float in between. */
function centsOf(decimal: string): Cents {
  const [whole = '', part = ''] = decimal.split('.');
  assert.match(decimal, /^\d+(\.\d{1,2})?$/);
  return cents(Number(whole + part.padEnd(2, '0')));
}

/** The file has no quoted fields; its columns are named in its first line. */
function readBids(): Map<string, RealBid[]> {
  const bidsByAuction = new Map<string, RealBid[]>();
  for (const line of readFileSync(FILE, 'utf8').trim().split(/\r?\n/).slice(1)) {
    const [auction = '', bid = '', days = '', bidder = '', , open = '', price = '', , type = ''] =
      line.split(',');
    const bids = bidsByAuction.get(auction) ?? [];
    bidsByAuction.set(auction, bids);
    bids.push({
      auction,
      amountCents: centsOf(bid),
      atUs: Math.round(Number(days) * DAY_US),
      bidder,
      startPriceCents: centsOf(open),
      closedAtCents: centsOf(price),
      days: Number.parseInt(type, 10),
    });
  }
  // Stable: bids of one moment stay in the order of the file.
  for (const bids of bidsByAuction.values()) bids.sort((a, b) => a.atUs - b.atUs);
  return bidsByAuction;
}

function replay(bids: readonly RealBid[], reserveCents: Cents | null): Outcome {
  const [first] = bids;
  assert(first !== undefined);
  const endsAtMs = (first.days * DAY_US) / 1000;
  const { startPriceCents } = first;
  const auction = new SlowAuction(SELLER, plainTerms({ startPriceCents, reserveCents, endsAtMs }), {
    bidsPerWindowMax: null,
  });
  const bidders = [...new Set(bids.map(({ bidder }) => bidder))];
  const refused = new Map<string, number>();
  let accepted = 0;
  for (const { bidder: name, amountCents, atUs } of bids) {
    const bidder = (SELLER + 1 + bidders.indexOf(name)) as UserRef;
    const answer = auction.apply(
      { kind: 'PlaceBid', bidder, amountCents, currency: null, nonce: '', confirm: false },
      atUs,
    );
    if ('ok' in answer) accepted += 1;
    else refused.set(answer.refusal, (refused.get(answer.refusal) ?? 0) + 1);
  }
  auction.tick(endsAtMs * 1000);
  const { priceCents, status } = auction.summary();
  assert(status === 'sold' || status === 'unsold', 'the auction is over');
  return { accepted, refused, closedAtCents: priceCents, recordedCents: first.closedAtCents };
}

test(
  'real auctions close at the recorded price, by replaying every real bid',
  { skip: SKIP },
  () => {
    const bidsByAuction = readBids();
    const refused = new Map<string, number>();
    let accepted = 0;
    const differing: string[] = [];
    for (const [auction, bids] of bidsByAuction) {
      const outcome = replay(bids, null);
      accepted += outcome.accepted;
      for (const [name, count] of outcome.refused) {
        refused.set(name, (refused.get(name) ?? 0) + count);
      }
      if (outcome.closedAtCents !== outcome.recordedCents) differing.push(auction);
    }
    assert.equal(bidsByAuction.size, 479);
    assert.equal(accepted, 7_840);
    // 30 in all: most are leaders who entered what they had entered before.
    assert.deepEqual(Object.fromEntries(refused), { BID_BELOW_OWN_MAXIMUM: 26, BID_TOO_LOW: 4 });
    assert.equal(bidsByAuction.size - differing.length, 445);

    // A hidden reserve at the closing price explains all the others but two.
    const unexplained = differing.filter((auction) => {
      const bids = bidsByAuction.get(auction) ?? [];
      const outcome = replay(bids, bids[0]?.closedAtCents ?? null);
      return outcome.closedAtCents !== outcome.recordedCents;
    });
    assert.deepEqual(unexplained.sort(), FAULTY);
  },
);
