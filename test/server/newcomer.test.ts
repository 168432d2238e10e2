/** A newcomer's first minute: the lines of curl in the README, run as they stand there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { root, Server, UNLIMITED } from './harness.ts';
import type { Fields } from './wire-client.ts';

const run = promisify(execFile);

test(
  'the lines of the README take two people from sign-up to a won lamp and feedback',
  { timeout: 60_000 },
  async (t) => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const lines = /```sh\n(GAVEL=[^]*?)```/.exec(readme)?.[1];
    assert.ok(lines !== undefined);
    const server = await Server.start({ env: UNLIMITED });
    t.after(() => server.kill());
    // -w: what each request gave stands on a line of its own, which nobody at a terminal needs.
    const script = `curl() { command curl -w '\\n' "$@"; }\n${lines}`;
    const env = { ...process.env, GAVEL: server.url };
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: root, env });
    const answers = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Fields);
    const [sam, ann, uploaded, found, shown, _watch, watched, ...later] = answers;
    const [bid, wins, feedback, profile] = later;
    assert.deepEqual([sam?.['displayName'], ann?.['displayName']], ['sam', 'ann'], stdout);
    assert.deepEqual(shown, uploaded);
    const [image] = (shown as unknown as { images: { small: string }[] }).images;
    const picture = await fetch(`${server.url}${image?.small}`);
    assert.equal(picture.headers.get('content-type'), 'image/webp');
    const titles = (page: Fields | undefined): string[] =>
      (page as unknown as { auctions: { title: string }[] }).auctions.map(({ title }) => title);
    assert.deepEqual(titles(found), ['Brass desk lamp'], stdout);
    assert.deepEqual(titles(watched), ['Brass desk lamp'], stdout);
    assert.equal(bid?.['status'], 'leading');
    assert.deepEqual(titles(wins), ['Brass desk lamp'], stdout);
    assert.deepEqual(feedback, {});
    assert.equal(profile?.['displayName'], 'sam');
    assert.equal((profile?.['feedback'] as Fields | undefined)?.['score'], 1, stdout);
  },
);
