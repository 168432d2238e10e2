/**
 * A Prometheus histogram whose values were counted elsewhere, by other threads in shared memory:
 * shown as they are when somebody asks, one line of buckets a shard.
 */
import type { Registry } from 'prom-client';
import { Histogram } from 'prom-client';
import type { Counted } from './shard-port.ts';

export interface CountedOptions {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
  /** By shard. */
  readonly read: () => readonly Counted[];
}

type Shown = Awaited<ReturnType<Histogram<'shard' | 'le'>['get']>>;

export class CountedHistogram extends Histogram<'shard' | 'le'> {
  readonly #options: CountedOptions;

  constructor(options: CountedOptions) {
    const { name, help, registry } = options;
    super({ name, help, labelNames: ['shard'], registers: [registry] });
    this.#options = options;
  }

  /** What the registry calls, and `get` of the base class too. */
  getForPromString(): Promise<object> {
    const values = this.#options
      .read()
      .flatMap((counted, shard) => this.#lines(counted, `${shard}`));
    const { name, help } = this.#options;
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values });
  }

  #lines({ bounds, counts, sum }: Counted, shard: string): Shown['values'] {
    const { name } = this.#options;
    let total = 0;
    const lines: Shown['values'] = counts.map((count, i) => {
      total += count;
      const labels = { shard, le: i < bounds.length ? `${bounds[i]}` : '+Inf' };
      return { metricName: `${name}_bucket`, labels, value: total };
    });
    lines.push({ metricName: `${name}_sum`, labels: { shard }, value: sum });
    lines.push({ metricName: `${name}_count`, labels: { shard }, value: total });
    return lines;
  }
}
