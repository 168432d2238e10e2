/**
 * Searches that leave at fixed times, whether or not earlier ones have been answered: what a search
 * takes is counted from when it was due.
 */
import { Agent, get } from 'node:http';
import { sleep } from '../child.ts';
import { Histogram } from './histogram.ts';

/** More wait for an answer at no time: what is due then leaves late, and that counts. */
const CONNECTIONS_MAX = 64;

export interface SearchPlan {
  readonly port: number;
  readonly token: string;
  /** Asked in turn. */
  readonly paths: readonly string[];
  readonly perSecond: number;
  readonly durationMs: number;
}

export interface SearchResult {
  readonly takenUs: Histogram;
  /** With OVERLOADED; not among the others. */
  readonly refused: number;
}

const OK = 200;
const OVERLOADED = 503;

/** @throws Error where one fails for another reason than load */
export async function searches(plan: SearchPlan): Promise<SearchResult> {
  const { paths, perSecond, durationMs } = plan;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  const takenUs = new Histogram();
  const startMs = performance.now();
  const count = Math.round((perSecond * durationMs) / 1000);
  const all: Promise<void>[] = [];
  let refused = 0;
  const failures: unknown[] = [];
  const one = async (path: string, dueMs: number): Promise<void> => {
    const status = await search(agent, plan, path);
    if (status === OK) takenUs.record((performance.now() - dueMs) * 1000);
    else if (status === OVERLOADED) refused += 1;
    else throw new Error(`GET ${path}: ${status}`);
  };
  try {
    for (let i = 0; i < count && failures.length === 0; i++) {
      const dueMs = startMs + (i * 1000) / perSecond;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      const path = paths[i % paths.length] as string;
      all.push(one(path, dueMs).catch((error: unknown) => void failures.push(error)));
    }
    await Promise.all(all);
  } finally {
    agent.destroy();
  }
  if (failures.length > 0) throw failures[0];
  return { takenUs, refused };
}

/** The status of the answer. */
function search(agent: Agent, { port, token }: SearchPlan, path: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { authorization: `Bearer ${token}` };
  get({ agent, host: '127.0.0.1', port, path, headers }, (response) => {
    response.on('error', reject).on('end', () => resolve(response.statusCode ?? 0));
    response.resume();
  }).on('error', reject);
  return promise;
}
