/** Durations and sizes as text: what is taken, what is refused, and that showing reverses reading. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/config/units.ts';

test('durations are read exactly, also combined and with decimals', () => {
  assert.equal(parseDuration('500ms'), 500);
  assert.equal(parseDuration('25s'), 25_000);
  assert.equal(parseDuration('1h30m'), 5_400_000);
  assert.equal(parseDuration('0.5s'), 500);
  assert.equal(parseDuration('7d'), 604_800_000);
  assert.equal(parseDuration('0'), 0);
});

test('a duration without a unit, with a sign or below a millisecond is refused', () => {
  for (const text of ['', '25', '-1s', '1 s', '0.1ms', '1y', 's', '1e3s', '99999999999999d']) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test('sizes are read in powers of 1024', () => {
  assert.equal(parseSize('64KB'), 65_536);
  assert.equal(parseSize('1.5mb'), 1_572_864);
  assert.equal(parseSize('512B'), 512);
  for (const text of ['64', 'KB', '0.3B', '-1KB', '1TB']) {
    assert.equal(parseSize(text), undefined, text);
  }
});

test('what is shown is read back as the same value', () => {
  const ms = fc.integer({ min: 0, max: 10 ** 12 });
  fc.assert(fc.property(ms, (value) => parseDuration(formatDuration(value)) === value));
  fc.assert(fc.property(ms, (value) => parseSize(formatSize(value)) === value));
});
