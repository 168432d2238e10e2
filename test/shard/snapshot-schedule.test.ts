/** When a snapshot is begun: by the clock, by the count of records, and a while after a failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStateStore } from '../../src/journal/memory-state-store.ts';
import type { StateRow } from '../../src/journal/state-store.ts';
import { SnapshotSchedule } from '../../src/shard/snapshot-schedule.ts';
import { Snapshotter } from '../../src/shard/snapshotter.ts';
import { ShardFixture } from './fixture.ts';

class FullStore extends MemoryStateStore {
  isFull = false;

  override put(rows: readonly StateRow[]): void {
    if (this.isFull) throw new Error('no room');
    super.put(rows);
  }
}

interface World {
  readonly fixture: ShardFixture;
  readonly store: FullStore;
  readonly schedule: SnapshotSchedule;
  readonly failures: readonly unknown[];
  readonly look: (ms: number) => number;
}

function setUp(): World {
  const fixture = new ShardFixture({ settings: { bidsPerMinuteMax: null } });
  fixture.list();
  const store = new FullStore();
  const clock = { ms: 0 };
  const failures: unknown[] = [];
  const schedule = new SnapshotSchedule({
    snapshotter: new Snapshotter(fixture.state, store),
    everyMs: 1_000,
    retryMs: 5_000,
    everyRecords: 10,
    lowSeq: store.lowSeq,
    nowMs: () => clock.ms,
    failed: (error) => failures.push(error),
  });
  /** One look; how far the newest finished snapshot goes. */
  const look = (ms: number): number => {
    clock.ms = ms;
    while (schedule.turn(fixture.journal.committedSeq));
    return store.lowSeq;
  };
  return { fixture, store, schedule, failures, look };
}

test('by the clock where something changed, and by the count where much did', () => {
  const { fixture, look } = setUp();
  const listed = fixture.journal.committedSeq;
  assert.equal(look(999), 0);
  assert.equal(look(1_000), listed);
  fixture.bid(1, 2_000);
  assert.equal(look(1_999), listed, 'too soon, and too little');
  for (let i = 0; i < 10; i++) fixture.bid(2 + (i % 2), 5_000 + 500 * i);
  assert.equal(look(1_999), fixture.journal.committedSeq, 'too soon, but much');
  assert.equal(look(9_999), fixture.journal.committedSeq, 'nothing new, nothing to do');
});

test('a while after one that failed, however much comes', () => {
  const { fixture, store, failures, look } = setUp();
  store.isFull = true;
  assert.equal(look(1_000), 0);
  assert.equal(failures.length, 1);
  store.isFull = false;
  for (let i = 0; i < 20; i++) fixture.bid(1 + (i % 2), 2_000 + 500 * i);
  assert.equal(look(5_999), 0);
  assert.equal(look(6_000), fixture.journal.committedSeq);
});

test('the last one is written whatever the clock says', () => {
  const { fixture, store, schedule } = setUp();
  schedule.finish(fixture.journal.committedSeq);
  assert.equal(store.lowSeq, fixture.journal.committedSeq);
});
