/**
 * Holds connections, as a program of its own: a HoldPlan in; a Holding out once all are open, signed
 * in and subscribed; a Held out once its input has ended.
 */
import { linesOf } from '../child.ts';
import { FIRST_BID_ID, Connection } from '../load/connection.ts';
import type { ConnectionEvents } from '../load/connection.ts';
import { clientFrame } from '../load/bid-frames.ts';
import { SNAPSHOT } from '../../src/protocol/messages/snapshot.ts';
import { SUBSCRIBE } from '../../src/protocol/messages/subscribe.ts';
import type { Held, Holding, HoldPlan } from './hold-plan.ts';

const OPEN_AT_ONCE = 100;

const say = (line: Holding | Held): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

const connections: Connection[] = [];
const subscribed = new Map<number, () => void>();
let lost = 0;

const events: ConnectionEvents = {
  answer: () => undefined,
  push: ({ index }, number) => {
    if (number === SNAPSHOT.number) subscribed.get(index)?.();
  },
  drained: () => undefined,
  lost: () => void (lost += 1),
};

async function open(plan: HoldPlan, index: number): Promise<void> {
  const { port, path, protocol, auctionIds } = plan;
  const token = plan.tokens[index] as string;
  const options = { port, path, protocol, token, feed: true };
  const connection = await Connection.open(index, options, events);
  connections.push(connection);
  const { promise, resolve } = Promise.withResolvers<void>();
  subscribed.set(index, resolve);
  const auctionId = auctionIds[index % auctionIds.length] as string;
  connection.send(clientFrame(SUBSCRIBE, { id: FIRST_BID_ID, auctionId, epoch: null, seq: null }));
  await promise;
  subscribed.delete(index);
}

async function hold(plan: HoldPlan): Promise<void> {
  const startMs = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < plan.tokens.length; i = next++) await open(plan, i);
  };
  await Promise.all(Array.from({ length: OPEN_AT_ONCE }, work));
  say({ openedMs: performance.now() - startMs });
}

const lines = linesOf(process.stdin);
try {
  const first = await lines.next();
  await hold(JSON.parse(first.value as string) as HoldPlan);
  await lines.next();
  say({ lost });
  for (const connection of connections) connection.close();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
