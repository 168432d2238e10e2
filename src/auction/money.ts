/**
 * Money: integers in minor units of an ISO 4217 currency, never floats (RULES.md, opening). The
 * ceiling keeps every sum that the rules form (a price plus an increment, a price times the
 * fat-finger factor) exactly representable.
 */
import { MONEY } from '../config/limits.ts';
import type { Brand } from '../lib/brand.ts';

export type Cents = Brand<number, 'Cents'>;

export const NO_CENTS = 0 as Cents;

/** 100,000,000,000.00: above any lot ever sold, and 1,000 times below the exact range. */
export const CENTS_MAX = MONEY.centsMax as Cents;

export function cents(value: number): Cents {
  return value as Cents;
}

/** Whether a number from outside is an amount of money: a whole number within the ceiling. */
export function isCents(value: unknown): value is Cents {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= CENTS_MAX;
}
