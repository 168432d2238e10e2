/**
 * What a run counts: answers, refusals, latency and the generator's own CPU time, between the end
 * of the warm-up and the end of the run; pushes over the whole run.
 */
import { REFUSALS } from '../../src/protocol/refusals.ts';
import { Histogram } from './histogram.ts';
import type { CpuUse, LoadResult } from './plan.ts';

const CODES = 10_000;
const OVERLOADED = REFUSALS.OVERLOADED.code;

export class Tally {
  readonly latencyUs = new Histogram();
  readonly sendLagUs = new Histogram();
  notOffered = 0;
  readonly #decidedUs = new Histogram();
  readonly #shedUs = new Histogram();
  #lastShedMs = -1;
  readonly #codes = new Float64Array(CODES);
  readonly #pushes = new Float64Array(256);
  /** performance.now() between which answers count. */
  readonly #fromMs: number;
  readonly #toMs: number;
  #cpuAtStart: NodeJS.CpuUsage | null = null;
  #cpuUsed: NodeJS.CpuUsage | null = null;
  #stoppedMs = 0;

  constructor(fromMs: number, toMs: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  /** Has to be called now and then, at least once each before, during and after the run. */
  clock(nowMs: number): void {
    if (this.#cpuAtStart === null && nowMs >= this.#fromMs) this.#cpuAtStart = process.cpuUsage();
    if (nowMs >= this.#toMs) this.stop(nowMs);
  }

  /** Ends the measured time early, where a run ends by count. */
  stop(nowMs: number): void {
    if (this.#cpuUsed !== null) return;
    this.#cpuUsed = process.cpuUsage(this.#cpuAtStart ?? undefined);
    this.#stoppedMs = Math.min(nowMs, this.#toMs);
  }

  answer(nowMs: number, code: number, latencyMs: number): void {
    if (nowMs < this.#fromMs || nowMs >= this.#toMs) return;
    this.#codes[code] = (this.#codes[code] as number) + 1;
    this.latencyUs.record(latencyMs * 1000);
    if (code !== OVERLOADED) return this.#decidedUs.record(latencyMs * 1000);
    this.#shedUs.record(latencyMs * 1000);
    this.#lastShedMs = Math.max(this.#lastShedMs, nowMs - this.#fromMs);
  }

  push(number: number): void {
    this.#pushes[number] = (this.#pushes[number] as number) + 1;
  }

  result(): Omit<LoadResult, 'bidsSent' | 'unanswered' | 'bytesIn' | 'bytesOut' | 'nextStep'> {
    const measuredMs = Math.max(1, this.#stoppedMs - this.#fromMs);
    const accepted = this.#codes[0] as number;
    const answers = this.#codes.reduce((sum, count) => sum + count, 0);
    return {
      measuredMs,
      answers,
      accepted,
      refused: counts(this.#codes, 1),
      pushes: counts(this.#pushes, 0),
      answersPerSecond: (answers * 1000) / measuredMs,
      acceptedPerSecond: (accepted * 1000) / measuredMs,
      latencyUs: this.latencyUs.toData(),
      sendLagUs: this.sendLagUs.toData(),
      decidedUs: this.#decidedUs.toData(),
      shedUs: this.#shedUs.toData(),
      lastShedMs: this.#lastShedMs,
      notOffered: this.notOffered,
      cpu: this.#cpu(measuredMs),
    };
  }

  #cpu(measuredMs: number): CpuUse {
    const userMs = (this.#cpuUsed?.user ?? 0) / 1000;
    const systemMs = (this.#cpuUsed?.system ?? 0) / 1000;
    return { userMs, systemMs, share: (userMs + systemMs) / measuredMs };
  }
}

function counts(array: Float64Array, from: number): Record<string, number> {
  const found: Record<string, number> = {};
  array.forEach((count, i) => {
    if (i >= from && count > 0) found[i] = count;
  });
  return found;
}
