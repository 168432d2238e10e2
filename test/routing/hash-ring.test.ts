/** The ring's promises: even shares, little movement, one answer everywhere. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HashRing, hashBytes, hashText } from '../../src/routing/hash-ring.ts';

const ids = Array.from({ length: 100_000 }, (_, i) => `auction${String(i).padStart(15, '0')}`);

describe('hash ring', () => {
  it('spreads 100,000 ids within 25 % of an even share', () => {
    for (const count of [2, 3, 7, 16]) {
      const ring = new HashRing(count);
      const shares = Array.from({ length: count }, () => 0);
      for (const id of ids)
        shares[ring.ownerOf(hashText(id))] = (shares[ring.ownerOf(hashText(id))] ?? 0) + 1;
      const even = ids.length / count;
      for (const share of shares) {
        assert.ok(Math.abs(share - even) < even * 0.25, `${count} shards: ${shares.join(' ')}`);
      }
    }
  });

  it('moves only what the new shard takes over', () => {
    const before = new HashRing(4);
    const after = new HashRing(5);
    let moved = 0;
    for (const id of ids) {
      const hash = hashText(id);
      if (before.ownerOf(hash) === after.ownerOf(hash)) continue;
      moved += 1;
      assert.equal(after.ownerOf(hash), 4, 'an id moves to the new shard or stays');
    }
    assert.ok(moved / ids.length < 0.25, `${moved} moved`);
  });

  it('hashes text and bytes alike, and as in every release before', () => {
    const bytes = new TextEncoder().encode('xxauction000000000000001xx');
    assert.equal(hashBytes(bytes, 2, 24), hashText('auction000000000000001'));
    const ring = new HashRing(8);
    const owners = ids.slice(0, 16).map((id) => ring.ownerOf(hashText(id)));
    assert.deepEqual(owners, PINNED);
  });
});

const PINNED: readonly number[] = [2, 3, 7, 3, 3, 1, 4, 3, 6, 0, 6, 3, 4, 2, 6, 0];
