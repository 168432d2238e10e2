/** Health and metrics, on the internal listener. */
import type { Registry } from 'prom-client';
import type { LifeCycle } from './life-cycle.ts';
import type { Route } from './routes.ts';

/** @param shardsDown which shards' threads are being brought back. */
export function internalRoutes(
  life: LifeCycle,
  shardsDown: () => readonly number[],
  registry: Registry,
): readonly Route[] {
  const route = (path: string, run: Route['run']): Route => ({
    method: 'GET',
    path,
    access: 'open',
    takesBody: false,
    query: {},
    run,
  });
  return [
    route('/livez', ({ exchange }) => exchange.json(200, { live: true })),
    route('/readyz', ({ exchange }) => {
      const refusal = life.refusalOfNew();
      if (refusal !== undefined) return exchange.refuse(refusal);
      const down = shardsDown();
      if (down.length === 0) return exchange.json(200, { ready: true });
      exchange.refuse('NOT_READY', { reason: `shard ${down.join(', ')} is being brought back` });
    }),
    route('/metrics', async ({ exchange }) => {
      exchange.text(200, registry.contentType, await registry.metrics());
    }),
  ];
}
