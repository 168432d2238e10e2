/** Recorded listings into a running server: stopped in the middle, started again, nothing twice. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { gavel, root, Server, temporaryFolder, UNLIMITED, until } from './harness.ts';
import { rest } from './wire-client.ts';

const COUNT = 300;

function lineOf(i: number): string {
  return JSON.stringify({
    id: `lot-${i}`,
    title: `Vase ${i}`,
    categories: ['Art', i % 2 === 0 ? 'Glass' : 'Clay'],
    startPrice: `${1 + i}.00`,
    buyNowPrice: null,
    started: 'Dec-03-01 18:10:40',
    ends: `Dec-${String(4 + (i % 20)).padStart(2, '0')}-01 18:10:40`,
    seller: `seller${i % 7}`,
    description: 'Old.',
    location: 'here',
    country: 'USA',
  });
}

test('an import that is stopped goes on where it was, and lists nothing twice', async (t) => {
  const data = temporaryFolder();
  const server = await Server.start({ data, env: UNLIMITED });
  t.after(() => server.kill());
  const ann = await server.token('ann');
  const file = join(dirname(data), 'listings.jsonl');
  const lines = Array.from({ length: COUNT }, (_, i) => lineOf(i));
  writeFileSync(file, [...lines, '{"id": "broken"}', lineOf(5)].join('\n'));
  const args = ['import', file, '--url', server.url, '--data', data];

  const listed = async (): Promise<number> => {
    const { status, body } = await rest(server.url, ann, 'GET', '/v1/categories');
    if (status !== 200) return 0;
    const { categories } = body as unknown as { categories: { path: string; live: number }[] };
    return categories.find(({ path }) => path === 'Art')?.live ?? 0;
  };
  const child = spawn(process.execPath, [join(root, 'bin/gavel'), ...args, '--at', '1']);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await until('some are listed', async () => ((await listed()) > 10 ? true : undefined));
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 130, errors);
  assert.match(errors, /stopped after \d+ of 300 listings/);

  const { code: second, out, err } = await gavel(...args, '--json');
  assert.equal(second, 0, err);
  assert.match(err, /line 301: startPrice must be a text/);
  assert.match(err, /line 302: id lot-5 is that of line 6/);
  const report = JSON.parse(out) as Record<string, unknown>;
  assert.equal((report['listed'] as number) + (report['known'] as number), COUNT);
  assert.ok((report['known'] as number) > 10);
  assert.deepEqual([report['malformed'], report['refused']], [2, []]);
  await until('all are found', async () => ((await listed()) === COUNT ? true : undefined));

  const strict = await gavel(...args, '--strict');
  assert.equal(strict.code, 2);
  assert.match(strict.err, /nothing was listed/);
  assert.equal(await server.stop(), 0);
});
