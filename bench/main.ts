/** The door of the benchmark: what `gavel bench` loads. */
import { BenchRun, SCENARIOS } from './bench.ts';
import type { BenchReport } from './bench.ts';
import { reportText } from './report-text.ts';
import type { BenchOptions } from './scenario.ts';

const WARMUP_MS = 2_000;

export interface Benchmark {
  readonly scenarios: readonly string[];
  /** Runs these scenarios; all where none is named. */
  run(names: readonly string[]): Promise<{
    readonly report: BenchReport;
    readonly text: string;
    /** Whether a figure misses its target. */
    readonly missed: boolean;
  }>;
  /** Ends what was started and removes what was written. */
  cleanUp(): Promise<void>;
}

export function createBenchmark(options: Omit<BenchOptions, 'warmupMs'>): Benchmark {
  const run = new BenchRun({ ...options, warmupMs: WARMUP_MS });
  return {
    scenarios: SCENARIOS.map(({ name }) => name),
    async run(names) {
      const wanted = SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name));
      const report = await run.run(wanted);
      const figures = report.scenarios.flatMap((scenario) => scenario.figures);
      const missed = figures.some(({ met }) => met === false);
      return { report, text: reportText(report), missed };
    },
    cleanUp: () => run.cleanUp(),
  };
}
