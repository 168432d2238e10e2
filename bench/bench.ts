/**
 * The benchmark as a whole: runs the scenarios one after the other, each with its own servers and
 * its own folder, and cleans up behind them, also when it is interrupted. `gavel bench` calls this.
 */
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { pathOf } from './child.ts';
import type { ScenarioReport } from './figure.ts';
import { thisMachine } from './machine.ts';
import type { Machine } from './machine.ts';
import { OtherPrograms } from './other-programs.ts';
import { Skipped } from './scenario.ts';
import type { Bench, BenchOptions, Scenario } from './scenario.ts';
import { BYTES } from './scenarios/bytes.ts';
import { CONNECTIONS } from './scenarios/connections.ts';
import { CORE } from './scenarios/core.ts';
import { FANOUT } from './scenarios/fanout.ts';
import { HOT } from './scenarios/hot.ts';
import { LATENCY } from './scenarios/latency.ts';
import { OVERLOAD } from './scenarios/overload.ts';
import { REDIS } from './scenarios/redis.ts';
import { RESTART } from './scenarios/restart.ts';
import { HTTP } from './scenarios/http.ts';
import { MILLION } from './scenarios/million.ts';
import { SEARCH } from './scenarios/search.ts';
import { SNAPSHOT } from './scenarios/snapshot.ts';
import { VERIFY } from './scenarios/verify.ts';

export interface FinishedScenario extends ScenarioReport {
  readonly name: string;
  readonly title: string;
  /** Cores that other programs took meanwhile, on average; null: not known here. */
  readonly otherCores: number | null;
}

export interface BenchReport {
  readonly machine: Machine;
  readonly runs: number;
  readonly secondsPerRun: number;
  readonly scenarios: readonly FinishedScenario[];
  /** Scenarios that could not run, and why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export const SCENARIOS: readonly Scenario[] = [
  CORE,
  LATENCY,
  REDIS,
  RESTART,
  VERIFY,
  SNAPSHOT,
  HTTP,
  MILLION,
  SEARCH,
  BYTES,
  FANOUT,
  CONNECTIONS,
  OVERLOAD,
  HOT,
];

const TMPFS = 0x0102_1994;

export class BenchRun {
  readonly #options: BenchOptions;
  readonly #cleanUps: (() => Promise<void>)[] = [];

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  async run(scenarios: readonly Scenario[]): Promise<BenchReport> {
    const machine = thisMachine();
    const finished: FinishedScenario[] = [];
    const skipped: BenchReport['skipped'][number][] = [];
    for (const { name, title, run } of scenarios) {
      this.#options.say(`${name}: ${title}`);
      const others = new OtherPrograms();
      try {
        const report = await run(await this.#bench());
        await this.cleanUp();
        finished.push({ name, title, otherCores: others.cores(), ...report });
      } catch (error) {
        if (!(error instanceof Skipped)) throw error;
        skipped.push({ name, reason: error.message });
      } finally {
        await this.cleanUp();
      }
    }
    const { runs, durationMs } = this.#options;
    return { machine, runs, secondsPerRun: durationMs / 1000, scenarios: finished, skipped };
  }

  /** Ends what was started and removes what was written; also good in the middle of a run. */
  async cleanUp(): Promise<void> {
    for (let next = this.#cleanUps.pop(); next !== undefined; next = this.#cleanUps.pop()) {
      await next();
    }
  }

  async #bench(): Promise<Bench> {
    const parent = this.#options.folder ?? pathOf('.');
    const folder = await mkdtemp(join(parent, 'work-'));
    this.#cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    if ((await statfs(folder)).type === TMPFS) {
      this.#options.say(`warning: ${folder} is in memory, so fsync costs nothing there`);
    }
    return { ...this.#options, folder, defer: (cleanUp) => void this.#cleanUps.push(cleanUp) };
  }
}
