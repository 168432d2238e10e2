/** docs/configuration.md and the example file say what the program does. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configurationDoc, exampleFile } from '../../src/config/configuration-doc.ts';
import { keysByPath, parseConfiguration } from '../../src/config/configuration-file.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { KEYS } from '../../src/config/settings.ts';

const DOC = new URL('../../docs/configuration.md', import.meta.url);
const SOURCES = new URL('../../src/', import.meta.url).pathname;
const EXAMPLE = new URL('../../config/gavel.example.yaml', import.meta.url);

test('docs/configuration.md equals `gavel config doc`', () => {
  assert.equal(
    readFileSync(DOC, 'utf8'),
    configurationDoc(),
    'run: gavel config doc > docs/configuration.md',
  );
});

test('config/gavel.example.yaml has every key with its default', () => {
  const text = readFileSync(EXAMPLE, 'utf8');
  assert.equal(text, exampleFile(), 'run: gavel config doc --example > config/gavel.example.yaml');
  assert.deepEqual(parseConfiguration(text, 'example', KEYS).problems, []);
  const config = loadConfig({ file: EXAMPLE.pathname });
  assert.deepEqual(config.settings, loadConfig({ folder: '/nonexistent' }).settings);
});

test('every key is read somewhere: none is only decoration', () => {
  const files = globSync(`${SOURCES}{node,gateway,cli}/**/*.ts`);
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const endings = { ms: 'Ms', bytes: 'Bytes', none: '' } as const;
  for (const [path, { unit }] of keysByPath(KEYS)) {
    const name = `${path.split('.').at(-1)}${endings[unit]}`;
    assert.match(text, new RegExp(`\\b${name}\\b`), path);
  }
});
