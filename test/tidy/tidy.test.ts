/**
 * Holds src/ to the architecture: one test per rule, each listing every place that breaks it.
 * What the rules allow stands in rooms.ts; that they bite is shown in rules.test.ts.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { circles, roomTable, rooms, unused } from './import-rules.ts';
import type { RefusalTable } from './refusal-rule.ts';
import { refusals } from './refusal-rule.ts';
import { ROOMS } from './rooms.ts';
import type { Tree } from './source.ts';
import { readTrees } from './source.ts';
import { ceilings, forbidden, names, opening, output, purity } from './style-rules.ts';
import type { Violation } from './violation.ts';
import { format } from './violation.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const [sources = []] = readTrees([readTexts('src')]);

test('the table of rooms names only rooms it has, and has no circle', () => {
  none(roomTable(ROOMS));
});

test('imports follow the table of rooms', () => {
  none(rooms(sources));
});

test('neither files nor rooms import each other in a circle', () => {
  none(circles(sources));
});

test('every file is reached from an entry point', () => {
  none(unused(sources));
});

test('files have names that say what they own', () => {
  none(sources.flatMap(names));
});

test('every module opens with a comment that says what it owns', () => {
  none(sources.flatMap(opening));
});

test('files and functions stay below their ceilings', () => {
  none(sources.flatMap(ceilings));
});

test('the pure rooms use no clock, no chance, no timer and no I/O', () => {
  none(sources.flatMap(purity));
});

test('only commands print to the console', () => {
  none(sources.flatMap(output));
});

test('nothing silences the compiler, and no note to self is left', () => {
  none(sources.flatMap(forbidden));
});

test('every refusal stands in the docs and in a test, and the docs name no other', async () => {
  const table = pathToFileURL(join(root, 'src/protocol/refusals.ts')).href;
  const { REFUSALS } = (await import(table)) as { REFUSALS: RefusalTable };
  const page = join(root, 'docs/refusals.md');
  const docs = existsSync(page) ? readFileSync(page, 'utf8') : '';
  const tests = Object.entries(readTexts('test')).filter(([path]) => !path.startsWith('tidy/'));
  none(refusals({ refusals: REFUSALS, docs, tests: tests.map(([, text]) => text) }));
});

test('every dependency has its reason in docs/dependencies.md', () => {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const docs = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
  const missing = dependenciesOf(manifest).filter((name) => !docs.includes(`| \`${name}\` `));
  assert.deepEqual(missing, []);
});

function dependenciesOf(manifest: unknown): string[] {
  const parts = manifest as Record<string, Record<string, string> | undefined>;
  return ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides'].flatMap((part) =>
    Object.keys(parts[part] ?? {}),
  );
}

/** The texts of the TypeScript files below a folder, by their path in it. */
function readTexts(folder: string): Tree {
  const paths = globSync('**/*.ts', { cwd: join(root, folder) }).toSorted();
  return Object.fromEntries(
    paths.map((path) => [
      path.split(sep).join('/'),
      readFileSync(join(root, folder, path), 'utf8'),
    ]),
  );
}

function none(violations: readonly Violation[]): void {
  assert.ok(violations.length === 0, `\n${violations.map(format).join('\n')}\n`);
}
