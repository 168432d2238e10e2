/** The replay's result for people. */
import { formatUnits } from '../amounts.ts';
import { grouped } from '../progress.ts';
import type { Difference, ReplayReport } from './play.ts';

export function reportText(report: ReplayReport): string {
  const { auctions, bids, accepted, refused, matched, matchedWithReserve, malformed } = report;
  const share = (count: number): string =>
    auctions === 0 ? '' : `  ${((count * 100) / auctions).toFixed(1)} %`;
  const rows: [string, string][] = [
    ['auctions', grouped(auctions)],
    ['bids', grouped(bids)],
    ['accepted', grouped(accepted)],
    ['refused', `${grouped(refused)}${reasons(report)}`],
    ['close at the recorded price', `${grouped(matched)} of ${grouped(auctions)}${share(matched)}`],
  ];
  if (matchedWithReserve !== null) {
    const text = `${grouped(matchedWithReserve)} of ${grouped(auctions)}${share(matchedWithReserve)}`;
    rows.push(['… with inferred reserves', text]);
  }
  if (malformed > 0) rows.push(['rows skipped', grouped(malformed)]);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return [...lines, ...differingText(report.differing)].join('\n');
}

function reasons({ refusedByName }: ReplayReport): string {
  const names = Object.entries(refusedByName).map(([name, count]) => `${count} ${name}`);
  return names.length === 0 ? '' : `  (${names.join(', ')})`;
}

function differingText(differing: readonly Difference[]): string[] {
  if (differing.length === 0) return [];
  const rows = differing.map((one) => [
    one.auction,
    formatUnits(one.recordedCents, 2),
    formatUnits(one.replayedCents, 2),
    one.status,
    one.item,
  ]);
  const table = [['auction', 'recorded', 'replayed', 'status', 'item'], ...rows];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  const lines = table.map(([name = '', recorded = '', replayed = '', status = '', item = '']) =>
    [
      name.padEnd(widths[0] ?? 0),
      recorded.padStart(widths[1] ?? 0),
      replayed.padStart(widths[2] ?? 0),
      status.padEnd(widths[3] ?? 0),
      item,
    ].join('  '),
  );
  return ['', 'Auctions that close at another price:', ...lines.map((line) => `  ${line}`)];
}
