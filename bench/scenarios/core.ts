/**
 * How many bids per second Gavel answers durably, everything on, in three shapes: many auctions
 * pipelined, many auctions one bid at a time, and everybody on one auction. Held against what the
 * gateway library does with nothing behind it, and against what SQLite commits, in the same run.
 */
import type { Bench, Scenario } from '../scenario.ts';
import { atLeast, figure } from '../figure.ts';
import type { Figure, ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { commitRate } from '../limits/commit-rate.ts';
import { startEcho } from '../limits/echo.ts';
import { load, summary, told } from '../load/workload.ts';
import type { LoadSummary, LoadTarget } from '../load/workload.ts';
import { ServerProfile } from '../server-profile.ts';

interface Shape {
  readonly name: string;
  readonly auctions: number;
  readonly window: number;
  readonly answersPerSecond: number;
  readonly ratio?: number;
}

const SHAPES: readonly Shape[] = [
  {
    name: '1,000 auctions, 50 × 64',
    auctions: 1000,
    window: 64,
    answersPerSecond: 250_000,
    ratio: 0.35,
  },
  { name: '1,000 auctions, 50 × 1', auctions: 1000, window: 1, answersPerSecond: 35_000 },
  { name: 'one auction, 50 × 64', auctions: 1, window: 64, answersPerSecond: 150_000 },
];
const COMMIT_MS = 2_000;
const BIDS_PER_COMMIT = [1, 64, 512];

export const CORE: Scenario = {
  name: 'core',
  title: 'durable answers per second, and the limits of this machine',
  async run(bench): Promise<ScenarioReport> {
    const figures: Figure[] = [];
    const notes: string[] = [];
    const details: LoadSummary[] = [];
    for (const shape of SHAPES) {
      const echo = await startEcho(bench, shape.auctions);
      const profile = new ServerProfile(bench);
      const server = await GavelServer.start(bench, { nodeArgs: profile.nodeArgs });
      const gavel = await server.target(shape.auctions);
      const { echoed, answered } = await rounds(bench, shape, echo, gavel);
      await server.end();
      notes.push(acceptance(shape, answered), ...(await profile.report()));
      details.push(...echoed, ...answered);
      const limit = { name: 'uWS + msgpack echo', runs: echoed.map(rate) };
      const ratio = shape.ratio === undefined ? {} : { target: atLeast(shape.ratio) };
      figures.push(
        figure(`durable answers, ${shape.name}`, '/s', answered.map(rate), {
          target: atLeast(shape.answersPerSecond),
          limit: { ...limit, ...ratio },
        }),
      );
    }
    return { figures: [...figures, ...commits(bench)], notes, details };
  },
};

const rate = (run: LoadSummary): number => run.answersPerSecond;

/** Limit and server take turns, so that both see the same machine. */
async function rounds(
  bench: Bench,
  { name, window }: Shape,
  echo: LoadTarget,
  gavel: LoadTarget,
): Promise<{ echoed: LoadSummary[]; answered: LoadSummary[] }> {
  const echoed: LoadSummary[] = [];
  const answered: LoadSummary[] = [];
  for (let run = 1; run <= bench.runs; run++) {
    for (const [who, target, into] of [
      ['echo', echo, echoed],
      ['gavel', gavel, answered],
    ] as const) {
      const result = await load(bench, target, { kind: 'closed', window });
      bench.say(`  ${told(`${who}, ${name}`, result)}`);
      into.push(summary(`${who}, ${name}`, result));
    }
  }
  return { echoed, answered };
}

function acceptance({ name }: Shape, runs: readonly LoadSummary[]): string {
  const total = (key: 'answers' | 'accepted'): number =>
    runs.reduce((sum, run) => sum + Number(run[key]), 0);
  const share = (total('accepted') * 100) / Math.max(1, total('answers'));
  const cores = runs.map((run) => Number(run['generatorCpuCores']));
  const generator = `the load generator took ${Math.max(...cores).toFixed(2)} of a core`;
  if (share > 99.95) return `${name}: all bids accepted; ${generator}.`;
  return (
    `${name}: ${share.toFixed(1)} % of the bids accepted, the others (refused, and as durable) ` +
    `had been overtaken by a higher one of another connection; ${generator}.`
  );
}

function commits(bench: Bench): Figure[] {
  return BIDS_PER_COMMIT.map((bids) => {
    const runs = Array.from({ length: bench.runs }, () =>
      Math.round(commitRate(bench.folder, bids, COMMIT_MS)),
    );
    return figure(`SQLite commits, ${bids} bids a row`, '/s', runs);
  });
}
