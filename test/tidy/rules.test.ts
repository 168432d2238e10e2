/**
 * Shows that every rule of the tidy test bites, on small samples in memory: each bad sample breaks
 * exactly one rule, and look-alikes that break none stay unreported.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { circles, findCircles, roomTable, rooms, unused } from './import-rules.ts';
import { refusals } from './refusal-rule.ts';
import { ENTRY_POINTS, FILE_LINES_MAX, FUNCTION_LINES_MAX, ROOMS } from './rooms.ts';
import type { Source, Tree } from './source.ts';
import { readTrees } from './source.ts';
import { ceilings, forbidden, names, opening, output, purity } from './style-rules.ts';
import type { Violation } from './violation.ts';
import { format } from './violation.ts';

interface Sample {
  readonly what: string;
  readonly files: Tree;
  /** What is expected, as the start of `file:line [rule] message`; nothing for a good sample. */
  readonly finds?: readonly string[];
}

const OWNS = '/** Owns a sample. */\n';
const lines = (count: number): string => '  x += 1;\n'.repeat(count);

const ROOM_SAMPLES: readonly Sample[] = [
  {
    what: 'a pure room importing an outer one',
    files: { 'auction/decide.ts': `${OWNS}import { hub } from '../gateway/hub.ts';\nhub();` },
    finds: ['src/auction/decide.ts:2 [rooms] auction may not import gateway/hub.ts'],
  },
  {
    what: 'type imports, type re-exports and import() types are knowledge too',
    files: {
      'lib/a.ts': `${OWNS}import type { A } from '../auction/a.ts';\nexport const a = (x: A) => x;`,
      'lib/b.ts': `${OWNS}export type { A } from '../auction/a.ts';\nexport const b = 1;`,
      'lib/c.ts': `${OWNS}export type C = import('../auction/a.ts').A;`,
    },
    finds: ['src/lib/a.ts:2 [rooms]', 'src/lib/b.ts:2 [rooms]', 'src/lib/c.ts:2 [rooms]'],
  },
  {
    what: 'values where only types may be known, also behind inline type and re-export',
    files: {
      'protocol/a.ts': `${OWNS}import { a } from '../auction/a.ts';\na();`,
      'journal/b.ts': `${OWNS}import { type B } from '../auction/b.ts';\nexport const b = (x: B) => x;`,
      'journal/c.ts': `${OWNS}export { c } from '../auction/c.ts';\nexport const d = 1;`,
    },
    finds: [
      'src/protocol/a.ts:2 [rooms] protocol may know only types of auction',
      'src/journal/b.ts:2 [rooms] journal may know only types of auction',
      'src/journal/c.ts:2 [rooms] journal may know only types of auction',
    ],
  },
  {
    what: 'import() and worker addresses count',
    files: {
      'node/a.ts': `${OWNS}await import('../cli/main.ts');`,
      'shard/b.ts': `${OWNS}export const b = new URL('../node/b-worker.ts', import.meta.url);`,
    },
    finds: ['src/node/a.ts:2 [rooms]', 'src/shard/b.ts:2 [rooms] shard may not import node/'],
  },
  {
    what: 'settings in a room that may know the limits only',
    files: {
      'shard/a.ts': `${OWNS}import { settings } from '../config/settings.ts';\nsettings();`,
      'shard/b.ts': `${OWNS}import { BATCH } from '../config/limits.ts';\nexport const b = BATCH;`,
      'routing/c.ts': `${OWNS}import { RING } from '../config/limits.ts';\nexport const c = RING;`,
    },
    finds: ['src/shard/a.ts:2 [rooms]', 'src/routing/c.ts:2 [rooms]'],
  },
  {
    what: 'packages outside of their room',
    files: {
      'node/a.ts': `${OWNS}import { App } from 'uWebSockets.js';\nApp();`,
      'gateway/b.ts': `${OWNS}import { App } from 'uWebSockets.js';\nApp();`,
      'cli/c.ts': `${OWNS}import Database from 'better-sqlite3';\nnew Database('x');`,
      'cli/d.ts': `${OWNS}import type { Database } from 'better-sqlite3';\nexport type D = Database;`,
    },
    finds: [
      'src/node/a.ts:2 [rooms] only gateway may import uWebSockets.js',
      'src/cli/c.ts:2 [rooms] only journal may import better-sqlite3',
      'src/cli/d.ts:2 [rooms] only journal may import better-sqlite3',
    ],
  },
  {
    what: 'files in no room, in an unknown room, and imports from outside of src',
    files: {
      'main.ts': OWNS,
      'billing/a.ts': OWNS,
      'node/a.ts': `${OWNS}import { fake } from '../../test/fake.ts';\nfake();`,
    },
    finds: [
      'src/main.ts:1 [rooms] this file lies in no room',
      'src/billing/a.ts:1 [rooms] unknown room billing',
      'src/node/a.ts:2 [rooms] src/ may not import ../../test/fake.ts',
    ],
  },
  {
    what: 'imports that the table allows, and imports that are only text',
    files: {
      'journal/a.ts': `${OWNS}import type { Event } from '../auction/events.ts';\nexport type A = Event;`,
      'cli/b.ts': `${OWNS}import { ring } from '../routing/ring.ts';\nring();`,
      'auction/c.ts': `${OWNS}// import '../gateway/hub.ts';\nexport const c = "import '../gateway/hub.ts'";`,
      'node/d.ts': `${OWNS}import { hub } from '../gateway/hub.ts';\nhub(new URL('../../package.json', import.meta.url));`,
    },
  },
];

test('rule rooms: bites on samples', () => bites(ROOM_SAMPLES, rooms));

test('rule circles: bites on files and on rooms', () => {
  bites(
    [
      {
        what: 'three files in a circle, one of them through import()',
        files: {
          'lib/a.ts': `${OWNS}import { b } from './b.ts';\nb();`,
          'lib/b.ts': `${OWNS}export { c as b } from './c.ts';\nexport const x = 1;`,
          'lib/c.ts': `${OWNS}export const c = () => import('./a.ts');`,
        },
        finds: [
          'src/lib/a.ts:1 [circles] files import each other in a circle: lib/a.ts → lib/b.ts',
        ],
      },
      {
        what: 'rooms that know each other, if only by types of different files',
        files: {
          'gateway/a.ts': `${OWNS}import type { S } from '../shard/a.ts';\nexport type G = S;`,
          'gateway/b.ts': OWNS,
          'shard/a.ts': OWNS,
          'shard/b.ts': `${OWNS}import type { B } from '../gateway/b.ts';\nexport type S = B;`,
        },
        finds: ['src/gateway:1 [circles] rooms know each other in a circle: gateway → shard'],
      },
      {
        what: 'types in a circle inside a room, and a worker address, load nothing',
        files: {
          'node/a.ts': `${OWNS}import type { B } from './b-worker.ts';\nexport type A = B;`,
          'node/b-worker.ts': `${OWNS}import { a } from './a.ts';\na();`,
          'node/c.ts': `${OWNS}export const c = new URL('./d-worker.ts', import.meta.url);`,
          'node/d-worker.ts': `${OWNS}import { c } from './c.ts';\nc();`,
        },
      },
    ],
    circles,
  );
});

test('rule circles: finds each circle of a graph, none in a diamond', () => {
  const diamond = { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] };
  assert.deepEqual(findCircles(new Map(Object.entries(diamond))), []);
  const two = { a: ['b'], b: ['a', 'c'], c: ['c'] };
  assert.deepEqual(findCircles(new Map(Object.entries(two))), [
    ['a', 'b', 'a'],
    ['c', 'c'],
  ]);
});

test('rule circles: the table of rooms is checked as well', () => {
  const found = roomTable({ a: { b: 'all' }, b: { a: 'types', c: 'all' } });
  assert.deepEqual(
    found.map(({ message }) => message.split('.')[0]),
    ['the table names the room c but has no entry for it', 'the table has a circle: a → b → a'],
  );
  assert.deepEqual(roomTable(ROOMS), []);
});

test('rule unused: bites on a file that only unused files reach', () => {
  bites(
    [
      {
        what: 'an island of two',
        files: {
          'cli/main.ts': `${OWNS}await import('./serve.ts');`,
          'cli/serve.ts': `${OWNS}import type { A } from '../lib/a.ts';\nexport type S = A;`,
          'lib/a.ts': OWNS,
          'lib/b.ts': `${OWNS}import { c } from './c.ts';\nc();`,
          'lib/c.ts': OWNS,
          'node/shard-worker.ts': `${OWNS}import { d } from '../lib/d.ts';\nd();`,
          'lib/d.ts': OWNS,
        },
        finds: ['src/lib/b.ts:1 [unused]', 'src/lib/c.ts:1 [unused]'],
      },
    ],
    unused,
  );
  assert.ok(ENTRY_POINTS.every((entry) => !entry.test('lib/main.ts')));
});

test('rule names: bites on samples', () => {
  bites(
    [
      {
        what: 'other cases, drawers and barrels',
        files: {
          'lib/byteRing.ts': `${OWNS}export const a = 1;`,
          'lib/string-utils.ts': `${OWNS}export const a = 1;`,
          'lib/helpers/a.ts': `${OWNS}export const a = 1;`,
          'lib/connection-manager.ts': `${OWNS}export const a = 1;`,
          'lib/index.ts': `${OWNS}export const a = 1;`,
          'lib/all.ts': `${OWNS}export { a } from './a.ts';\nexport * from './b.ts';`,
          'lib/byte-ring.ts': `${OWNS}export { a } from './a.ts';\nexport const index = 1;`,
        },
        finds: [
          'src/lib/byteRing.ts:1 [names] "byteRing" is not kebab-case',
          'src/lib/string-utils.ts:1 [names] "utils"',
          'src/lib/helpers/a.ts:1 [names] "helpers"',
          'src/lib/connection-manager.ts:1 [names] "manager"',
          'src/lib/index.ts:1 [names] no barrels',
          'src/lib/all.ts:1 [names] no barrels',
        ],
      },
    ],
    each(names),
  );
});

test('rule opening: bites on a missing comment and on a plain block', () => {
  bites(
    [
      {
        what: 'four ways to begin',
        files: {
          'lib/a.ts': 'export const a = 1;\n',
          'lib/b.ts': '/* just a block */\nexport const b = 1;\n',
          'lib/c.ts': '// Owns c.\nexport const c = 1;\n',
          'lib/d.ts': OWNS,
        },
        finds: ['src/lib/a.ts:1 [opening]', 'src/lib/b.ts:1 [opening]'],
      },
    ],
    each(opening),
  );
});

test('rule ceilings: bites from one line above, whatever stands in the text', () => {
  const most = FUNCTION_LINES_MAX - 2;
  const trap = `  const t = \`}\${x ? \`{{\` : /[/}]{2}/}\`; // }}}\n`;
  bites(
    [
      {
        what: 'files at and above the ceiling',
        files: {
          'lib/a.ts': OWNS + '// line\n'.repeat(FILE_LINES_MAX - 1),
          'lib/b.ts': OWNS + '// line\n'.repeat(FILE_LINES_MAX),
          'config/limits.ts': OWNS + '// line\n'.repeat(FILE_LINES_MAX),
        },
        finds: [`src/lib/b.ts:${FILE_LINES_MAX + 1} [ceilings] the file has ${FILE_LINES_MAX + 1}`],
      },
      {
        what: 'functions of every form above the ceiling',
        files: {
          'lib/a.ts': `${OWNS}export function a(x: number) {\n${lines(most + 1)}}`,
          'lib/b.ts': `${OWNS}export const b = (x: number): { y: number } => {\n${trap}${lines(most)}};`,
          'lib/c.ts': `${OWNS}export class C {\n  #m(x: number) {\n${lines(most + 1)}}\n}`,
          'lib/d.ts': `${OWNS}export class D {\n  constructor(x: number) {\n${lines(most + 1)}}\n}`,
          'lib/e.ts': `${OWNS}setImmediate(function () {\n${lines(most + 1)}});`,
        },
        finds: [
          'src/lib/a.ts:2 [ceilings] a has 71 lines',
          'src/lib/b.ts:2 [ceilings] b has 71 lines',
          'src/lib/c.ts:3 [ceilings] #m has 71 lines',
          'src/lib/d.ts:3 [ceilings] the constructor has 71 lines',
          'src/lib/e.ts:2 [ceilings] this function has 71 lines',
        ],
      },
      {
        what: 'functions at the ceiling, their comments not counted, and a long class',
        files: {
          'lib/a.ts': `${OWNS}/**\n * Long.\n */\nexport function a(x: number) {\n${trap}${lines(most - 1)}}`,
          'lib/b.ts': `${OWNS}export class B {\n${'  x = 1;\n'.repeat(100)}}`,
        },
      },
    ],
    each(ceilings),
  );
});

test('rule purity: bites on clocks, chance, timers, the process and I/O', () => {
  const impure = [
    'Date.now()',
    'new Date()',
    'Math.random()',
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'performance.now()',
    'process.exit()',
    'console.log(1)',
    'globalThis.Date.now()',
    '{ process }',
  ];
  bites(
    [
      ...['auction', 'protocol', 'shard', 'routing', 'journal'].map((room) => ({
        what: `everything impure in ${room}`,
        files: Object.fromEntries(
          impure.map((code, index) => [`${room}/a${index}.ts`, `${OWNS}const x = ${code};`]),
        ),
        finds: impure.map((_, index) => `src/${room}/a${index}.ts:2 [purity] ${room} is pure`),
      })),
      {
        what: 'imports of the outside world',
        files: {
          'shard/a.ts': `${OWNS}import { readFileSync } from 'node:fs';`,
          'shard/b.ts': `${OWNS}import { connect } from 'node:net';`,
          'shard/c.ts': `${OWNS}import { Worker } from 'node:worker_threads';`,
          'shard/d.ts': `${OWNS}import { pino } from 'pino';`,
          'shard/e.ts': `${OWNS}import { randomUUID as id } from 'node:crypto';`,
          'shard/f.ts': `${OWNS}import * as crypto from 'node:crypto';\ncrypto.randomBytes(1);`,
          'journal/chain.ts': `${OWNS}import { openSync } from 'node:fs';`,
        },
        finds: [
          'src/shard/a.ts:2 [purity] shard is pure and may not import node:fs',
          'src/shard/b.ts:2 [purity] shard is pure and may not import node:net',
          'src/shard/c.ts:2 [purity] shard is pure and may not import node:worker_threads',
          'src/shard/d.ts:2 [purity] shard is pure and may not import pino',
          'src/shard/e.ts:2 [purity] shard is pure and may not use randomUUID',
          'src/shard/f.ts:3 [purity] shard is pure and may not use randomBytes',
          'src/journal/chain.ts:2 [purity] journal is pure and may not import node:fs',
        ],
      },
      {
        what: 'look-alikes, SQLite files of the journal, and rooms that are not pure',
        files: {
          'auction/a.ts': `${OWNS}// Date.now() is not used\nexport const a = { process: 1, text: 'new Date()' };`,
          'auction/b.ts': `${OWNS}export class B {\n  #process = 1;\n  console() { return this.#process; }\n}`,
          'auction/c.ts': `${OWNS}import { createHash } from 'node:crypto';\ncreateHash('sha256');`,
          'journal/sqlite-journal.ts': `${OWNS}import { statSync } from 'node:fs';\nstatSync('x');`,
          'lib/clock.ts': `${OWNS}export const now = () => Date.now();`,
        },
      },
    ],
    each(purity),
  );
});

test('rule output: bites outside of cli', () => {
  bites(
    [
      {
        what: 'a print in the node and one in a command',
        files: {
          'node/a.ts': `${OWNS}console.error('x');`,
          'cli/b.ts': `${OWNS}console.log('x');`,
        },
        finds: ['src/node/a.ts:2 [output]'],
      },
    ],
    each(output),
  );
});

test('rule forbidden: bites on any, silenced errors and notes to self', () => {
  bites(
    [
      {
        what: 'one of each, and look-alikes',
        files: {
          'lib/a.ts': `${OWNS}export const a = (x: any) => x;`,
          'lib/b.ts': `${OWNS}export const b = [] as Array<any>;`,
          'lib/c.ts': `${OWNS}// @${'ts-ignore'}\nexport const c = 1;`,
          'lib/d.ts': `${OWNS}// @${'ts-expect-error'} because\nexport const d = 1;`,
          'lib/e.ts': `${OWNS}// ${'TO'}${'DO'}: later\nexport const e = 1;`,
          'lib/f.ts': `${OWNS}/* ${'FIX'}${'ME'} */\nexport const f = 1;`,
          'lib/g.ts': `${OWNS}// any bid, in any order\nexport const any = 'any: TODOS';`,
        },
        finds: [
          'src/lib/a.ts:2 [forbidden] any',
          'src/lib/b.ts:2 [forbidden] any',
          'src/lib/c.ts:2 [forbidden] @ts-ignore',
          'src/lib/d.ts:2 [forbidden] @ts-expect-error',
          'src/lib/e.ts:2 [forbidden] TODO',
          'src/lib/f.ts:2 [forbidden] FIXME',
        ],
      },
    ],
    each(forbidden),
  );
});

test('rule refusals: bites on each way in which table, docs and tests can disagree', () => {
  const table = { TOO_LOW: { code: 3001 }, ENDED: { code: 3002 } };
  const docs = '# Refusals\n## 3001 TOO_LOW\nText.\n## `3002` · `ENDED`\n';
  const tests = ["assert.equal(answer.refusal, 'TOO_LOW');", 'REFUSALS.ENDED'];
  const find = (change: Partial<Parameters<typeof refusals>[0]>): string[] =>
    refusals({ refusals: table, docs, tests, ...change }).map(format);

  assert.deepEqual(find({}), []);
  starts(find({ tests: [tests[0] ?? '', 'NOT_ENDED and ENDED_EARLY'] }), [
    'src/protocol/refusals.ts:1 [refusals] no test names ENDED',
  ]);
  starts(find({ docs: docs.replace('3002', '3003') }), [
    'docs/refusals.md:1 [refusals] ENDED is missing',
    'docs/refusals.md:4 [refusals] the table has no ENDED with the number 3003',
  ]);
  starts(find({ docs: `${docs}## 3003 TOO_LATE\n` }), [
    'docs/refusals.md:5 [refusals] the table has no TOO_LATE with the number 3003',
  ]);
  starts(find({ refusals: { ...table, ENDED: { code: 3001 } }, docs: '3001 TOO_LOW ENDED' }), [
    'src/protocol/refusals.ts:1 [refusals] ENDED and TOO_LOW share the number 3001',
  ]);
  starts(find({ refusals: { ENDED: table.ENDED, TOO_LOW: table.TOO_LOW } }), [
    'src/protocol/refusals.ts:1 [refusals] TOO_LOW (3001) stands out of order',
  ]);
});

function each(rule: (source: Source) => Violation[]): (sources: readonly Source[]) => Violation[] {
  return (sources) => sources.flatMap(rule);
}

/** Checks that a rule finds in each sample what the sample says, in its order, and nothing else. */
function bites(
  samples: readonly Sample[],
  rule: (sources: readonly Source[]) => Violation[],
): void {
  const trees = readTrees(samples.map(({ files }) => files));
  for (const [index, { what, finds = [] }] of samples.entries()) {
    starts(rule(trees[index] ?? []).map(format), finds, what);
  }
}

function starts(found: readonly string[], expected: readonly string[], what = ''): void {
  const fits =
    found.length === expected.length &&
    found.every((line, index) => line.startsWith(expected[index] ?? ''));
  assert.ok(fits, `${what}\nexpected:\n${expected.join('\n')}\nfound:\n${found.join('\n')}\n`);
}
