/** The echo server as a target for the load generator. */
import type { Bench } from '../scenario.ts';
import { Child, pathOf } from '../child.ts';
import { AuctionSet, CONNECTIONS } from '../load/workload.ts';
import type { LoadTarget } from '../load/workload.ts';

export async function startEcho(bench: Bench, auctions: number): Promise<LoadTarget> {
  const main = pathOf('limits/echo-server.ts');
  const child = new Child('the echo server', process.execPath, [main], { output: true });
  bench.defer(() => child.stop());
  const { port } = await child.nextLine<{ port: number }>();
  return {
    port,
    tokens: Array.from({ length: CONNECTIONS }, (_, i) => `bidder-${i}`),
    auctions: AuctionSet.made(auctions),
  };
}
