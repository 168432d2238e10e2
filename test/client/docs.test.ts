/** docs/client.md: its example runs against a real server, and its tables leave nothing out. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { nodeIn, temporaryFolder } from './test-node.ts';

const docs = readText('docs/client.md');

function readText(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

function fenced(language: string, starts = ''): string {
  const blocks = docs.matchAll(/^```(\w+)\n([^]*?)^```$/gm);
  const found = [...blocks].find(([, kind, text]) => kind === language && text?.startsWith(starts));
  return found?.[2] ?? '';
}

test('the example does what it says', async (t) => {
  const folder = temporaryFolder(t);
  const node = await nodeIn(folder, 0, { 'server.conflation': '0' });
  t.after(() => node.stop());
  const root = new URL('../../', import.meta.url).href;
  const program = join(folder, 'example.ts');
  writeFileSync(program, fenced('ts', '// example.ts').replaceAll("'./src/", `'${root}src/`));
  const env = {
    ...process.env,
    GAVEL_URL: node.publicUrl,
    SAM: await node.tokenFor('sam', ['seller']),
    ANN: await node.tokenFor('ann', ['bidder']),
    BOB: await node.tokenFor('bob', ['bidder']),
  };
  const { stdout } = await promisify(execFile)(process.execPath, [program], {
    env,
    timeout: 60_000,
  });
  // What a watcher sees and what a bidder is told travel apart: which comes first is open.
  const lines = (text: string, mine: boolean): string[] =>
    text.split('\n').filter((line) => /^(snapshot|bid_update|ended)/.test(line) === mine);
  const promised = fenced('text');
  assert.deepEqual(lines(stdout, true), lines(promised, true));
  assert.deepEqual(lines(stdout, false).toSorted(), lines(promised, false).toSorted());
});

test('every option stands in the table', () => {
  const [, declared = ''] =
    /interface ConnectOptions \{([^]*?)\n\}/.exec(readText('src/client/options.ts')) ?? [];
  const names = Array.from(
    declared.matchAll(/^ {2}readonly (\w+)\??:/gm),
    ([, name]) => name ?? '',
  );
  assert.ok(names.length > 10);
  const [, table = ''] = /\n(\| option[^]*?)\n\n/.exec(docs) ?? [];
  const rows = table.split('\n').map((row) => row.split('|')[1] ?? '');
  for (const name of names) {
    assert.ok(
      rows.some((cell) => cell.includes(`\`${name}\``)),
      `${name} is missing`,
    );
  }
});

test('every error stands in the table, and nothing else', () => {
  const errors = readText('src/client/errors.ts').matchAll(
    /^export class (\w+) extends GavelError/gm,
  );
  const [, table = ''] = /\n(\| error[^]*?)\n\n/.exec(docs) ?? [];
  const rows = Array.from(table.matchAll(/^\| `(\w+)`/gm), ([, name]) => name);
  assert.deepEqual(rows.toSorted(), Array.from(errors, ([, name]) => name).toSorted());
});
