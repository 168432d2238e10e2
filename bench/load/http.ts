/**
 * The load generator of REST reads: autocannon in a process of its own. Takes its plan as JSON on
 * standard input and prints what it counted as a line of JSON.
 */
import { text } from 'node:stream/consumers';

export interface HttpPlan {
  readonly port: number;
  readonly connections: number;
  readonly token: string;
  /** Asked for in turn by each connection. */
  readonly paths: readonly string[];
  /** Sent with each request, as POST; null: they are GETs. */
  readonly body: object | null;
  readonly warmupMs: number;
  readonly durationMs: number;
}

export interface HttpResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requests: number;
  /** Of this process. */
  readonly coreShare: number;
}

interface Counted {
  readonly requests: { readonly total: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly duration: number;
  readonly errors: number;
  readonly non2xx: number;
}

const plan = JSON.parse(await text(process.stdin)) as HttpPlan;
// By a name in a variable, because the peers are installed only for this comparison.
const library = 'autocannon';
const { default: autocannon } = (await import(library)) as {
  default: (options: object) => Promise<Counted>;
};

async function run(durationMs: number): Promise<Counted> {
  const { port, connections, token, paths, body } = plan;
  const sent = body === null ? {} : { method: 'POST', body: JSON.stringify(body) };
  const counted = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections,
    duration: durationMs / 1000,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    requests: paths.map((path) => ({ path, ...sent })),
  });
  const { errors, non2xx } = counted;
  if (errors + non2xx > 0) throw new Error(`${errors} errors, ${non2xx} answers other than 2xx`);
  return counted;
}

await run(plan.warmupMs);
const [cpu, startMs] = [process.cpuUsage(), performance.now()];
const { requests, latency } = await run(plan.durationMs);
const tookMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(cpu);
const result: HttpResult = {
  requestsPerSecond: (requests.total * 1000) / tookMs,
  p50Ms: latency.p50,
  p99Ms: latency.p99,
  requests: requests.total,
  coreShare: (user + system) / 1000 / tookMs,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
