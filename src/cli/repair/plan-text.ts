/** A repair's plan in words: what is damaged, what comes back from where, what is lost. Pure. */
import { counted, timeText } from '../auction-text.ts';
import { grouped } from '../progress.ts';
import type { LogLoss, LogPlan } from './log-plan.ts';
import type { LostAuctions } from './lost-auctions.ts';
import type { RepairPlan } from './repair-plan.ts';

/** Auctions that are named one by one; the JSON form names all. */
const AUCTIONS_SHOWN = 20;

export function planLines(plan: RepairPlan): string[] {
  const { shards, accounts, keys, metaFinding } = plan;
  const lines: string[] = [];
  if (metaFinding !== null) lines.push(`gavel.json: ${metaFinding}`, '  comes from a snapshot');
  for (const [index, shard] of shards.entries()) {
    if (shard === null) lines.push(`shard ${index}: whole`);
    else lines.push(`shard ${index}: DAMAGED. ${shard.finding}`, ...logLines(shard, shard.lost));
  }
  if (accounts !== null) {
    lines.push(`accounts: DAMAGED. ${accounts.finding}`);
    if (accounts.log !== null) lines.push(...logLines(accounts.log, null));
    else {
      const { folder, manifest } = accounts.from;
      const at = timeText(manifest.takenAtMs);
      lines.push(
        `  log and keys come from the snapshot ${folder}`,
        `  LOST: every change of an account after ${at}`,
      );
    }
  }
  for (const { name, from } of keys) {
    const source =
      from === null
        ? 'LOST: no snapshot has it; the server makes another one, and what this one signed is void'
        : `comes from the snapshot ${from.folder}`;
    lines.push(`keys/${name}: DAMAGED or missing`, `  ${source}`);
  }
  return lines;
}

function logLines(
  { parts, loss, isEndKnown, lastSeq }: LogPlan,
  lost: LostAuctions | null,
): string[] {
  const lines = parts.map(
    ({ from, firstSeq, lastSeq: to }) => `  ${range(firstSeq, to)} come from ${from}`,
  );
  if (!isEndKnown) {
    const place = lastSeq === 0 ? 'any record' : `record ${grouped(lastSeq)}`;
    lines.push(`  the head is damaged: whether there was more after ${place} cannot be told`);
  } else if (loss === null) lines.push('  nothing is lost');
  if (loss !== null) lines.push(...lossLines(loss, lost));
  return lines;
}

function lossLines(
  { firstSeq, lastSeq, afterUs, untilUs }: LogLoss,
  lost: LostAuctions | null,
): string[] {
  const after = afterUs === 0 ? '' : ` after ${timeOf(afterUs)}`;
  const until = untilUs === null ? '' : `, until ${timeOf(untilUs)}`;
  const count = counted(lastSeq - firstSeq + 1, 'record');
  const lines = [`  LOST: ${range(firstSeq, lastSeq)} (${count}), committed${after}${until}`];
  if (lost === null) return lines;
  const { auctions, unknown } = lost;
  for (const { auctionId, records } of auctions.slice(0, AUCTIONS_SHOWN)) {
    lines.push(`    auction ${auctionId}: ${counted(records, 'record')}`);
  }
  const more = auctions.length - AUCTIONS_SHOWN;
  if (more > 0) lines.push(`    and ${counted(more, 'more auction')} (all of them: --json)`);
  if (unknown > 0)
    lines.push(`    ${counted(unknown, 'record')} of which the auction is not known`);
  return lines;
}

function range(firstSeq: number, lastSeq: number): string {
  return `records ${grouped(firstSeq)} to ${grouped(lastSeq)}`;
}

function timeOf(us: number): string {
  return timeText(Math.floor(us / 1000));
}

/** The plan for scripts. */
export function planJson(plan: RepairPlan): object {
  const { shards, accounts, keys, metaFinding, isDamaged, mayLose } = plan;
  const logJson = ({ parts, lastSeq, loss, isEndKnown }: LogPlan): object => {
    const lost = loss === null ? null : { ...loss, readable: undefined };
    return { parts, lastSeq, lost, isEndKnown };
  };
  return {
    isDamaged,
    mayLose,
    meta: metaFinding,
    shards: shards.map((shard, index) => {
      if (shard === null) return { shard: index, finding: null };
      return { shard: index, finding: shard.finding, ...logJson(shard), ...shard.lost };
    }),
    accounts:
      accounts === null
        ? null
        : accounts.log === null
          ? { finding: accounts.finding, from: accounts.from.folder }
          : { finding: accounts.finding, ...logJson(accounts.log) },
    keys: keys.map(({ name, from }) => ({ name, from: from?.folder ?? null })),
  };
}
