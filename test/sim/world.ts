/**
 * What all parts of one simulation share: time, chance, the plan, and the trace of what happened,
 * whose hash shows that the same seed went the same way.
 */
import type { Fault, Plan } from './plan.ts';
import { Random } from './random.ts';
import { Schedule } from './schedule.ts';

/** 2026-01-01, when every simulation begins. */
export const START_MS = Date.UTC(2026, 0, 1);
const SECOND_US = 1_000_000;
const TRACE_MAX = 200_000;

export class World {
  readonly plan: Plan;
  readonly random: Random;
  readonly schedule = new Schedule();
  readonly injected = new Map<Fault, number>();
  readonly trace: string[] = [];
  /** How far the machine's wall clock is off. */
  wallAheadMs = 0;
  #healed = false;
  #hash = 0x811c9dc5;

  constructor(plan: Plan) {
    this.plan = plan;
    this.random = new Random(plan.seed ^ 0x5eed);
  }

  get nowUs(): number {
    return this.schedule.nowUs;
  }

  get wallMs(): number {
    return START_MS + this.nowUs / 1000 + this.wallAheadMs;
  }

  get healed(): boolean {
    return this.#healed;
  }

  get traceHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** No fault from here on. */
  heal(): void {
    this.#healed = true;
    this.say('healed');
  }

  say(what: string): void {
    for (let i = 0; i < what.length; i++) {
      this.#hash = Math.imul(this.#hash ^ what.charCodeAt(i), 0x01000193);
    }
    this.#hash = Math.imul(this.#hash ^ this.nowUs, 0x01000193);
    if (this.trace.length < TRACE_MAX) {
      this.trace.push(`${(this.nowUs / 1000).toFixed(3).padStart(10)} ms  ${what}`);
    }
  }

  /** Whether a fault strikes now, by its probability; counts it. */
  strikes(fault: Fault): boolean {
    if (this.#healed || !this.random.chance(this.plan.faults[fault])) return false;
    this.count(fault);
    return true;
  }

  count(fault: Fault): void {
    this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1);
  }

  /** Lets a fault strike again and again, at its rate a second, until the world is healed. */
  repeat(fault: Fault, strike: () => void): void {
    const rate = this.plan.faults[fault];
    if (rate === 0) return;
    const next = (): void => {
      // Exponential gaps, as of things that know nothing of each other.
      const gapUs = (-Math.log(1 - this.random.next()) / rate) * SECOND_US;
      this.schedule.after(gapUs, () => {
        if (this.#healed) return;
        this.count(fault);
        strike();
        next();
      });
    };
    next();
  }

  /** Around the plan's latency, now and then ten times that. */
  latencyUs(): number {
    const usual = this.plan.latencyUs * (0.5 + this.random.next());
    return this.random.chance(0.02) ? usual * 10 : usual;
  }
}
