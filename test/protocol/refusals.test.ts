/**
 * The table of refusals and docs/refusals.md say the same, in both directions: number, name,
 * sentence, HTTP status, retryable; and every section says when it happens and what to do.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Refusal } from '../../src/protocol/refusals.ts';
import { refusalName, REFUSALS } from '../../src/protocol/refusals.ts';

const doc = readFileSync(new URL('../../docs/refusals.md', import.meta.url), 'utf8');

interface Section {
  readonly name: string;
  readonly refusal: Refusal;
  readonly text: string;
}

/** A sentence that the formatter broke into lines is the same sentence. */
function flat(text: string): string {
  return text.replace(/\n>?\s*/g, ' ').trim();
}

const sections: readonly Section[] = doc
  .split(/^(?=##+ )/m)
  .filter((part) => part.startsWith('### '))
  .map((part) => {
    const [, code, name] = /^### (\d{4}) ([A-Z_]+)\n/.exec(part) ?? [];
    assert.ok(code !== undefined && name !== undefined, `not "### number NAME": ${part}`);
    const [, quote] = /^> ([^]*?)\n\n/m.exec(part) ?? [];
    const [, http, retryable] = /^HTTP status: (\d{3})\. Retryable: (yes|no)\.$/m.exec(part) ?? [];
    return {
      name,
      refusal: {
        code: Number(code),
        message: flat(quote ?? ''),
        retryable: retryable === 'yes',
        http: Number(http),
      },
      text: part,
    };
  });

test('every refusal has its section with the same figures, in the order of the table', () => {
  const told = sections.map(({ name, refusal }) => [name, refusal]);
  const table = Object.entries(REFUSALS).map(([name, { code, message, retryable, http }]) => [
    name,
    { code, message, retryable, http },
  ]);
  assert.deepEqual(told, table);
});

test('every section says when it happens and what to do', () => {
  for (const { name, text } of sections) {
    assert.match(text, /^- \*\*When:\*\* \S/m, `${name} says when`);
    assert.match(text, /^- \*\*What to do:\*\* \S/m, `${name} says what to do`);
  }
});

test('the docs say which nonce a later try needs', () => {
  assert.match(flat(doc), /3000 to 3999 [^.]* is the recorded answer to its nonce/);
  assert.match(
    flat(doc),
    /After the 2000s and 9000s the same command goes out again with the same/,
  );
});

test('numbers are unique, rise down the table, and stand in a known room', () => {
  const codes = Object.values(REFUSALS).map(({ code }) => code);
  assert.deepEqual(
    codes,
    [...new Set(codes)].toSorted((a, b) => a - b),
  );
  for (const code of codes) {
    assert.ok([1, 2, 3, 4, 5, 6, 9].includes(Math.floor(code / 1000)), `${code} is in no room`);
  }
});

test('a number leads to its name, an unknown one to none', () => {
  for (const [name, { code }] of Object.entries(REFUSALS)) assert.equal(refusalName(code), name);
  assert.equal(refusalName(0), undefined);
  assert.equal(refusalName(3999), undefined);
});

test('a sentence makes sense over every transport that it may come by', () => {
  for (const [name, { message }] of Object.entries(REFUSALS)) {
    // Only a WebSocket can be signed in already.
    if (name === 'ALREADY_SIGNED_IN') continue;
    assert.doesNotMatch(message, /\bhello\b|connect again|\bframes?\b/i, name);
  }
});

test('overload and unknown outcomes are retryable, with a status that says so', () => {
  for (const [name, { code, http, retryable }] of Object.entries(REFUSALS)) {
    if (code >= 9000) assert.ok(http >= 500, name);
    // Sent again, this one does the same again.
    if (code >= 9000) assert.equal(retryable, name !== 'COMMAND_FAILED', name);
    if (http === 429 || http === 503) assert.ok(retryable, name);
  }
});
