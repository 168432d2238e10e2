/** Amounts between text and minor units: exact, with the digits of the currency. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatAmount,
  formatUnits,
  minorDigits,
  parseAmount,
  parseDecimal,
} from '../../src/cli/amounts.ts';

test('amounts are read exactly, also where a float would not', () => {
  assert.equal(parseAmount('10.00', 'USD'), 1000);
  assert.equal(parseAmount('0.29', 'USD'), 29);
  assert.equal(parseAmount('1.1', 'USD'), 110);
  assert.equal(parseAmount('8.500', 'USD'), 850);
  assert.equal(parseAmount('100000000000', 'USD'), 10_000_000_000_000);
});

test('every currency has its own digits', () => {
  assert.deepEqual(['USD', 'JPY', 'KWD'].map(minorDigits), [2, 0, 3]);
  assert.equal(parseAmount('1000', 'JPY'), 1000);
  assert.throws(() => parseAmount('10.5', 'JPY'), /not an amount in JPY/);
  assert.equal(formatAmount(1234, 'KWD'), '1.234 KWD');
  assert.equal(formatAmount(5, 'USD'), '0.05 USD');
  assert.throws(() => parseAmount('1', 'dollar'), /not a currency code/);
});

test('what is no amount is refused', () => {
  for (const text of ['', '-1', '+1', '1,5', '1e3', '.5', '1.', '0.001', '100000000000.01', ' 1']) {
    assert.throws(() => parseAmount(text, 'USD'), /not an amount/, text);
  }
});

test('what is written is read back as the same amount', () => {
  const units = fc.integer({ min: 0, max: 10_000_000_000_000 });
  const digits = fc.integer({ min: 0, max: 4 });
  fc.assert(
    fc.property(units, digits, (value, n) => parseDecimal(formatUnits(value, n), n) === value),
  );
});
