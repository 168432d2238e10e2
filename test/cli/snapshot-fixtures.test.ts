/**
 * Goal: a snapshot that some version of Gavel took can be restored by every later one. Method: one
 * small snapshot of each format lies under test/fixtures/snapshot-N, taken of the same data, and has
 * to come to the same state hash as then. A new format adds a folder; none is ever taken anew.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkSnapshot } from '../../src/journal/check-snapshot.ts';
import { SNAPSHOT_FORMAT } from '../../src/journal/manifest.ts';
import { gavel } from './fake-terminal.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const STATE_HASH = '5062c20efa1bd75aef2e4b34a3fdf59d413485c860b69e8c2b8569b4823a4339';

test('there is a snapshot of every format', () => {
  const found = readdirSync(FIXTURES).filter((name) => name.startsWith('snapshot-'));
  const formats = Array.from({ length: SNAPSHOT_FORMAT }, (_, i) => `snapshot-${i + 1}`);
  assert.deepEqual(found.toSorted(), formats);
});

for (let format = 1; format <= SNAPSHOT_FORMAT; format++) {
  test(`format ${format} is read, restored and verified`, async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'gavel-fixture-'));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    const fixture = join(FIXTURES, `snapshot-${format}`);
    assert.equal((await checkSnapshot(fixture)).snapshotFormat, format);
    assert.equal((await gavel(['verify', fixture], { folder: home })).code, 0);
    const restored = await gavel(['restore', fixture], { folder: home });
    assert.equal(restored.code, 0, restored.err);
    const { code, out } = await gavel(['verify', '--json'], { folder: home });
    assert.equal(code, 0, out);
    const { shards } = JSON.parse(out) as { shards: Record<string, unknown>[] };
    assert.deepEqual(
      shards.map(({ records, stateHash, snapshotAuctions }) => [
        records,
        stateHash,
        snapshotAuctions,
      ]),
      [[14, STATE_HASH, 2]],
    );
  });
}
