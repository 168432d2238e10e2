/** The SDK runs where there is no Node: it imports nothing but msgpackr and files like itself. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** Every import of a file that leaves a trace at run time. */
function importsOf(file: URL): string[] {
  const text = readFileSync(file, 'utf8');
  return Array.from(
    text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '([^']+)';/gm),
    ([, from]) => from ?? '',
  );
}

test('everything that the SDK loads is its own, the protocol, or msgpackr', () => {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const waiting = [new URL('../../src/client/client.ts', import.meta.url)];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file.href)) continue;
    seen.add(file.href);
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('.')) waiting.push(new URL(specifier, file));
      else packages.add(specifier);
    }
  }
  assert.deepEqual([...packages], ['msgpackr']);
  assert.ok(seen.size > 40, `${seen.size} files`);
  for (const href of seen) assert.match(href, /\/src\/(client|protocol|lib|auction|config)\//);
});
