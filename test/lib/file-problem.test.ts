/** Errors of the file system in words: the path, no code, and something to do. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileProblem } from '../../src/lib/file-problem.ts';

function problemOf(run: () => unknown, path?: string): { message: string; next: string } {
  try {
    run();
  } catch (error) {
    return fileProblem(error, path) ?? assert.fail(String(error));
  }
  return assert.fail('it worked');
}

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'gavel-file-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

test('errors as they come from the system', (t) => {
  const home = folder(t);
  const file = join(home, 'file');
  writeFileSync(file, '');
  const missing = join(home, 'none');
  const cases: [() => unknown, RegExp][] = [
    [() => readFileSync(missing), /^there is no file or folder .*none$/],
    [() => readdirSync(file), /file: a part of this path is no folder$/],
    [() => readFileSync(home), /^.*gavel-file-\w+ is a folder, and a file is needed$/],
    [
      () => mkdirSync(join(missing, 'x')),
      /none.x cannot be made: the folder above it is not there/,
    ],
    [() => mkdirSync(file), /file exists already$/],
  ];
  for (const [run, message] of cases) {
    const problem = problemOf(run, home);
    assert.match(problem.message, message);
    assert.doesNotMatch(problem.message, /\bE[A-Z]{3,}\b/);
    assert.match(problem.next, /\.$/);
  }
});

test('errors that a test cannot bring about everywhere', () => {
  const made = (code: string, syscall: string): Error =>
    Object.assign(new Error(`${code}: x`), { code, syscall, path: '/p/q' });
  const cases: [string, string, RegExp][] = [
    ['EACCES', 'open', /no permission to open \/p\/q/],
    ['EACCES', 'mkdir', /no permission to write \/p\/q/],
    ['EPERM', 'scandir', /no permission to read \/p\/q/],
    ['EROFS', 'open', /\/p\/q is on a file system that cannot be written/],
    ['ENOSPC', 'write', /the disk of \/p\/q is full/],
    ['EDQUOT', 'write', /quota/],
    ['ENOTEMPTY', 'rmdir', /not empty/],
    ['EMFILE', 'open', /too many files open/],
    ['ENAMETOOLONG', 'open', /too long/],
    ['ELOOP', 'open', /circle/],
    ['EIO', 'read', /the disk failed/],
  ];
  for (const [code, syscall, message] of cases) {
    assert.match(fileProblem(made(code, syscall))?.message ?? '', message, code);
  }
  assert.equal(fileProblem(made('ECONNREFUSED', 'connect')), null);
  assert.equal(fileProblem(new Error('ENOENT')), null);
  assert.equal(fileProblem('ENOENT'), null);
});
