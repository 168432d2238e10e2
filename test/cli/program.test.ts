/** The command line as a whole: help with examples for every command, exit codes, quick help. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asCliError } from '../../src/cli/cli-error.ts';
import { EXIT, EXIT_CODES_HELP } from '../../src/cli/exit-codes.ts';
import { DamagedJournal } from '../../src/journal/journal.ts';
import type { Seq } from '../../src/journal/seq.ts';
import { gavel } from './fake-terminal.ts';

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

test('the help lists every command and every exit code', async () => {
  const { code, out } = await gavel(['--help']);
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
