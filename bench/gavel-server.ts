/**
 * The server under test: the real program as a child process, with everything on. Only limits that
 * keep one client from doing what a load generator does are raised: messages, bytes and bids in
 * flight of a connection; commands, requests and sign-ins a second; bids a minute on an auction.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { keysFolder } from '../src/journal/data-folder.ts';
import { loadOrCreateKeyFile, signToken } from '../src/gateway/token.ts';
import type { SigningKey } from '../src/gateway/token.ts';
import type { Bench } from './scenario.ts';
import { Child, freePort, pathOf, sleep } from './child.ts';
import { AuctionSet, CONNECTIONS, INCREMENT_CENTS, START_CENTS } from './load/workload.ts';
import type { LoadTarget } from './load/workload.ts';

/** Far beyond any load of ours. */
const RAISED_LIMITS = {
  GAVEL_LIMITS_FRAMES_PER_SECOND: '1000000',
  GAVEL_LIMITS_BYTES_PER_SECOND: '1024MB',
  GAVEL_LIMITS_REQUESTS_PER_SECOND: '1000000',
  GAVEL_LIMITS_COMMANDS_PER_SECOND: '1000000',
  GAVEL_LIMITS_SIGN_INS_PER_SECOND: '1000000',
  GAVEL_LIMITS_IN_FLIGHT: '16384',
  GAVEL_RULES_BIDS_PER_MINUTE_MAX: 'unlimited',
  // A closed loop with thousands in flight is a queue that stands; what a queue does is measured apart.
  GAVEL_OVERLOAD_TARGET_AGE: '10s',
  GAVEL_LOG_LEVEL: 'warn',
};

const POLL_MS = 5;
const READY_MS_MAX = 120_000;
const REQUESTS_AT_ONCE = 16;
const TOKEN_TTL_MS = 6 * 3_600_000;
const AUCTION_MS = 24 * 3_600_000;
const LOOPBACK = '127.0.0.1';

export interface GavelOptions {
  /** Data folder; default: a new one. */
  readonly data?: string;
  /** Arguments for Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Further settings, as variables. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class GavelServer {
  readonly port: number;
  readonly data: string;
  /** From the start of the process until it said that it is ready. */
  readonly readyMs: number;
  readonly #child: Child;
  readonly #isProfiled: boolean;
  #key: SigningKey | null = null;

  private constructor(
    child: Child,
    port: number,
    options: Required<Pick<GavelOptions, 'data' | 'nodeArgs'>>,
    readyMs: number,
  ) {
    this.#child = child;
    this.#isProfiled = options.nodeArgs.length > 0;
    this.port = port;
    this.data = options.data;
    this.readyMs = readyMs;
  }

  /** Starts it and waits until it is ready. It is ended with the scenario at the latest. */
  static async start(bench: Bench, options: GavelOptions = {}): Promise<GavelServer> {
    const {
      data = join(bench.folder, `data-${Date.now()}`),
      nodeArgs = [],
      settings = {},
    } = options;
    await mkdir(data, { recursive: true });
    const [port, internalPort] = [await freePort(), await freePort()];
    const flags = ['--data', data, '--host', LOOPBACK, '--port', `${port}`];
    const args = [...flags, '--internal-host', LOOPBACK, '--internal-port', `${internalPort}`];
    const program = [...nodeArgs, pathOf('../bin/gavel'), 'serve', ...args];
    const startMs = performance.now();
    const child = new Child('gavel serve', process.execPath, program, {
      cwd: bench.folder,
      env: { ...environment(), ...settings },
    });
    bench.defer(() => child.kill());
    await ready(child, internalPort);
    return new GavelServer(child, port, { data, nodeArgs }, performance.now() - startMs);
  }

  /** A token as the server itself would sign it. */
  async token(user: string, roles: readonly ('bidder' | 'seller')[]): Promise<string> {
    this.#key ??= await loadOrCreateKeyFile(keysFolder(this.data));
    return signToken(this.#key, {
      sub: user,
      roles,
      ttlMs: TOKEN_TTL_MS,
      issuer: 'gavel',
      audience: 'gavel',
      nowMs: Date.now(),
    });
  }

  /** Everything a load needs: new auctions, and a signed-in user for each connection. */
  async target(auctions: number, connections = CONNECTIONS): Promise<LoadTarget> {
    const tokens: string[] = [];
    for (let i = 1; i <= connections; i++) tokens.push(await this.token(`bidder-${i}`, ['bidder']));
    const set = new AuctionSet(await this.#list(auctions));
    return { port: this.port, tokens, auctions: set };
  }

  /** A REST request, JSON in and out. @throws Error on any status but 2xx */
  async rest<T>(method: 'GET' | 'POST', path: string, token: string, body?: object): Promise<T> {
    const response = await fetch(`http://${LOOPBACK}:${this.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Memory that the process has in use, bytes; what the kernel keeps for its sockets is not in it. */
  async residentBytes(): Promise<number> {
    const told = await readFile(`/proc/${this.#child.process.pid}/status`, 'utf8');
    const kB = /^VmRSS:\s*(\d+) kB$/m.exec(told)?.[1];
    if (kB === undefined) throw new Error('the memory of the server cannot be read');
    return Number(kB) * 1024;
  }

  /** Ends it without asking; nothing that was answered may depend on more. */
  kill(): Promise<void> {
    return this.#child.kill();
  }

  /** Stops it in good order: it saves what it has in memory. */
  stop(): Promise<void> {
    return this.#child.stop();
  }

  /** Stops it in good order where a profiler has to write its files, else at once. */
  end(): Promise<void> {
    return this.#isProfiled ? this.stop() : this.kill();
  }

  async #list(count: number): Promise<string[]> {
    const seller = await this.token('seller', ['seller']);
    const ids: string[] = [];
    let made = 0;
    const work = async (): Promise<void> => {
      for (let i = made++; i < count; i = made++) {
        const answer = await this.rest<unknown>('POST', '/v1/auctions', seller, listing(i));
        ids[i] = auctionIdIn(answer);
      }
    };
    await Promise.all(Array.from({ length: Math.min(REQUESTS_AT_ONCE, count) }, work));
    return ids;
  }
}

/**
 * eBay's ten steps, walked to the end because of the start price; all of them are 0.10, so that
 * millions of bids on one auction stay in the range of real prices.
 */
function listing(number: number): object {
  const below = [100, 500, 2_500, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000];
  const table = below.map((belowCents) => ({ belowCents, incrementCents: INCREMENT_CENTS }));
  return {
    title: `Benchmark auction ${number}`,
    currency: 'USD',
    startPriceCents: START_CENTS,
    endsAtMs: Date.now() + AUCTION_MS,
    increments: [...table, { incrementCents: INCREMENT_CENTS }],
  };
}

function auctionIdIn(answer: unknown): string {
  const found = /"auctionId":"([0-9A-Za-z]{22})"/.exec(JSON.stringify(answer));
  if (found === null) throw new Error(`no auctionId in ${JSON.stringify(answer)}`);
  return found[1] as string;
}

/** Ours without what would configure the server by accident. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GAVEL_'));
  return { ...Object.fromEntries(own), ...RAISED_LIMITS };
}

async function ready(child: Child, internalPort: number): Promise<void> {
  const endMs = performance.now() + READY_MS_MAX;
  while ((await status(internalPort, '/readyz')) !== 200) {
    if (!child.isRunning) throw await child.failure('did not start');
    if (performance.now() > endMs) throw await child.failure('was not ready in time');
    await sleep(POLL_MS);
  }
}

/** Status of a GET; 0 where nobody answers. */
function status(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = request({ host: LOOPBACK, port, path, agent: false, timeout: 1000 });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(0));
    asked.end();
  });
}
