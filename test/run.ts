/**
 * The test entry behind `npm test`: finds every test file, runs it in a process of its own, and
 * says at the end what passed, what failed and what was skipped.
 *
 *   npm test                      everything
 *   npm test -- journal recover   only files whose path contains one of the words
 *   npm test -- --long            the long forms too: tests read GAVEL_TEST_LONG=1
 *
 * Files under test/server/ start real servers, so they run one at a time, after all the others:
 * two servers on a small machine would make each other's times worthless.
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** A file that hangs is ended after this time; its tests then count as failed. */
const FILE_TIMEOUT_MS = 6 * 60_000;
const LONG_FILE_TIMEOUT_MS = 180 * 60_000;

/** Files at a time. One core's worth per file; more only makes timing tests nervous. */
const FILES_AT_ONCE_MAX = 4;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean', default: false } },
});
if (options.long) process.env['GAVEL_TEST_LONG'] = '1';

interface Outcome {
  passed: number;
  failed: number;
  /** One line each, with the reason. */
  readonly skipped: string[];
  /** Files without a single test. They count as failed: somebody believes that they test. */
  readonly empty: string[];
}

const files = testFiles();
if (files.length === 0) {
  console.error(`no test file matches: ${words.join(' ')}`);
  process.exit(1);
}
const outcome: Outcome = { passed: 0, failed: 0, skipped: [], empty: [] };
const report = Readable.from(events(files, outcome)).compose(new spec());
for await (const text of report) process.stdout.write(text);

if (outcome.empty.length > 0) console.log(`No test in:\n${outcome.empty.join('\n')}\n`);
if (outcome.skipped.length > 0) console.log(`Skipped:\n${outcome.skipped.join('\n')}\n`);
const { passed, failed, skipped } = outcome;
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
// A run in which nothing was tested must not look like a success.
process.exitCode = failed > 0 || passed + skipped.length === 0 ? 1 : 0;

function testFiles(): string[] {
  return globSync('test/**/*.test.ts')
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .toSorted()
    .map((file) => join(root, file));
}

/** The events of both rounds as one stream, counted on their way to the reporter. */
async function* events(all: readonly string[], count: Outcome): AsyncGenerator<TestEvent> {
  const servers = all.filter((file) => pathOf(file).startsWith('test/server/'));
  const others = all.filter((file) => !servers.includes(file));
  yield* round(others, Math.min(availableParallelism(), FILES_AT_ONCE_MAX), count);
  yield* round(servers, 1, count);
}

async function* round(
  some: readonly string[],
  concurrency: number,
  count: Outcome,
): AsyncGenerator<TestEvent> {
  // Without files `run` would look for some itself.
  if (some.length === 0) return;
  const timeout = options.long ? LONG_FILE_TIMEOUT_MS : FILE_TIMEOUT_MS;
  for await (const event of run({ files: [...some], concurrency, timeout })) {
    add(event, count);
    if (!isTally(event)) yield event;
  }
}

function add(event: TestEvent, count: Outcome): void {
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return;
  const { skip, todo, name, details, file = name } = event.data;
  const reason = skip ?? todo;
  const isSuite = details.type === 'suite';
  if (reason !== undefined && reason !== false) {
    const why = typeof reason === 'string' && reason !== '' ? reason : 'no reason given';
    count.skipped.push(`  ${name} (${pathOf(file)}): ${why}`);
  } else if (event.type === 'test:fail') {
    // A suite only groups tests: it counts when it failed by itself, in a hook for example.
    if (!isSuite || !failedByItsTests(event.data.details.error)) count.failed += 1;
  } else if (name === file) {
    // The runner reports a file in which it met no test as one passed test.
    count.failed += 1;
    count.empty.push(`  ${pathOf(file)}`);
  } else if (!isSuite) {
    count.passed += 1;
  }
}

function failedByItsTests(error: unknown): boolean {
  return error instanceof Error && 'failureType' in error && error.failureType === 'subtestsFailed';
}

/** Each round ends with the runner's own sums; ours, over both rounds, stand at the very end. */
function isTally(event: TestEvent): boolean {
  if (event.type === 'test:summary') return true;
  if (event.type !== 'test:diagnostic' || event.data.nesting > 0) return false;
  return /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(
    event.data.message,
  );
}

function pathOf(file: string): string {
  return relative(root, file).split(sep).join('/');
}
