/** `gavel snapshot`, `restore` and `token`: round trip, refusals, exit codes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { lockDataFolder, openDataFolder } from '../../src/journal/data-folder.ts';
import { filledFolder } from './filled-folder.ts';
import { gavel } from './fake-terminal.ts';

test('a copy can be verified and restored, with a higher epoch', async (t) => {
  const { home, data } = filledFolder(t);
  const taken = await gavel(['snapshot', 'copy'], { folder: home });
  assert.equal(taken.code, 0, taken.err);
  assert.match(taken.out, /Copied \d+ records/);
  const copy = join(home, 'copy');
  const checked = await gavel(['verify', 'copy'], { folder: home });
  assert.equal(checked.code, 0, checked.err);
  assert.match(checked.out, /shard 0: head [0-9a-f]{32} at record[\s\S]*All is well: \d+ files/);
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

test('whoever takes a snapshot for a data folder is told what it is', async (t) => {
  const { home } = filledFolder(t);
  await gavel(['snapshot', 'copy'], { folder: home });
  const inspected = await gavel(['inspect', '--data', 'copy'], { folder: home });
  assert.equal(inspected.code, 78, inspected.err);
  const told = /copy is a snapshot; put it in place with: gavel restore/;
  assert.match(inspected.err, told);
  const options = { shards: null, shardsDefault: 1, nowMs: 1 };
  assert.throws(() => openDataFolder(join(home, 'copy'), options), told);
});

test('a copy does not go into a folder that has something in it', async (t) => {
  const { home } = filledFolder(t);
  const ran = await gavel(['snapshot', '.'], { folder: home });
  assert.equal(ran.code, 78);
  assert.match(ran.err, /not empty/);
});

test('restored to a moment in the past, and what that cost is told', async (t) => {
  const { home } = filledFolder(t);
  await gavel(['snapshot', 'copy'], { folder: home });
  const args = ['restore', 'copy', '--data', 'past', '--until'];
  for (const until of [
    'yesterday',
    '2026-03-01',
    '2026-03-01T12:00:00',
    '2026-13-01T12:00Z',
    '0:',
  ]) {
    const ran = await gavel([...args, until], { folder: home });
    assert.equal(ran.code, 2, until);
    assert.match(ran.err, /a time with its zone or SHARD:SEQ[\s\S]*2026-03-01T11:59:00Z/);
  }
  assert.equal((await gavel([...args, '7:1'], { folder: home })).code, 78);
  const ran = await gavel([...args, '0:13'], { folder: home });
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /shard 0 ends with record \d+ of \d{4}-.* UTC; [1-9]\d* cut/);
  assert.equal((await gavel(['verify', '--data', 'past'], { folder: home })).code, 0);
});

test('a damaged copy is not restored', async (t) => {
  const { home, data } = filledFolder(t);
  await gavel(['snapshot', 'copy'], { folder: home });
  writeFileSync(join(home, 'copy', 'shard-0', 'head.zst'), 'x');
  rmSync(data, { recursive: true });
  const checked = await gavel(['verify', 'copy'], { folder: home });
  assert.equal(checked.code, 74);
  assert.match(checked.err, /copy\/shard-0\/head\.zst is not what the manifest says; use another/);
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
