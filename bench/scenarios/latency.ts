/**
 * Latency at the seed's peak of 58,000 bids a second, open loop: bids leave when they are due,
 * and count from then, whatever the server does.
 */
import type { Scenario } from '../scenario.ts';
import { atMost, figure } from '../figure.ts';
import type { Figure, ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { startEcho } from '../limits/echo.ts';
import { load, summary, told } from '../load/workload.ts';
import type { LoadSummary } from '../load/workload.ts';
import type { OpenLoop } from '../load/plan.ts';
import { ServerProfile } from '../server-profile.ts';

const BIDS_PER_SECOND = 58_000;
const AUCTIONS = 1000;
const LOOP: OpenLoop = { kind: 'open', bidsPerSecond: BIDS_PER_SECOND, run: 1 };

const PERCENTILES = [
  { key: 'p50Ms', name: 'p50', ms: 2 },
  { key: 'p99Ms', name: 'p99', ms: 10 },
  { key: 'p999Ms', name: 'p99.9', ms: 30 },
  { key: 'maxMs', name: 'max', ms: null },
] as const;

export const LATENCY: Scenario = {
  name: 'latency',
  title: `latency at ${BIDS_PER_SECOND.toLocaleString('en-US')} bids/s from the scheduled time`,
  async run(bench): Promise<ScenarioReport> {
    const echo = await startEcho(bench, AUCTIONS);
    const profile = new ServerProfile(bench);
    const server = await GavelServer.start(bench, { nodeArgs: profile.nodeArgs });
    const gavel = await server.target(AUCTIONS);
    const echoed: LoadSummary[] = [];
    const answered: LoadSummary[] = [];
    for (let run = 1; run <= bench.runs; run++) {
      for (const [who, target, into] of [
        ['echo', echo, echoed],
        ['gavel', gavel, answered],
      ] as const) {
        const result = await load(bench, target, LOOP);
        bench.say(`  ${told(who, result)}`);
        into.push(summary(who, result));
      }
    }
    await server.end();
    const notes = [
      'Counted from the scheduled time; the echo shows what sockets and the generator take of it.',
      `Not answered: ${answered.reduce((sum, run) => sum + Number(run['unanswered']), 0)}.`,
      ...(await profile.report()),
    ];
    return { figures: figures(answered, echoed), notes, details: [...echoed, ...answered] };
  },
};

function figures(answered: readonly LoadSummary[], echoed: readonly LoadSummary[]): Figure[] {
  return PERCENTILES.map(({ key, name, ms }) => {
    const runs = (of: readonly LoadSummary[]): number[] => of.map((run) => Number(run[key]));
    return figure(`latency ${name}`, 'ms', runs(answered), {
      ...(ms === null ? {} : { target: atMost(ms) }),
      limit: { name: 'uWS + msgpack echo', runs: runs(echoed) },
    });
  });
}
