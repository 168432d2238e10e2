/** The command line as a whole: help with examples for every command, exit codes, quick help. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { asCliError } from '../../src/cli/cli-error.ts';
import { EXIT, EXIT_CODES_HELP } from '../../src/cli/exit-codes.ts';
import { DamagedJournal } from '../../src/journal/journal.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { runCli } from '../../src/cli/program.ts';
import { FakeTerminal, gavel } from './fake-terminal.ts';

const COMMANDS: readonly string[][] = [
  ['serve'],
  ['token'],
  ['auction'],
  ['auction', 'create'],
  ['auction', 'show'],
  ['auction', 'watch'],
  ['auction', 'bid'],
  ['auction', 'buy-now'],
  ['auction', 'retract'],
  ['auction', 'cancel'],
  ['replay'],
  ['snapshot'],
  ['restore'],
  ['verify'],
  ['report'],
  ['inspect'],
  ['bench'],
  ['sim'],
  ['config'],
  ['config', 'print'],
  ['config', 'check'],
  ['config', 'doc'],
];

for (const command of COMMANDS) {
  test(`gavel ${command.join(' ')} --help has examples that name the command`, async () => {
    const { code, out } = await gavel([...command, '--help']);
    assert.equal(code, 0);
    const examples = out.slice(out.indexOf('Examples:'));
    assert.match(examples, new RegExp(`^  \\$ .*gavel ${command.join(' ')}\\b`, 'm'));
  });
}

test('the exit codes in the help of a command are of the one table', async () => {
  const known = new Set<number>(Object.values(EXIT));
  for (const command of COMMANDS.filter(([name, below]) => name !== 'config' || below)) {
    const { out } = await gavel([...command, '--help']);
    const at = out.indexOf('Exit codes');
    if (at < 0) {
      assert.deepEqual(command, ['auction'], 'only a group has none');
      continue;
    }
    const codes = Array.from(out.slice(at).matchAll(/^  (\d+) /gm), ([, code]) => Number(code));
    assert.ok(codes.includes(EXIT.ok) && codes.includes(EXIT.usage), command.join(' '));
    assert.deepEqual(
      codes.filter((code) => !known.has(code)),
      [],
    );
    assert.deepEqual(
      codes,
      codes.toSorted((a, b) => a - b),
    );
  }
});

test('docs/operations.md has the same table of exit codes as the help', () => {
  const docs = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const section = docs.slice(docs.indexOf('## Exit codes'));
  const rows = Array.from(section.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm), (row) => row.slice(1, 3));
  const inHelp = Array.from(EXIT_CODES_HELP.matchAll(/^  (\d+) +(.*)$/gm), (row) =>
    row.slice(1, 3),
  );
  assert.deepEqual(rows, inHelp);
});

test('a narrow terminal gets paragraphs that are wrapped once', async () => {
  const terminal = new FakeTerminal({ columns: 50 });
  for (const command of COMMANDS) {
    assert.equal(await runCli([...command, '--help'], terminal), 0);
  }
  await runCli(['--help'], terminal);
  // A line that was broken in the sources and then once more leaves a few words alone.
  const paragraphs = terminal.stdout.split('\n\n').filter((text) => !/^ |^[A-Z]\w+:/m.test(text));
  for (const lines of paragraphs.map((text) => text.trim().split('\n'))) {
    for (const [i, line] of lines.entries()) {
      assert.ok(line.length <= 50 || !line.trim().includes(' '), line);
      const next = lines[i + 1]?.split(' ')[0];
      if (next !== undefined) assert.ok(line.length + 1 + next.length > 50, `${line}\n${next}`);
    }
  }
  assert.ok(paragraphs.length > 10);
});

test('the help lists every command and every exit code', async () => {
  const { code, out } = await gavel(['--help'], { columns: 100 });
  assert.equal(code, 0);
  for (const [name] of COMMANDS) assert.match(out, new RegExp(`^  ${name} `, 'm'));
  assert.ok(out.includes(EXIT_CODES_HELP));
  for (const exit of Object.values(EXIT))
    assert.match(EXIT_CODES_HELP, new RegExp(`^  ${exit} `, 'm'));
});

test('gavel help COMMAND is the help of the command', async () => {
  const { code, out } = await gavel(['help', 'replay']);
  assert.equal(code, 0);
  assert.match(out, /--infer-reserve/);
});

test('no command, an unknown command and an unknown option are usage errors', async () => {
  assert.equal((await gavel([])).code, 2);
  const unknown = await gavel(['reply', 'x.csv']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /unknown command 'reply'[\s\S]*Did you mean replay\?/);
  const option = await gavel(['replay', 'x.csv', '--jsno']);
  assert.equal(option.code, 2);
  assert.match(option.err, /unknown option '--jsno'[\s\S]*See: gavel replay --help/);
  assert.equal((await gavel(['replay'])).code, 2);
});

test('--version prints the version alone', async () => {
  const { code, out } = await gavel(['--version']);
  assert.equal(code, 0);
  assert.match(out, /^\d+\.\d+\.\d+\n$/);
});

test('a stack is shown with --verbose only', async () => {
  const plain = await gavel(['replay', '/none/such.csv']);
  assert.equal(plain.code, 74);
  assert.doesNotMatch(plain.err, /\n    at /);
  const verbose = await gavel(['replay', '/none/such.csv', '--verbose']);
  assert.match(verbose.err, /\n    at /);
});

test('errors from below get their exit codes', () => {
  const damaged = asCliError(new DamagedJournal('record 7 does not fit', 7 as Seq));
  assert.equal(damaged.exitCode, 74);
  assert.match(damaged.next, /gavel verify/);
  assert.equal(asCliError(Object.assign(new Error('full'), { code: 'ENOSPC' })).exitCode, 74);
  assert.equal(asCliError(Object.assign(new Error('busy'), { code: 'SQLITE_BUSY' })).exitCode, 74);
  assert.equal(asCliError(new TypeError('x is undefined')).exitCode, 70);
  assert.equal(asCliError('odd').exitCode, 70);
});
