/**
 * Reads over REST: GET of one auction out of a thousand by 50 connections, against the bare gateway
 * library and against the common way to do it in Node.
 */
import { existsSync } from 'node:fs';
import { Child, pathOf } from '../child.ts';
import { atLeast, figure } from '../figure.ts';
import type { ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import type { HttpPlan, HttpResult } from '../load/http.ts';
import type { Auctions } from '../peers/fastify-sqlite.ts';
import type { Bench, Scenario } from '../scenario.ts';
import { Skipped } from '../scenario.ts';

const AUCTIONS = 1_000;
const CONNECTIONS = 50;
const READS_MIN = 25_000;
const OF_BARE_MIN = 0.5;
const OF_PEER_MIN = 1.5;
const LISTED_MIN = 20_000;
const DAY_MS = 24 * 3_600_000;

type Measured = 'gavel' | 'bare' | 'peer' | 'listed';

export const HTTP: Scenario = {
  name: 'http',
  title: 'reads of an auction over REST, 50 connections',
  async run(bench): Promise<ScenarioReport> {
    if (!existsSync(pathOf('node_modules/autocannon'))) {
      throw new Skipped('autocannon is missing: (cd bench && npm ci)');
    }
    const runs: Record<Measured, HttpResult[]> = { gavel: [], bare: [], peer: [], listed: [] };
    for (let run = 1; run <= bench.runs; run++) {
      const server = await GavelServer.start(bench);
      const { ids } = (await server.target(AUCTIONS, 0)).auctions;
      const token = await server.token('reader', ['bidder']);
      const asked = { token, paths: ids.map((id) => `/v1/auctions/${id}`), body: null };
      const sample = await server.rest<Auctions['sample']>('GET', asked.paths[0] as string, token);
      runs.gavel.push(await reads(bench, 'gavel', { ...asked, port: server.port }));
      const seller = await server.token('seller', ['seller']);
      const listing = { token: seller, paths: ['/v1/auctions'], body: newListing() };
      runs.listed.push(await reads(bench, 'listed', { ...listing, port: server.port }));
      await server.end();
      const bare = await started(bench, 'limits/json-route.ts', [JSON.stringify(sample)]);
      runs.bare.push(await reads(bench, 'bare uWS route', { ...asked, port: bare.port }));
      await bare.child.stop();
      const auctions: Auctions = { ids, sample };
      const peer = await started(bench, 'peers/fastify-sqlite.ts', [`${server.data}`], auctions);
      runs.peer.push(await reads(bench, 'fastify + better-sqlite3', { ...asked, port: peer.port }));
      await peer.child.stop();
    }
    const rates = (all: readonly HttpResult[]): number[] => all.map((one) => one.requestsPerSecond);
    const gavel = rates(runs.gavel);
    const p99 = runs.gavel.map(({ p99Ms }) => p99Ms);
    const share = Math.round(100 * Math.max(...runs.gavel.map(({ coreShare }) => coreShare)));
    return {
      figures: [
        figure('GET of an auction, 50 connections', '/s', gavel, {
          target: atLeast(READS_MIN),
          limit: { name: 'bare uWS route', runs: rates(runs.bare), target: atLeast(OF_BARE_MIN) },
        }),
        figure('the same', '/s', gavel, {
          limit: {
            name: 'fastify + better-sqlite3',
            runs: rates(runs.peer),
            target: atLeast(OF_PEER_MIN),
          },
        }),
        figure('p99', 'ms', p99),
        figure('auctions listed over REST, 50 connections', '/s', rates(runs.listed), {
          target: atLeast(LISTED_MIN),
        }),
      ],
      notes: [
        `The load generator took up to ${share} % of a core: near 100 it is the limit of all three.`,
        'Gavel checks the token of each request; the two others check nothing.',
      ],
      details: Object.entries(runs).map(([what, results]) => ({ what, results })),
    };
  },
};

function newListing(): object {
  const endsAtMs = Date.now() + DAY_MS;
  return { title: 'Benchmark auction', currency: 'USD', startPriceCents: 1_000, endsAtMs };
}

async function started(
  bench: Bench,
  file: string,
  args: readonly string[],
  input?: object,
): Promise<{ readonly child: Child; readonly port: number }> {
  const child = new Child(file, process.execPath, [pathOf(file), ...args], { output: true });
  bench.defer(() => child.stop());
  if (input !== undefined) child.process.stdin?.write(`${JSON.stringify(input)}\n`);
  const { port } = await child.nextLine<{ port: number }>();
  return { child, port };
}

async function reads(
  bench: Bench,
  what: string,
  asked: Pick<HttpPlan, 'port' | 'token' | 'paths' | 'body'>,
): Promise<HttpResult> {
  const { warmupMs, durationMs } = bench;
  const plan: HttpPlan = { ...asked, connections: CONNECTIONS, warmupMs, durationMs };
  const child = new Child('the readers', process.execPath, [pathOf('load/http.ts')], {
    output: true,
  });
  bench.defer(() => child.kill());
  child.process.stdin?.end(JSON.stringify(plan));
  const result = await child.nextLine<HttpResult>();
  await child.exit();
  const { requestsPerSecond, p50Ms, p99Ms, coreShare } = result;
  const rate = Math.round(requestsPerSecond).toLocaleString('en-US');
  const share = Math.round(coreShare * 100);
  bench.say(
    `  ${what}: ${rate} answers/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms, readers ${share} % of a core`,
  );
  return result;
}
