/**
 * The load generator as a program of its own, so that its work is not the server's: one line of
 * JSON in (a LoadPlan), one line of JSON out (a LoadResult). It talks to 127.0.0.1 only.
 */
import { text } from 'node:stream/consumers';
import { generate } from './generate.ts';
import type { LoadPlan } from './plan.ts';

const plan = JSON.parse(await text(process.stdin)) as LoadPlan;
try {
  const result = await generate(plan);
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
