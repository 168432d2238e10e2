/**
 * Searches among very many listings while their prices change, how soon a new listing is found, and
 * what all of it costs the bids.
 */
import type { Bench, Scenario } from '../scenario.ts';
import { sleep } from '../child.ts';
import { atMost, figure } from '../figure.ts';
import type { ScenarioReport } from '../figure.ts';
import { GavelServer } from '../gavel-server.ts';
import { Histogram } from '../load/histogram.ts';
import { manyAuctions } from '../load/many-auctions.ts';
import type { OpenLoop } from '../load/plan.ts';
import { searches } from '../load/searches.ts';
import type { SearchResult } from '../load/searches.ts';
import { AuctionSet, load, summary, told } from '../load/workload.ts';
import type { LoadSummary, LoadTarget } from '../load/workload.ts';

/** Each accepted bid is an update of a listing. */
const UPDATES: OpenLoop = { kind: 'open', bidsPerSecond: 1_000, run: 1 };
const AUCTIONS_BID_ON = 1_000;
const SEARCHES_PER_SECOND = 200;
const SEARCH_MS_MAX = 50;
const FOUND_MS_MAX = 500;
const BIDS_COST_MAX = 1.2;
/** So many different searches; every fourth has a word that all titles have. */
const QUESTIONS = 1_000;
const COMMON_EACH = 4;
const PROBE_POLL_MS = 10;
const PROBE_PAUSE_MS = 100;
const MADE_MS_MAX = 15 * 60_000;
const MADE_POLL_MS = 1_000;
const DAY_MS = 24 * 3_600_000;
const NOT_READY = 503;
const SETTINGS_OFF = { GAVEL_DISCOVERY_ENABLED: 'false' };

interface Found {
  readonly auctions: readonly { readonly title: string }[];
}

export const SEARCH: Scenario = {
  name: 'search',
  title: 'searches among very many listings, while prices change',
  async run(bench): Promise<ScenarioReport> {
    const { folder, ids } = await manyAuctions(bench, bench.liveAuctions);
    const count = ids.length.toLocaleString('en-US');
    const details: LoadSummary[] = [];
    const auctions = new AuctionSet(ids.slice(0, AUCTIONS_BID_ON));
    const quiet = await GavelServer.start(bench, { data: folder, settings: SETTINGS_OFF });
    const target: LoadTarget = { port: quiet.port, tokens: await tokensOf(quiet), auctions };
    const alone: number[] = [];
    for (let run = 1; run <= bench.runs; run++) {
      alone.push(await bids(bench, target, 'bids without a read model', details));
    }
    await quiet.stop();
    const server = await GavelServer.start(bench, { data: folder });
    const probe = new Probe(server, await server.token('seller', ['seller']));
    const startMs = performance.now();
    await probe.list(MADE_MS_MAX, MADE_POLL_MS);
    const madeS = Math.round((performance.now() - startMs) / 1000);
    bench.say(`  ${count} listings searchable ${madeS} s after the start`);
    const beside = { ...target, port: server.port };
    const [p99s, found, paid]: [number[], number[], number[]] = [[], [], []];
    const refused: number[] = [];
    for (let run = 1; run <= bench.runs; run++) {
      const [bidMs, asked, lagsMs] = await Promise.all([
        bids(bench, beside, 'bids beside searches', details),
        asking(bench, server, ids.length),
        probe.repeat(bench.warmupMs + bench.durationMs),
      ]);
      paid.push(bidMs);
      p99s.push(asked.takenUs.percentile(99) / 1000);
      refused.push(asked.refused);
      found.push(p99(lagsMs));
      bench.say(
        `  ${asked.takenUs.count} searches p99 ${p99s.at(-1)} ms, ${asked.refused} refused; ` +
          `${lagsMs.length} new listings found p99 ${found.at(-1)} ms`,
      );
    }
    await server.end();
    return {
      figures: [
        figure(`search among ${count}, 200/s, p99`, 'ms', p99s, { target: atMost(SEARCH_MS_MAX) }),
        figure('searches refused for load', '', refused, { target: atMost(0) }),
        figure('listed to found, p99', 'ms', found, { target: atMost(FOUND_MS_MAX) }),
        figure('bid p99 at 1,000 bids/s beside it', 'ms', paid, {
          limit: { name: 'no read model', runs: alone, target: atMost(BIDS_COST_MAX) },
        }),
      ],
      notes: [
        `The read model of ${count} listings was there ${madeS} s after the start.`,
        'Listed to found counts from the answer to the listing, and asks every 10 ms.',
      ],
      details,
    };
  },
};

async function tokensOf(server: GavelServer): Promise<readonly string[]> {
  return (await server.target(0)).tokens;
}

async function bids(
  bench: Bench,
  target: LoadTarget,
  what: string,
  details: LoadSummary[],
): Promise<number> {
  const result = await load(bench, target, UPDATES);
  bench.say(`  ${told(what, result)}`);
  details.push(summary(what, result));
  return Histogram.from(result.decidedUs).percentile(99) / 1000;
}

/** Searches for as long as the bids come. */
async function asking(bench: Bench, server: GavelServer, listings: number): Promise<SearchResult> {
  const paths = Array.from({ length: QUESTIONS }, (_, i) => {
    const number = Math.floor((i * listings) / QUESTIONS);
    return `/v1/search?q=${i % COMMON_EACH === 0 ? 'benchmark' : `auction+${number}`}`;
  });
  const { port } = server;
  const token = await server.token('searcher', ['bidder']);
  const plan = { port, token, paths, perSecond: SEARCHES_PER_SECOND };
  await searches({ ...plan, durationMs: bench.warmupMs });
  return searches({ ...plan, durationMs: bench.durationMs });
}

function p99(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.ceil(sorted.length * 0.99) - 1] as number);
}

/** Lists auctions with a word of their own, and searches for it until they are found. */
class Probe {
  readonly #server: GavelServer;
  readonly #seller: string;
  #listed = 0;

  constructor(server: GavelServer, seller: string) {
    this.#server = server;
    this.#seller = seller;
  }

  /** Milliseconds from the answer to the listing until it is found. @throws Error where it is not */
  async list(msMax = MADE_MS_MAX, pollMs = PROBE_POLL_MS): Promise<number> {
    const word = `probe${String(++this.#listed).padStart(6, '0')}x`;
    const endsAtMs = Date.now() + DAY_MS;
    const terms = { title: `Listing ${word}`, currency: 'USD', startPriceCents: 1_000, endsAtMs };
    await this.#server.rest('POST', '/v1/auctions', this.#seller, terms);
    const startMs = performance.now();
    while (!(await this.#finds(word))) {
      if (performance.now() - startMs > msMax) throw new Error(`${word} is not found by search`);
      await sleep(pollMs);
    }
    return performance.now() - startMs;
  }

  async repeat(durationMs: number): Promise<readonly number[]> {
    const endMs = performance.now() + durationMs;
    const lagsMs: number[] = [];
    while (performance.now() < endMs) {
      lagsMs.push(await this.list());
      await sleep(PROBE_PAUSE_MS);
    }
    return lagsMs;
  }

  /** Not where the read model is still being made either. */
  async #finds(word: string): Promise<boolean> {
    const url = `http://127.0.0.1:${this.#server.port}/v1/search?q=${word}`;
    const headers = { authorization: `Bearer ${this.#seller}` };
    const response = await fetch(url, { headers });
    if (response.status === NOT_READY) {
      await response.arrayBuffer();
      return false;
    }
    const { auctions } = (await response.json()) as Found;
    return auctions.some(({ title }) => title.includes(word));
  }
}
