/** Watchers as a program of their own: a WatchPlan in, a WatchResult out, a line of JSON each. */
import { text } from 'node:stream/consumers';
import type { WatchPlan } from './plan.ts';
import { Watchers } from './watchers.ts';

const plan = JSON.parse(await text(process.stdin)) as WatchPlan;
try {
  const result = await new Watchers(plan).run();
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
