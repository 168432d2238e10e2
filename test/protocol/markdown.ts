/** What the tests need to know about Markdown: sections, tables, fenced blocks. */
import { readFileSync } from 'node:fs';

export function readDoc(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
}

/** The text below a heading, up to the next one of any level; '' where there is none. */
export function sectionOf(doc: string, heading: string): string {
  const parts = doc.split(/^(#+ .+)$/m);
  const at = parts.findIndex((part) => part.replace(/^#+ /, '') === heading && part !== heading);
  return at < 0 ? '' : (parts[at + 1] ?? '');
}

/** The rows of the first table, without its head; the cells without the marks of code. */
export function tableOf(section: string): string[][] {
  const lines = section.split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  if (first < 0) return [];
  const rest = lines.slice(first + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return (end < 0 ? rest : rest.slice(0, end)).map(cellsOf);
}

function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) =>
      cell
        .trim()
        .replaceAll('\\|', '|')
        .replace(/^`(.*)`$/, '$1'),
    );
}

export interface Fence {
  readonly language: string;
  readonly text: string;
}

export function fencesOf(section: string): Fence[] {
  return Array.from(
    section.matchAll(/^```(\w+)\n([^]*?)^```$/gm),
    ([, language = '', text = '']) => ({
      language,
      text,
    }),
  );
}
