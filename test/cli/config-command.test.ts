/** `gavel config`: print with origins, check with exit codes, doc. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { configurationDoc } from '../../src/config/configuration-doc.ts';
import { gavel } from './fake-terminal.ts';

test('config print shows values with their origin, as text and as JSON', async () => {
  const env = { GAVEL_SERVER_PORT: '9000' };
  const text = await gavel(['config', 'print', '--set', 'limits.tick=10s'], { env });
  assert.equal(text.code, 0, text.err);
  assert.match(text.out, /^server\.port +9000 +environment GAVEL_SERVER_PORT$/m);
  assert.match(text.out, /^limits\.tick +10s +flag --set limits\.tick$/m);
  assert.match(text.out, /^log\.level +info +default$/m);
  const json = await gavel(['config', 'print', '--json'], { env });
  const { values } = JSON.parse(json.out) as { values: Record<string, unknown> };
  assert.deepEqual(values['server.port'], {
    value: '9000',
    origin: 'environment GAVEL_SERVER_PORT',
  });
});

test('config print masks secrets', async () => {
  const env = { GAVEL_AUTH_JWKS: 'https://me:secret@keys.example/' };
  const { out } = await gavel(['config', 'print'], { env });
  assert.doesNotMatch(out, /secret/);
  assert.match(out, /\*\*\*@keys\.example/);
});

test('config check names every mistake and exits with 78', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const good = await gavel(['config', 'check'], { folder });
  assert.equal(good.code, 0);
  writeFileSync(join(folder, 'gavel.yaml'), 'server:\n  prot: 1\nlog:\n  level: loud\n');
  const bad = await gavel(['config', 'check'], { folder });
  assert.equal(bad.code, 78);
  assert.match(bad.err, /line 2: unknown key server\.prot; did you mean server\.port\?/);
  assert.match(bad.err, /line 4: log\.level must be one of/);
  assert.match(bad.err, /gavel config doc/);
  const json = await gavel(['config', 'check', '--json'], { folder });
  assert.equal(json.code, 78);
  const { ok, problems } = JSON.parse(json.out) as { ok: boolean; problems: string[] };
  assert.deepEqual([ok, problems.length], [false, 2]);
});

test('--set without a value is a usage error', async () => {
  const { code, err } = await gavel(['config', 'print', '--set', 'server.port']);
  assert.equal(code, 2);
  assert.match(err, /--set takes key=value/);
});

test('config doc prints the reference', async () => {
  assert.equal((await gavel(['config', 'doc'])).out, configurationDoc());
});
