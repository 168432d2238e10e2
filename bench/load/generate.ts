/** One run of the load generator: opens the connections, drives the loop, reports. */
import { BidSource } from './bid-source.ts';
import { ClosedLoopRun } from './closed-loop.ts';
import { Connection } from './connection.ts';
import type { ConnectionEvents } from './connection.ts';
import { OpenLoopRun } from './open-loop.ts';
import type { LoadPlan, LoadResult } from './plan.ts';
import { Tally } from './tally.ts';

/** After the last bid, answers are waited for this long. */
const TAIL_MS = 10_000;
/** A run never takes longer than its own time and this. */
const RUN_MS_MAX = 15 * 60_000;

export async function generate(plan: LoadPlan): Promise<LoadResult> {
  if (plan.warmupMs + plan.durationMs > RUN_MS_MAX) throw new Error('the run is too long');
  const source = new BidSource(plan);
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  let run: ClosedLoopRun | OpenLoopRun | null = null;
  let tally: Tally | null = null;
  const events: ConnectionEvents = {
    answer: (connection, id, code) => run?.answer(connection, id, code),
    push: (_connection, number) => tally?.push(number),
    drained: (connection) => run?.drained(connection),
    lost: (connection, reason) => {
      reject(new Error(`connection ${connection.index} was lost: ${reason}`));
    },
  };
  const connections = await openAll(plan, events);
  const startMs = performance.now();
  const endMs = startMs + plan.warmupMs + plan.durationMs;
  tally = new Tally(startMs + plan.warmupMs, endMs);
  run =
    plan.load.kind === 'closed'
      ? new ClosedLoopRun(plan, source, tally, endMs, resolve)
      : new OpenLoopRun(plan, source, tally, startMs, resolve);
  const late = setTimeout(resolve, endMs - startMs + TAIL_MS);
  try {
    run.start(connections);
    await finished;
  } finally {
    clearTimeout(late);
    if (run instanceof OpenLoopRun) run.stop();
    for (const connection of connections) connection.close();
  }
  const nowMs = performance.now();
  tally.clock(nowMs);
  if (run instanceof OpenLoopRun) run.chargeUnanswered(nowMs);
  return {
    ...tally.result(),
    bidsSent: source.bids,
    unanswered: run.unanswered,
    bytesIn: connections.reduce((sum, { bytesIn }) => sum + bytesIn, 0),
    bytesOut: connections.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
    nextStep: source.nextStep,
  };
}

/** A few at a time: a server may limit how many connections wait for their hello. */
async function openAll(plan: LoadPlan, events: ConnectionEvents): Promise<Connection[]> {
  const { port, path, protocol, feed, tokens } = plan;
  const open = (token: string, index: number): Promise<Connection> =>
    Connection.open(index, { port, path, protocol, token, feed }, events);
  const connections: Connection[] = [];
  const atOnce = 10;
  for (let from = 0; from < tokens.length; from += atOnce) {
    const some = tokens.slice(from, from + atOnce);
    connections.push(...(await Promise.all(some.map((token, i) => open(token, from + i)))));
  }
  return connections;
}
