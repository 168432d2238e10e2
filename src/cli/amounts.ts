/**
 * Amounts of money as people write them, and as whole minor units. Exact in both directions: text
 * is cut at the decimal point, never read as a float, and more digits than the currency has are
 * refused.
 */
import { MONEY } from '../config/limits.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/** Digits after the decimal point: 2 for USD, 0 for JPY, 3 for KWD. @throws CliError */
export function minorDigits(currency: string): number {
  if (!/^[A-Z]{3}$/.test(currency)) {
    throw new CliError(
      EXIT.usage,
      `"${currency}" is not a currency code`,
      'Give one such as USD or EUR.',
    );
  }
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

/** Minor units of a text such as `10`, `10.5` or `10.50`; undefined where it is none. */
export function parseDecimal(text: string, digits: number): number | undefined {
  const match = /^(\d{1,16})(?:\.(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  if (fraction.length > digits) return undefined;
  const units = Number((match[1] ?? '') + fraction.padEnd(digits, '0'));
  return units <= MONEY.centsMax ? units : undefined;
}

/** @throws CliError that says what is expected */
export function parseAmount(text: string, currency: string): number {
  const digits = minorDigits(currency);
  const units = parseDecimal(text, digits);
  if (units !== undefined) return units;
  const example = digits === 0 ? '25' : `25.${'0'.repeat(digits)}`;
  throw new CliError(
    EXIT.usage,
    `"${text}" is not an amount in ${currency}`,
    `Write it with at most ${digits} digits after the point, for instance ${example}.`,
  );
}

/** 1050 → `10.50` */
export function formatUnits(units: number, digits: number): string {
  if (digits === 0) return String(units);
  const text = String(units).padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

export function formatAmount(units: number, currency: string): string {
  return `${formatUnits(units, minorDigits(currency))} ${currency}`;
}
