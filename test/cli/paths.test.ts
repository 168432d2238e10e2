/** Paths that are wrong, for every command that takes one: a sentence with the path, and a way on. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gavel } from './fake-terminal.ts';

test('a wrong path is told in a sentence, with its name and what to do', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'gavel-paths-'));
  t.after(() => rmSync(home, { recursive: true }));
  writeFileSync(join(home, 'file'), 'x');
  const cases: [string[], number][] = [
    [['replay', 'none.csv'], 74],
    [['replay', '.'], 74],
    [['replay', 'file/x'], 74],
    [['config', 'check', '--config', 'none.yaml'], 78],
    [['config', 'check', '--config', '.'], 78],
    [['verify', '--data', 'none'], 78],
    [['verify', '--data', 'file'], 78],
    [['inspect', '--data', 'file/x'], 78],
    [['snapshot', 'copy', '--data', 'none'], 78],
    [['restore', 'none'], 74],
    [['token', '--sub', 'ann', '--data', 'none'], 78],
    [['auction', 'show', 'a'.repeat(22), '--data', 'none'], 2],
    [['serve', '--data', join(home, 'file')], 74],
    [['serve', '--data', join(home, 'file', 'x')], 74],
    [['bench', 'restart', '--folder', 'none'], 74],
  ];
  for (const [args, exitCode] of cases) {
    const { code, err } = await gavel(args, { folder: home });
    const told = `${args.join(' ')}\n${err}`;
    assert.equal(code, exitCode, told);
    assert.doesNotMatch(err, /\bE[A-Z]{4,}\b|no such file or directory/, told);
    assert.ok(err.includes(home), told);
    assert.ok(err.trim().includes('\n') || err.includes(';'), `says what to do: ${told}`);
  }
});

test('a folder that is no copy is not told to be verified', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'gavel-paths-'));
  t.after(() => rmSync(home, { recursive: true }));
  const { err } = await gavel(['restore', '.', '--data', 'new'], { folder: home });
  assert.match(err, /no whole snapshot[\s\S]*made with: gavel snapshot DIR/);
});
