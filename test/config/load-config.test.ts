/** Where configuration values come from, which of them counts, and how mistakes are reported. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { KEYS } from '../../src/config/settings.ts';
import { keysByPath } from '../../src/config/configuration-file.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { envName, loadConfig, reloaded, settingsWith } from '../../src/config/load-config.ts';
import type { ConfigSources } from '../../src/config/load-config.ts';

function folderWith(t: TestContext, file: string | null, name = 'gavel.yaml'): string {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  if (file !== null) writeFileSync(join(folder, name), file);
  return folder;
}

function flags(values: Record<string, string>): NonNullable<ConfigSources['flags']> {
  return new Map(Object.entries(values).map(([path, text]) => [path, { text, flag: '--set' }]));
}

function problemsOf(sources: ConfigSources): string {
  try {
    loadConfig(sources);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.join('\n');
  }
  return assert.fail('the configuration was taken');
}

test('a flag counts before the environment, that before the file, that before the default', (t) => {
  const folder = folderWith(t, 'server:\n  host: 1.1.1.1\n  port: 1111\n  internalPort: 1112\n');
  const { settings, entries } = loadConfig({
    folder,
    env: { GAVEL_SERVER_PORT: '2222', GAVEL_SERVER_INTERNAL_PORT: '2223' },
    flags: flags({ 'server.internalPort': '3333' }),
  });
  assert.equal(settings.server.host, '1.1.1.1');
  assert.equal(settings.server.port, 2222);
  assert.equal(settings.server.internalPort, 3333);
  assert.equal(settings.server.internalHost, '127.0.0.1');
  const origin = (path: string) => entries.find((entry) => entry.path === path)?.origin;
  assert.equal(origin('server.host'), `${join(folder, 'gavel.yaml')} line 2`);
  assert.equal(origin('server.port'), 'environment GAVEL_SERVER_PORT');
  assert.equal(origin('server.internalPort'), 'flag --set');
  assert.equal(origin('server.internalHost'), 'default');
});

test('durations, sizes, words and lists arrive converted, with their units in the names', () => {
  const settings = settingsWith({
    'rules.softClose.window': '2m',
    'rules.softClose.extensionsMax': 'unlimited',
    'limits.backPressure': '64KB',
    'limits.bytesPerSecond': '1MB',
    'server.allowedOrigins': 'https://a.example, https://b.example',
    'rules.incrementsByCurrency': '{"JPY":[{"incrementCents":100}]}',
  });
  assert.equal(settings.rules.softClose.windowMs, 120_000);
  assert.equal(settings.rules.softClose.extensionsMax, null);
  assert.equal(settings.limits.backPressureBytes, 65_536);
  assert.equal(settings.limits.bytesPerSecond, 1_048_576);
  assert.deepEqual(settings.server.allowedOrigins, ['https://a.example', 'https://b.example']);
  assert.deepEqual(settings.rules.incrementsByCurrency, {
    JPY: [{ belowCents: null, incrementCents: 100 }],
  });
  assert.equal(settings.data.shards, null, 'auto');
});

test('an unknown key in the file is an error that names line and nearest known key', (t) => {
  const folder = folderWith(t, '# mine\nserver:\n  prot: 80\n');
  assert.match(
    problemsOf({ folder }),
    /gavel\.yaml line 3: unknown key server\.prot; did you mean server\.port\?/,
  );
});

test('an unknown variable with our prefix is an error that names the nearest known one', (t) => {
  const problems = problemsOf({ folder: folderWith(t, null), env: { GAVEL_SERVER_PROT: '1' } });
  assert.match(problems, /GAVEL_SERVER_PROT; did you mean GAVEL_SERVER_PORT\?/);
});

test('variables of the command line and of others are left alone', (t) => {
  const env = { GAVEL_URL: 'x', GAVEL_TOKEN: 'y', GAVEL_TEST_SEED: '1', HOME: '/' };
  loadConfig({ folder: folderWith(t, null), env });
});

test('every mistake is reported at once, with its origin and what is expected', (t) => {
  const folder = folderWith(t, 'rules:\n  softClose:\n    window: 30\nlog:\n  level: loud\n');
  const problems = problemsOf({ folder, env: { GAVEL_SERVER_PORT: '70000' } }).split('\n');
  assert.equal(problems.length, 3);
  assert.match(problems.join('\n'), /line 3: rules\.softClose\.window must be a duration such as/);
  assert.match(problems.join('\n'), /line 5: log\.level must be one of trace/);
  assert.match(problems.join('\n'), /GAVEL_SERVER_PORT: server\.port must be .* not "70000"/);
});

test('keys that contradict each other are refused', () => {
  assert.throws(
    () => settingsWith({ 'server.port': '9090' }),
    /server\.port and server\.internalPort must differ/,
  );
  assert.throws(() => settingsWith({ 'rules.minDuration': '400d' }), /maxDuration/);
});

test('increment tables must rise and end open', () => {
  const table = (json: string) => settingsWith({ 'rules.incrementsByCurrency': json });
  assert.throws(() => table('{"USD":[{"belowCents":100,"incrementCents":5}]}'), /last step/);
  assert.throws(() => table('{"usd":[{"incrementCents":5}]}'), /currency code of ISO 4217/);
  assert.throws(() => table('{"ABC":[{"incrementCents":5}]}'), /currency code of ISO 4217/);
  assert.throws(() => table('{"USD":[{"incrementCents":0.5}]}'), ConfigError);
});

test('broken YAML and a missing named file are reported, not thrown as they come', (t) => {
  assert.match(problemsOf({ folder: folderWith(t, 'server: [\n') }), /gavel\.yaml line \d+:/);
  assert.match(problemsOf({ folder: folderWith(t, null), file: 'none.yaml' }), /cannot be read/);
  assert.match(problemsOf({ folder: folderWith(t, '- a\n') }), /must be a map of keys/);
});

test('JSON is taken where it is named, gavel.yml as well, and an empty file means defaults', (t) => {
  const folder = folderWith(t, '{"server": {"port": 1234}}', 'gavel.json');
  assert.equal(loadConfig({ folder, file: 'gavel.json' }).settings.server.port, 1234);
  const yml = folderWith(t, 'server: { port: 1235 }', 'gavel.yml');
  assert.equal(loadConfig({ folder: yml }).settings.server.port, 1235);
  assert.equal(loadConfig({ folder: folderWith(t, '') }).settings.server.port, 8080);
});

test('a gavel.json that is not named is no configuration: a data folder has one', (t) => {
  const folder = folderWith(t, '{"format": 1, "shards": 2}', 'gavel.json');
  const { settings, file } = loadConfig({ folder });
  assert.deepEqual([file, settings], [null, settingsWith()]);
});

test('passwords in addresses are not shown', () => {
  const { entries } = loadConfig({
    folder: tmpdir(),
    flags: flags({ 'auth.jwks': 'https://me:secret@keys.example/jwks.json' }),
  });
  const entry = entries.find(({ path }) => path === 'auth.jwks');
  assert.equal(entry?.text, 'https://***@keys.example/jwks.json');
});

test('no two keys share a variable, and every key has a sentence', () => {
  const keys = keysByPath(KEYS);
  assert.equal(new Set([...keys.keys()].map(envName)).size, keys.size);
  for (const [path, key] of keys) assert.match(key.text, /\.$/, path);
});

test('a running server takes over what is live, and is told of the rest', (t) => {
  const file = 'limits:\n  connections: 100\n  connectionsPerIp: 10\n';
  const folder = folderWith(t, file);
  const before = loadConfig({ folder });
  const env = {
    GAVEL_LIMITS_CONNECTIONS: '50',
    GAVEL_LIMITS_BACK_PRESSURE: '1MB',
    GAVEL_SERVER_PORT: '9999',
    GAVEL_SERVER_ALLOWED_ORIGINS: 'https://a.example',
  };
  const { config, changed, atNextStart } = reloaded(before, loadConfig({ folder, env }));
  assert.deepEqual(
    changed.map(({ path, text }) => [path, text]),
    [['limits.connections', '50']],
  );
  assert.deepEqual(
    atNextStart.map(({ path }) => path),
    ['server.port', 'server.allowedOrigins', 'limits.backPressure'],
  );
  assert.equal(config.settings.limits.connections, 50);
  assert.equal(config.settings.limits.backPressureBytes, before.settings.limits.backPressureBytes);
  assert.equal(config.settings.server.port, 8080);
  // Read again as it was: nothing but the limit changes back.
  const again = reloaded(config, loadConfig({ folder }));
  assert.deepEqual(again.config.settings, before.settings);
  assert.deepEqual(again.atNextStart, []);
});

test('a file that is gone is a mistake, not a way back to the defaults', (t) => {
  const folder = folderWith(t, 'limits:\n  connectionsPerIp: 10\n');
  const running = loadConfig({ folder });
  const without = loadConfig({ folder: join(folder, 'nowhere') });
  assert.throws(() => reloaded(running, without), {
    name: 'ConfigError',
    message: `the configuration file is gone: ${join(folder, 'gavel.yaml')}`,
  });
});
