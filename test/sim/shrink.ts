/**
 * Makes a failing seed's world as small as it can be while the failure stays. It has to be the same
 * one: a world can also be so small that nothing can come right in it.
 */
import type { Limits, Plan } from './plan.ts';
import { FAULTS, planOf } from './plan.ts';
import type { Outcome } from './simulation.ts';

export interface Shrunk {
  readonly limits: Limits;
  readonly outcome: Outcome;
}

export async function shrink(
  seed: number,
  first: Shrunk,
  run: (plan: Plan) => Promise<Outcome>,
): Promise<Shrunk> {
  let best = first;
  const wanted = shapeOf(first.outcome.violations[0]);
  for (let again = true; again;) {
    again = false;
    for (const limits of smaller(best.limits, planOf(seed, best.limits))) {
      const outcome = await run(planOf(seed, limits));
      if (!outcome.violations.some((violation) => shapeOf(violation) === wanted)) continue;
      best = { limits, outcome };
      again = true;
      break;
    }
  }
  return best;
}

/** What a violation says, without its numbers. */
function shapeOf(violation: string | undefined): string {
  return (violation ?? '').split('\n', 1).join('').replaceAll(/\d+/g, '#');
}

/** Each a step smaller, the largest steps first. */
function* smaller(limits: Limits, plan: Plan): Iterable<Limits> {
  const without = limits.without ?? [];
  for (const fault of FAULTS) {
    if (plan.faults[fault] > 0) yield { ...limits, without: [...without, fault] };
  }
  const { commands, clients, auctions, faultyUs } = plan;
  for (const part of [4, 2, 1.25]) {
    const less = (count: number): number => Math.max(1, Math.floor(count / part));
    if (less(commands) < commands) yield { ...limits, commands: less(commands) };
    if (less(auctions) < auctions) yield { ...limits, auctions: less(auctions) };
    if (less(clients) < clients) yield { ...limits, clients: less(clients) };
    if (faultyUs > 100_000) yield { ...limits, faultyUs: Math.round(faultyUs / part) };
  }
}
