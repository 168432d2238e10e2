/**
 * Very many live auctions: what they cost in memory, how long a start takes with them, what they cost
 * the bids, and what happens when a tenth of them ends in the same second.
 */
import type { Bench, Scenario } from '../scenario.ts';
import { connect } from '../../src/client/client.ts';
import type { Gavel } from '../../src/client/client.ts';
import { openLog } from '../../src/cli/inspection/shard-reading.ts';
import { readFolderMeta } from '../../src/journal/data-folder.ts';
import { readRecord } from '../../src/journal/record.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { sleep } from '../child.ts';
import { atLeast, atMost, figure } from '../figure.ts';
import type { ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { Histogram } from '../load/histogram.ts';
import { manyAuctions } from '../load/many-auctions.ts';
import type { ManyAuctions } from '../load/many-auctions.ts';
import type { ClosedLoop, OpenLoop } from '../load/plan.ts';
import { AuctionSet, load, summary, told } from '../load/workload.ts';
import type { LoadSummary, LoadTarget } from '../load/workload.ts';

const FLAT_OUT: ClosedLoop = { kind: 'closed', window: 64 };
const BIDS: OpenLoop = { kind: 'open', bidsPerSecond: 10_000, run: 1 };
const AUCTIONS_BID_ON = 1_000;
/** Of the auctions that end. */
const WATCHED = 200;
/** A tenth of them ends in one second, so long after they were made and for each that there is. */
const CLOSING_SHARE = 0.1;
const CLOSING_AFTER_MS = 30_000;
const CLOSING_AFTER_MS_EACH = 0.15;
/** Bids begin before the second in which they end, and go on behind it. */
const BEFORE_MS = 3_000;
const BEHIND_MS = 5_000;
const MB = 1024 * 1024;
/**
 * The read model of a million listings is made at the same time; that is measured apart. And the time
 * between the two starts must not be given back: it would move the ends.
 */
const SETTINGS = {
  GAVEL_DISCOVERY_ENABLED: 'false',
  GAVEL_RULES_OUTAGE_CREDIT_POLICY: 'none',
};

export const MILLION: Scenario = {
  name: 'million',
  title: 'very many live auctions',
  async run(bench): Promise<ScenarioReport> {
    const details: LoadSummary[] = [];
    const few = await fewAuctions(bench, details);
    const total = bench.liveAuctions;
    const closing = Math.round(total * CLOSING_SHARE);
    const endsAtMs = Date.now() + CLOSING_AFTER_MS + total * CLOSING_AFTER_MS_EACH;
    const madeMs = performance.now();
    const many = await manyAuctions(bench, total, { count: closing, endsAtMs });
    const wroteS = (performance.now() - madeMs) / 1000;
    const count = total.toLocaleString('en-US');
    bench.say(`  ${count} auctions written in ${wroteS.toFixed(1)} s`);
    const first = await GavelServer.start(bench, { data: many.folder, settings: SETTINGS });
    bench.say(`  ready after ${Math.round(first.readyMs)} ms, from the logs alone`);
    await first.stop();
    const server = await GavelServer.start(bench, { data: many.folder, settings: SETTINGS });
    bench.say(`  ready after ${Math.round(server.readyMs)} ms, from what it had saved`);
    const residentMB = Math.round((await server.residentBytes()) / MB);
    bench.say(`  ${residentMB} MB resident`);
    const target = await targetOf(server, many.ids.slice(closing, closing + AUCTIONS_BID_ON));
    const rates: number[] = [];
    for (let run = 1; run <= bench.runs; run++) {
      const result = await load(bench, target, FLAT_OUT);
      bench.say(`  ${told(`bids beside ${count}`, result)}`);
      details.push(summary(`beside ${count}`, result));
      rates.push(result.answersPerSecond);
    }
    const closingIds = many.ids.slice(0, closing);
    const watched = await Watched.start(bench, server, closingIds, endsAtMs);
    const p99 = await bidsWhileTheyEnd(bench, target, endsAtMs, details);
    const lastLateMs = watched.stop();
    const after = Math.round((await server.residentBytes()) / MB);
    await server.stop();
    const ended = endsIn(many, endsAtMs);
    bench.say(`  ${ended} have ended; of those watched the last was told ${lastLateMs} ms late`);
    return {
      figures: [
        figure(`resident with ${count} live auctions`, 'MB', [residentMB], {
          target: atMost(1_536),
        }),
        figure('ready, from what it had saved', 'ms', [Math.round(server.readyMs)], {
          target: atMost(20_000),
        }),
        figure('ready, from the logs alone', 'ms', [Math.round(first.readyMs)], {
          target: atMost(20_000),
        }),
        figure(`durable answers beside ${count}`, '/s', rates, {
          limit: { name: 'with 1,000 auctions', runs: few, target: atLeast(0.8) },
        }),
        figure('auctions that ended in one second', '', [ended], {
          target: atLeast(closing),
        }),
        figure(`the last of ${WATCHED} watched ones, told late`, 'ms', [lastLateMs], {
          target: atMost(1_000),
        }),
        figure('bid p99 on others meanwhile', 'ms', [p99], { target: atMost(50) }),
      ],
      notes: [
        `${after} MB resident at the end. How many ended is what the logs say.`,
        'Only the bids are measured several times; the read model is off.',
      ],
      details,
    };
  },
};

/** Answers a second where there are no other auctions. */
async function fewAuctions(bench: Bench, details: LoadSummary[]): Promise<number[]> {
  const server = await GavelServer.start(bench, { settings: SETTINGS });
  const target = await server.target(AUCTIONS_BID_ON);
  const rates: number[] = [];
  for (let run = 1; run <= bench.runs; run++) {
    const result = await load(bench, target, FLAT_OUT);
    bench.say(`  ${told('bids on 1,000 auctions', result)}`);
    details.push(summary('1,000 auctions', result));
    rates.push(result.answersPerSecond);
  }
  await server.kill();
  return rates;
}

async function targetOf(server: GavelServer, ids: readonly string[]): Promise<LoadTarget> {
  const { tokens } = await server.target(0);
  return { port: server.port, tokens, auctions: new AuctionSet(ids) };
}

async function bidsWhileTheyEnd(
  bench: Bench,
  target: LoadTarget,
  endsAtMs: number,
  details: LoadSummary[],
): Promise<number> {
  const waitMs = endsAtMs - BEFORE_MS - Date.now();
  if (waitMs < 0) throw new Error('the auctions ended before they could be watched: fewer of them');
  bench.say(`  waiting ${Math.round(waitMs / 1000)} s for the end of a tenth of them`);
  await sleep(waitMs);
  const span = { warmupMs: 0, durationMs: BEFORE_MS + BEHIND_MS };
  const result = await load({ ...bench, ...span }, target, BIDS);
  bench.say(`  ${told('bids while they end', result)}`);
  details.push(summary('while they end', result));
  return Histogram.from(result.decidedUs).percentile(99) / 1000;
}

/** Ends that were due at one moment, as the logs have them. */
function endsIn({ folder }: ManyAuctions, endsAtMs: number): number {
  let count = 0;
  for (let index = 0; index < readFolderMeta(folder).shards; index++) {
    const log = openLog(folder, index);
    for (const batch of log?.scan(1 as Seq) ?? []) {
      if (batch.atUs < endsAtMs * 1000) continue;
      for (let i = 0; i < batch.count; i++) {
        const event = readRecord(batch.bytes, batch.offsets[i], batch.offsets[i + 1]);
        if (event.kind === 'AuctionEnded') count += 1;
      }
    }
    log?.close();
  }
  return count;
}

/** A sample of the auctions that end, watched over one connection. */
class Watched {
  readonly #gavel: Gavel;
  readonly #endsAtMs: number;
  readonly #lateMs: number[] = [];

  private constructor(gavel: Gavel, endsAtMs: number) {
    this.#gavel = gavel;
    this.#endsAtMs = endsAtMs;
  }

  static async start(
    bench: Bench,
    server: GavelServer,
    ids: readonly string[],
    endsAtMs: number,
  ): Promise<Watched> {
    const token = await server.token('watcher', ['bidder']);
    const gavel = connect({ url: `http://127.0.0.1:${server.port}`, token });
    const watched = new Watched(gavel, endsAtMs);
    bench.defer(() => Promise.resolve(gavel.close()));
    const step = Math.max(1, Math.floor(ids.length / WATCHED));
    for (let i = 0; i < ids.length; i += step) {
      const watch = gavel.watch(ids[i] as string);
      watch.on('ended', () => void watched.#lateMs.push(Date.now() - watched.#endsAtMs));
      await watch.ready;
    }
    return watched;
  }

  /** How late the last one was told. @throws Error where not all were */
  stop(): number {
    this.#gavel.close();
    const count = this.#lateMs.length;
    if (count < WATCHED) throw new Error(`only ${count} of ${WATCHED} watched auctions were told`);
    return Math.max(...this.#lateMs);
  }
}
