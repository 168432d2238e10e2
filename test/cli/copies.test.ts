/** `gavel snapshot`, `restore` and `token`: round trip, refusals, exit codes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { lockDataFolder } from '../../src/journal/data-folder.ts';
import { filledFolder } from './filled-folder.ts';
import { gavel } from './fake-terminal.ts';

test('a copy can be verified and restored, with a higher epoch', async (t) => {
  const { home, data } = filledFolder(t);
  const taken = await gavel(['snapshot', 'copy'], { folder: home });
  assert.equal(taken.code, 0, taken.err);
  assert.match(taken.out, /Copied \d+ records/);
  const copy = join(home, 'copy');
  assert.equal((await gavel(['verify', '--data', copy], { folder: home })).code, 0);
  rmSync(data, { recursive: true });
  const restored = await gavel(['restore', copy, '--json'], { folder: home });
  assert.equal(restored.code, 0, restored.err);
  const { epoch, setAside } = JSON.parse(restored.out) as { epoch: number; setAside: null };
  assert.equal(epoch, 2);
  assert.equal(setAside, null);
  assert.equal((await gavel(['verify'], { folder: home })).code, 0);
});

test('a data folder that is there is only replaced with --force, and kept', async (t) => {
  const { home } = filledFolder(t);
  await gavel(['snapshot', 'copy'], { folder: home });
  const refused = await gavel(['restore', 'copy'], { folder: home });
  assert.equal(refused.code, 78);
  assert.match(refused.err, /--force/);
  const forced = await gavel(['restore', 'copy', '--force'], { folder: home });
  assert.equal(forced.code, 0, forced.err);
  assert.match(forced.out, /The former data folder is now/);
  assert.ok(readdirSync(home).some((name) => name.startsWith('data.before-restore-')));
});

test('a copy does not go into a folder that has something in it', async (t) => {
  const { home } = filledFolder(t);
  const ran = await gavel(['snapshot', '.'], { folder: home });
  assert.equal(ran.code, 78);
  assert.match(ran.err, /not empty/);
});

test('a damaged copy is not restored', async (t) => {
  const { home, data } = filledFolder(t);
  await gavel(['snapshot', 'copy'], { folder: home });
  writeFileSync(join(home, 'copy', 'shard-0', 'head'), 'x');
  rmSync(data, { recursive: true });
  const ran = await gavel(['restore', 'copy'], { folder: home });
  assert.equal(ran.code, 74);
  assert.match(ran.err, /manifest/);
  assert.equal(existsSync(data), false);
});

test('a data folder in use is not replaced: try again', async (t) => {
  const { home, data } = filledFolder(t);
  await gavel(['snapshot', 'copy'], { folder: home });
  const letGo = lockDataFolder(data);
  t.after(letGo);
  const ran = await gavel(['restore', 'copy', '--force'], { folder: home });
  assert.equal(ran.code, 75, ran.err);
  assert.match(ran.err, /in use by another gavel/);
});

test('a token is made offline, with what was asked for and nothing else', async (t) => {
  const { home } = filledFolder(t);
  const args = ['token', '--sub', 'alice', '--role', 'seller', 'bidder', '--ttl', '5m'];
  const { code, out, err } = await gavel(args, { folder: home });
  assert.equal(code, 0, err);
  const token = out.trim();
  assert.equal(decodeProtectedHeader(token).alg, 'EdDSA');
  const claims = decodeJwt(token);
  assert.equal(claims.sub, 'alice');
  assert.deepEqual(claims['roles'], ['seller', 'bidder']);
  assert.equal((claims.exp ?? 0) - (claims.iat ?? 0), 300);
});

test('tokens of one folder are signed with one key', async (t) => {
  const { home } = filledFolder(t);
  const kids = [];
  for (const sub of ['ann', 'bob']) {
    const { out } = await gavel(['token', '--sub', sub], { folder: home });
    kids.push(decodeProtectedHeader(out.trim()).kid);
  }
  assert.equal(kids[0], kids[1]);
});

test('a token needs a name, a known role and a data folder', async (t) => {
  const { home } = filledFolder(t);
  assert.equal((await gavel(['token'], { folder: home })).code, 2);
  for (const ttl of ['0s', '999ms', '367d', '100000000000d']) {
    const ran = await gavel(['token', '--sub', 'ann', '--ttl', ttl], { folder: home });
    assert.equal(ran.code, 2, ttl);
    assert.match(ran.err, /--ttl must be a duration from 1s to 366d/);
  }
  assert.equal((await gavel(['token', '--sub', 'a b'], { folder: home })).code, 2);
  assert.equal(
    (await gavel(['token', '--sub', 'ann', '--role', 'king'], { folder: home })).code,
    2,
  );
  assert.equal((await gavel(['token', '--sub', 'ann'], { folder: '/' })).code, 78);
});
