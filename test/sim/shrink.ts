/** Makes a failing seed's world as small as it can be while the failure stays. */
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
  for (let again = true; again;) {
    again = false;
    for (const limits of smaller(best.limits, planOf(seed, best.limits))) {
      const outcome = await run(planOf(seed, limits));
      if (outcome.violations.length === 0) continue;
      best = { limits, outcome };
      again = true;
      break;
    }
  }
  return best;
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
