/** Goal: the chain is what chain.ts says it is. Method: the layout written down a second time. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChainLinker, headerFits, NO_HASH, rowChecksum, unpack } from '../../src/journal/chain.ts';
import { batchOf, START_US } from './fixture.ts';

const linker = new ChainLinker();
const records = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 40 });

describe('chain', () => {
  it('hashes predecessor, header and payload in the documented layout', () => {
    const previous = createHash('sha256').update('previous').digest();
    const batch = batchOf({ firstSeq: 2 ** 40, records: ['x'.repeat(200), 'y'], epoch: 3 });
    const header = Buffer.alloc(32);
    header.writeBigUInt64LE(2n ** 40n, 0);
    header.writeBigUInt64LE(BigInt(batch.atUs), 8);
    header.writeUInt32LE(2, 16);
    header.writeUInt32LE(3, 20);
    // 200 takes two bytes as a varint: 0xc8 0x01.
    const payload = Buffer.concat([Buffer.from([0xc8, 0x01, 0x01]), batch.bytes]);
    header.writeUInt32LE(payload.length, 24);
    const expected = createHash('sha256').update(previous).update(header).update(payload).digest();
    const link = linker.link(previous, batch);
    assert.deepEqual([...link.payload], [...payload]);
    assert.deepEqual([...link.hash], [...expected]);
    assert.equal(link.checksum, rowChecksum(batch, payload));
  });

  it('unpacks what it packed, and links it to the same hash again', () => {
    fc.assert(
      fc.property(records, (some) => {
        const batch = batchOf({ records: some });
        const link = linker.link(NO_HASH, batch);
        const payload = Uint8Array.from(link.payload);
        const parts = unpack(payload, batch.count);
        assert.deepEqual(parts?.offsets, batch.offsets);
        assert.deepEqual([...(parts?.bytes ?? [])], [...batch.bytes]);
        const again = linker.relink(NO_HASH, batch, payload);
        assert.deepEqual([again.checksum, [...again.hash]], [link.checksum, [...link.hash]]);
      }),
    );
  });

  it('unpacks damaged payloads to undefined or to something that is within its bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        (payload, count) => {
          const parts = unpack(payload, count);
          if (parts === undefined) return;
          assert.equal(parts.offsets.length, count + 1);
          assert.equal(parts.offsets.at(-1), parts.bytes.length);
          assert.ok(parts.offsets.every((at, i) => i === 0 || at >= (parts.offsets[i - 1] ?? 0)));
        },
      ),
    );
  });

  it('notices any other header, predecessor or byte', () => {
    const batch = batchOf({ firstSeq: 7, records: ['abc', 'de'], epoch: 2 });
    const link = linker.link(NO_HASH, batch);
    const payload = Uint8Array.from(link.payload);
    const hex = link.hash.toString('hex');
    const others = [
      { ...batch, firstSeq: 8 },
      { ...batch, atUs: START_US },
      { ...batch, epoch: 3 },
      { ...batch, count: 3 },
    ];
    for (const header of others) {
      const again = linker.relink(NO_HASH, header, payload);
      assert.notEqual(again.hash.toString('hex'), hex);
      assert.notEqual(again.checksum, link.checksum);
    }
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const flipped = Uint8Array.from(payload);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.notEqual(linker.relink(NO_HASH, batch, flipped).hash.toString('hex'), hex);
      assert.notEqual(rowChecksum(batch, flipped), link.checksum);
    }
    assert.notEqual(linker.relink(link.hash, batch, payload).hash.toString('hex'), hex);
  });

  it('knows numbers that no batch has', () => {
    const good = { firstSeq: 1, count: 1, epoch: 0, atUs: 0 };
    assert.ok(headerFits(good));
    for (const bad of [-1, 0.5, 2 ** 53, Number.NaN]) {
      for (const name of ['firstSeq', 'count', 'epoch', 'atUs'] as const) {
        assert.ok(!headerFits({ ...good, [name]: bad }), `${name} = ${bad}`);
      }
    }
    assert.ok(!headerFits({ ...good, firstSeq: 0 }));
    assert.ok(!headerFits({ ...good, count: 0 }));
  });
});
