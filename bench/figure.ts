/**
 * What the benchmark reports: figures, each the median of several runs, with the limit measured in
 * the same run and the target it is held against.
 */
export interface Target {
  readonly kind: 'at least' | 'at most';
  readonly value: number;
}

export interface Limit {
  readonly name: string;
  readonly value: number;
  /** Figure divided by limit. */
  readonly ratio: number;
  readonly target: Target | null;
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** The median of the runs. */
  readonly value: number;
  readonly runs: readonly number[];
  readonly target: Target | null;
  readonly limit: Limit | null;
  /** Whether all targets are met; null: there are none. */
  readonly met: boolean | null;
}

export interface ScenarioReport {
  readonly figures: readonly Figure[];
  /** What belongs to the figures: shares, counts, what was left out. */
  readonly notes: readonly string[];
  /** What the load generator counted, run by run. */
  readonly details: readonly Readonly<Record<string, unknown>>[];
}

interface Extras {
  readonly target?: Target;
  readonly limit?: {
    readonly name: string;
    readonly runs: readonly number[];
    readonly target?: Target;
  };
}

export function figure(
  name: string,
  unit: string,
  runs: readonly number[],
  extras: Extras = {},
): Figure {
  const value = median(runs);
  const target = extras.target ?? null;
  const limit = extras.limit === undefined ? null : limitOf(value, extras.limit);
  const verdicts = [
    target === null ? null : meets(value, target),
    limit === null || limit.target === null ? null : meets(limit.ratio, limit.target),
  ].filter((verdict) => verdict !== null);
  const met = verdicts.length === 0 ? null : verdicts.every((verdict) => verdict);
  return { name, unit, value, runs, target, limit, met };
}

export const atLeast = (value: number): Target => ({ kind: 'at least', value });
export const atMost = (value: number): Target => ({ kind: 'at most', value });

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

function limitOf(value: number, limit: NonNullable<Extras['limit']>): Limit {
  const limitValue = median(limit.runs);
  return {
    name: limit.name,
    value: limitValue,
    ratio: value / limitValue,
    target: limit.target ?? null,
  };
}

function meets(value: number, { kind, value: wanted }: Target): boolean {
  return kind === 'at least' ? value >= wanted : value <= wanted;
}
