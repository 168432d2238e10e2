/** The report for people: a table a scenario, with what it is held against. */
import type { BenchReport } from './bench.ts';
import type { Figure, Target } from './figure.ts';
import { machineLine } from './machine.ts';

/** Below this the machine counts as quiet. */
const OTHER_CORES_TOLD = 0.1;
const HEAD = ['figure', 'median', 'target', 'limit in the same run', 'ratio', ''];

export function reportText(report: BenchReport): string {
  const { machine, runs, secondsPerRun, scenarios, skipped } = report;
  const lines = [
    machineLine(machine),
    `median of ${runs} ${runs === 1 ? 'run' : 'runs'} of ${secondsPerRun} s each`,
  ];
  for (const { title, figures, notes, otherCores } of scenarios) {
    lines.push('', title, ...table(figures), ...notes.map((note) => `  ${note}`));
    if (otherCores !== null && otherCores >= OTHER_CORES_TOLD) {
      lines.push(
        `  Other programs took ${otherCores} cores meanwhile: measure again without them.`,
      );
    }
  }
  for (const { name, reason } of skipped) lines.push('', `${name}: skipped: ${reason}`);
  return lines.join('\n');
}

function table(figures: readonly Figure[]): string[] {
  const rows = [HEAD, ...figures.map(cells)];
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows.map((row) => {
    const padded = row.map((cell, i) => {
      const width = widths[i] ?? 0;
      return i === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${padded.join('  ')}`.trimEnd();
  });
}

function cells(figure: Figure): string[] {
  const { name, unit, value, target, limit, met } = figure;
  return [
    name,
    amount(value, unit),
    target === null ? '' : targetText(target, unit),
    limit === null ? '' : `${limit.name} ${amount(limit.value, unit)}`,
    limit === null ? '' : ratioText(limit.ratio, limit.target),
    met === null ? '' : met ? 'met' : 'MISSED',
  ];
}

function targetText({ kind, value }: Target, unit: string): string {
  return `${kind === 'at least' ? '≥' : '≤'} ${amount(value, unit)}`;
}

function ratioText(ratio: number, target: Target | null): string {
  const wanted =
    target === null ? '' : ` (${target.kind === 'at least' ? '≥' : '≤'} ${target.value})`;
  return `${ratio.toFixed(2)}${wanted}`;
}

function amount(value: number, unit: string): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const number = value.toLocaleString('en-US', {
    minimumFractionDigits: Number.isInteger(value) ? 0 : digits,
    maximumFractionDigits: digits,
  });
  return unit.startsWith('/') ? number + unit : `${number} ${unit}`;
}
