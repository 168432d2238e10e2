/** Health and metrics, on the internal listener. */
import type { Registry } from 'prom-client';
import type { LifeCycle } from './life-cycle.ts';
import type { Route } from './routes.ts';

export function internalRoutes(life: LifeCycle, registry: Registry): readonly Route[] {
  const route = (path: string, run: Route['run']): Route => ({
    method: 'GET',
    path,
    access: 'open',
    takesBody: false,
    query: [],
    run,
  });
  return [
    route('/livez', ({ exchange }) => exchange.json(200, { live: true })),
    route('/readyz', ({ exchange }) => {
      const refusal = life.refusal();
      if (refusal === undefined) exchange.json(200, { ready: true });
      else exchange.refuse(refusal);
    }),
    route('/metrics', async ({ exchange }) => {
      exchange.text(200, registry.contentType, await registry.metrics());
    }),
  ];
}
