/**
 * Side by side with the seed's design: Redis decides each bid in an atomic Lua script and syncs
 * every write, behind the same gateway library; the same bids from the same generator, in turns.
 */
import type { Bench, Scenario } from '../scenario.ts';
import { atLeast, figure } from '../figure.ts';
import type { Figure, ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { load, summary, told } from '../load/workload.ts';
import type { LoadSummary, LoadTarget } from '../load/workload.ts';
import { redisVersion, startRedis } from '../peers/redis-server.ts';

const AUCTIONS = 1000;
const WINDOWS = [1, 64];
const RATIO = 4;

export const REDIS: Scenario = {
  name: 'redis',
  title: "side by side with the seed's design: Redis, Lua script, appendfsync always",
  async run(bench): Promise<ScenarioReport> {
    const version = redisVersion();
    const figures: Figure[] = [];
    const details: LoadSummary[] = [];
    for (const window of WINDOWS) {
      const redis = await startRedis(bench, AUCTIONS);
      const server = await GavelServer.start(bench);
      const gavel = await server.target(AUCTIONS);
      const { theirs, ours } = await rounds(bench, window, redis, gavel);
      await server.end();
      details.push(...theirs, ...ours);
      const accepted = (run: LoadSummary): number => run.acceptedPerSecond;
      figures.push(
        figure(`accepted bids, 1,000 auctions, 50 × ${window}`, '/s', ours.map(accepted), {
          limit: {
            name: `Redis ${version} + Lua`,
            runs: theirs.map(accepted),
            target: atLeast(RATIO),
          },
        }),
      );
    }
    const notes = [
      'Both decide by the rules of proxy bidding and remember nonces. Redis checks no tokens, keeps',
      'no answers for retries, logs no refusals, has no chain and sends no outbid notices.',
    ];
    return { figures, notes: [notes.join(' ')], details };
  },
};

async function rounds(
  bench: Bench,
  window: number,
  redis: LoadTarget,
  gavel: LoadTarget,
): Promise<{ theirs: LoadSummary[]; ours: LoadSummary[] }> {
  const theirs: LoadSummary[] = [];
  const ours: LoadSummary[] = [];
  for (let run = 1; run <= bench.runs; run++) {
    for (const [who, target, into] of [
      ['redis', redis, theirs],
      ['gavel', gavel, ours],
    ] as const) {
      const result = await load(bench, target, { kind: 'closed', window });
      bench.say(`  ${told(`${who}, 50 × ${window}`, result)}`);
      into.push(summary(`${who}, 50 × ${window}`, result));
    }
  }
  return { theirs, ours };
}
