/**
 * The rule about refusals: the numbers are a promise to clients, so the table, the docs and the
 * tests have to agree, in both directions.
 */
import type { Violation } from './violation.ts';

export type RefusalTable = Readonly<Record<string, { readonly code: number }>>;

export interface RefusalEvidence {
  readonly refusals: RefusalTable;
  /** The text of docs/refusals.md. */
  readonly docs: string;
  /** The texts of all test files (this check apart). */
  readonly tests: readonly string[];
}

const TABLE_FILE = 'src/protocol/refusals.ts';
const DOCS_FILE = 'docs/refusals.md';

export function refusals({ refusals: table, docs, tests }: RefusalEvidence): Violation[] {
  const found: Violation[] = [];
  const report = (file: string, line: number, message: string): void => {
    found.push({ rule: 'refusals', file, line, message });
  };
  const docLines = docs.split('\n');
  const namesByCode = new Map<number, string>();
  let lastCode = 0;
  for (const [name, { code }] of Object.entries(table)) {
    const other = namesByCode.get(code);
    namesByCode.set(code, name);
    if (other !== undefined) report(TABLE_FILE, 1, `${name} and ${other} share the number ${code}`);
    else if (code < lastCode) report(TABLE_FILE, 1, `${name} (${code}) stands out of order`);
    lastCode = code;
    if (!docLines.some((line) => hasWord(line, name) && hasWord(line, String(code)))) {
      report(DOCS_FILE, 1, `${name} is missing: write a section whose heading has it and ${code}`);
    }
    if (!tests.some((text) => hasWord(text, name))) {
      report(TABLE_FILE, 1, `no test names ${name}: write one that provokes it`);
    }
  }
  for (const [index, line] of docLines.entries()) {
    const [, code, name = ''] = /^#+ .*?\b(\d{4})\b.*?\b([A-Z]+(?:_[A-Z]+)*)\b/.exec(line) ?? [];
    if (code === undefined || table[name]?.code === Number(code)) continue;
    report(DOCS_FILE, index + 1, `the table has no ${name} with the number ${code}`);
  }
  return found;
}

function hasWord(text: string, word: string): boolean {
  return new RegExp(`(?<![A-Za-z0-9_])${word}(?![A-Za-z0-9_])`).test(text);
}
