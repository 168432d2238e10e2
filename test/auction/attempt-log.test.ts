import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { attemptKey } from '../../src/auction/attempt-key.ts';
import { AttemptLog } from '../../src/auction/attempt-log.ts';
import type { Attempt, Standing } from '../../src/auction/attempt-log.ts';
import type { AuctionRef, UserRef } from '../../src/auction/ids.ts';
import { cents, must } from './fixture.ts';

function attempt(bidder: number, key: number, recordSeq: number, standing: Standing): Attempt {
  return {
    bidder: bidder as UserRef,
    amountCents: cents(recordSeq * 10),
    priceCents: cents(recordSeq * 5),
    atUs: 1_800_000_000_000_000 + recordSeq,
    recordSeq,
    key,
    standing,
  };
}

type Action =
  | { readonly kind: 'push'; readonly bidder: number; readonly key: number; readonly bid: boolean }
  | { readonly kind: 'retract'; readonly which: number }
  | { readonly kind: 'save'; readonly upTo: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      bidder: fc.integer({ min: 1, max: 4 }),
      key: fc.integer({ min: 0, max: 40 }),
      bid: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('retract' as const), which: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('save' as const), upTo: fc.nat() }) },
);

/** The obvious log: a list of objects and a map. */
class Model {
  readonly entries: Attempt[] = [];
  readonly recordsByKey = new Map<number, number[]>();
  firstUnsaved = 0;
  rewound = false;

  push(entry: Attempt): void {
    this.entries.push(entry);
    const records = this.recordsByKey.get(entry.key) ?? [];
    this.recordsByKey.set(entry.key, [...records, entry.recordSeq]);
  }

  standing(bidder?: number): number[] {
    return [...this.entries.entries()]
      .filter(([, entry]) => entry.standing === 'stands')
      .filter(([, entry]) => bidder === undefined || entry.bidder === bidder)
      .map(([i]) => i);
  }

  retract(i: number): void {
    this.entries[i] = { ...must(this.entries[i]), standing: 'retracted' };
    if (i < this.firstUnsaved) this.rewound = true;
    this.firstUnsaved = Math.min(this.firstUnsaved, i);
  }
}

function run(actions: readonly Action[]): [AttemptLog, Model] {
  const log = new AttemptLog();
  const model = new Model();
  for (const each of actions) {
    if (each.kind === 'push') {
      const entry = attempt(each.bidder, each.key, log.count + 1, each.bid ? 'stands' : 'none');
      log.push(entry);
      model.push(entry);
    } else if (each.kind === 'save') {
      const { firstUnsaved } = model;
      const upTo = firstUnsaved + (each.upTo % (model.entries.length - firstUnsaved + 1));
      log.markSaved(upTo);
      model.firstUnsaved = upTo;
      if (upTo === model.entries.length) model.rewound = false;
    } else {
      const standing = model.standing();
      if (standing.length === 0) continue;
      const entry = must(standing[each.which % standing.length]);
      log.retract(entry);
      model.retract(entry);
    }
  }
  return [log, model];
}

function check(log: AttemptLog, model: Model): void {
  const { entries } = model;
  assert.equal(log.count, entries.length);
  assert.equal(log.firstUnsaved, model.firstUnsaved);
  assert.equal(log.rewound, model.rewound);
  for (const [i, entry] of entries.entries()) {
    assert.deepEqual(log.at(i), entry);
    assert.equal(log.standsAt(i), entry.standing === 'stands');
    assert.equal(log.bidderAt(i), entry.bidder);
    assert.equal(log.amountAt(i), entry.amountCents);
  }
  for (let key = 0; key <= 41; key++) {
    assert.deepEqual(log.recordsWithKey(key), model.recordsByKey.get(key) ?? []);
  }
  for (let bidder = 1; bidder <= 5; bidder++) {
    const standing = model.standing(bidder);
    assert.deepEqual(log.standingOf(bidder as UserRef), standing);
    assert.equal(log.newestStandingOf(bidder as UserRef), standing.at(-1) ?? -1);
  }
}

test('an attempt log is what a list and a map would be', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => check(...run(actions))),
    { numRuns: 300 },
  );
});

test('slices put together again are the same log', () => {
  const actions = fc.array(action, { maxLength: 120 });
  fc.assert(
    fc.property(actions, fc.nat(), fc.nat(), (some, cut, end) => {
      const [log, model] = run(some);
      const to = end % (log.count + 1);
      const at = cut % (to + 1);
      const copy = new AttemptLog();
      copy.appendUpTo(log.slice(0, at), to);
      copy.appendUpTo(log.slice(at, log.count), to);
      assert.equal(copy.count, to);
      assert.equal(copy.firstUnsaved, 0);
      for (let i = 0; i < to; i++) assert.deepEqual(copy.at(i), model.entries[i]);
    }),
  );
});

/** Keys by nonce of one auction. */
function keyOf(bidder: number, nonce: string, ref = 1, listedAtUs = 1_800_000_000_000_000): number {
  return attemptKey({ ref: ref as AuctionRef, listedAtUs }, bidder as UserRef, nonce);
}

test('a log of many pages keeps every entry and finds every key', () => {
  const log = new AttemptLog();
  const count = 40_000;
  for (let i = 0; i < count; i++) {
    log.push(attempt((i % 7) + 1, keyOf(i % 7, `n${i}`), i + 1, 'stands'));
  }
  for (let i = 0; i < count; i++) {
    assert.deepEqual(log.recordsWithKey(keyOf(i % 7, `n${i}`)), [i + 1]);
    assert.deepEqual(log.recordsWithKey(keyOf(i % 7, `m${i}`)), []);
  }
  const copy = new AttemptLog();
  copy.appendUpTo(log.slice(0, count), count);
  assert.deepEqual(copy.slice(4_000, 9_000), log.slice(4_000, 9_000));
  assert.deepEqual(copy.at(count - 1), log.at(count - 1));
});

test('retracting an entry again, or one that is not there, stops', () => {
  const log = new AttemptLog();
  log.push(attempt(1, 1, 1, 'stands'));
  log.retract(0);
  assert.throws(() => log.retract(0), /only a standing bid/);
  assert.throws(() => log.retract(1), /out of range/);
  assert.throws(() => log.at(1), /out of range/);
  assert.throws(() => log.markSaved(2), /out of range/);
});

test('keys that share all of their lower bits are told apart', () => {
  const log = new AttemptLog();
  const keys = Array.from({ length: 500 }, (_, i) => i * 2 ** 32 + 12_345);
  for (const [i, key] of keys.entries()) log.push(attempt(1, key, i + 1, 'none'));
  for (const [i, key] of keys.entries()) assert.deepEqual(log.recordsWithKey(key), [i + 1]);
  assert.deepEqual(log.recordsWithKey(12_346), []);
});

test('keys differ for auctions, bidders and nonces, and are whole numbers of 53 bits', () => {
  const keys = new Set<number>();
  for (let bidder = 1; bidder <= 100; bidder++) {
    for (let i = 0; i < 100; i++) {
      keys.add(keyOf(bidder, `nonce-${i}`));
      keys.add(keyOf(bidder, `nonce-${i}`, 2));
      keys.add(keyOf(bidder, `nonce-${i}`, 1, 1_800_000_000_000_001));
    }
  }
  assert.equal(keys.size, 30_000);
  for (const key of keys) assert.ok(Number.isSafeInteger(key) && key >= 0);
});

test('every unit of a nonce and its length count', () => {
  const nonces = ['', '\0'];
  for (let length = 1; length <= 64; length++) {
    nonces.push('x'.repeat(length));
    for (let at = 0; at < length; at++) {
      nonces.push(`${'x'.repeat(at)}y${'x'.repeat(length - at - 1)}`);
    }
  }
  assert.equal(new Set(nonces.map((nonce) => keyOf(1, nonce))).size, nonces.length);
});

test('a key is the same in every version: snapshots hold it', () => {
  assert.equal(keyOf(1, 'nonce-00000001'), 7_861_508_132_488_997);
  assert.equal(keyOf(2, 'V1StGXR8_Z5jdHi6B-myT'), 4_916_044_215_656_823);
});
