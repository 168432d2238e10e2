import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AliveFile, readAliveUs } from '../../src/journal/alive-file.ts';

test('the mark is the newest one written; a torn, damaged or missing one says nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-alive-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'alive');
  assert.equal(readAliveUs(path), null);
  const file = await AliveFile.begin(path, 1_800_000_000_000_000);
  assert.equal(readAliveUs(path), 1_800_000_000_000_000);
  await file.write(1_800_000_001_000_123);
  assert.equal(readAliveUs(path), 1_800_000_001_000_123);
  await file.end(1_800_000_002_000_000);
  // Opened again it is not cut: what stands there holds until it is overwritten.
  const again = await AliveFile.begin(path, 1_800_000_003_000_000);
  await again.close();
  const whole = readFileSync(path);
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const damaged = Buffer.from(whole);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(path, damaged);
    assert.equal(readAliveUs(path), null, `bit ${bit}`);
  }
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    assert.equal(readAliveUs(path), null, `${length} bytes`);
  }
  writeFileSync(path, Buffer.alloc(whole.length));
  assert.equal(readAliveUs(path), null, 'zeroes');
});
