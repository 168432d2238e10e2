/** Names of snapshots sort by time and are told apart from whatever else lies beside them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isSnapshotName,
  isUnfinishedName,
  snapshotName,
  takenAtMsOf,
} from '../../src/journal/snapshot-names.ts';

const times = fc.integer({ min: 0, max: Date.UTC(2999, 0, 1) });

test('a name says when, and sorts by it', () => {
  fc.assert(
    fc.property(times, times, (a, b) => {
      assert.equal(takenAtMsOf(snapshotName(a)), a);
      assert.equal(snapshotName(a) < snapshotName(b), a < b);
    }),
  );
});

test('only what a server left unfinished counts as that', () => {
  const name = snapshotName(1_000);
  assert.ok(isSnapshotName(name));
  assert.ok(isUnfinishedName(`${name}.taking-1000`));
  for (const other of [
    'monday',
    'monday.taking-1',
    `${name}x`,
    'snapshot-2026-13-01T00-00-00.000Z',
    '',
  ]) {
    assert.equal(isSnapshotName(other) || isUnfinishedName(other), false, other);
  }
  assert.equal(isUnfinishedName(name), false);
});
