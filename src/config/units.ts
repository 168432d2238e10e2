/**
 * Durations and sizes as people write them: `25s`, `12h`, `500ms`, `64KB`. Exact: a text that does
 * not come out as a whole number of milliseconds or bytes is refused, as is a number without unit.
 */
import { DAY_MS, HOUR_MS, KB, MB, MINUTE_MS, SECOND_MS } from './limits.ts';

interface Unit {
  readonly name: string;
  readonly factor: number;
}

/** From large to small, so that a value is shown in the largest unit that divides it. */
const DURATIONS: readonly Unit[] = [
  { name: 'd', factor: DAY_MS },
  { name: 'h', factor: HOUR_MS },
  { name: 'm', factor: MINUTE_MS },
  { name: 's', factor: SECOND_MS },
  { name: 'ms', factor: 1 },
];

const SIZES: readonly Unit[] = [
  { name: 'GB', factor: 1024 * MB },
  { name: 'MB', factor: MB },
  { name: 'KB', factor: KB },
  { name: 'B', factor: 1 },
];

export const DURATION_HINT = 'a duration such as 500ms, 25s, 10m, 12h or 7d';
export const SIZE_HINT = 'a size such as 512B, 64KB or 16MB';

/** Milliseconds of a text such as `25s` or `1h30m`; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let sumMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    sumMs += Number(amount) * (DURATIONS.find(({ name }) => name === unit)?.factor ?? Number.NaN);
  }
  return Number.isSafeInteger(sumMs) ? sumMs : undefined;
}

/** Bytes of a text such as `64KB`; undefined where it is none. */
export function parseSize(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^(\d+(?:\.\d+)?)(B|KB|MB|GB)$/i.exec(text);
  if (match === null) return undefined;
  const unit = SIZES.find(({ name }) => name === match[2]?.toUpperCase());
  const bytes = Number(match[1]) * (unit?.factor ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

export function formatDuration(ms: number): string {
  return format(ms, DURATIONS);
}

export function formatSize(bytes: number): string {
  return format(bytes, SIZES);
}

function format(value: number, units: readonly Unit[]): string {
  if (value === 0) return '0';
  const unit = units.find(({ factor }) => value % factor === 0);
  return unit === undefined ? `${value}` : `${value / unit.factor}${unit.name}`;
}
