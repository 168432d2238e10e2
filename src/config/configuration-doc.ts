/** The reference of every configuration key as Markdown: docs/configuration.md is exactly this. */
import { isKey } from './configuration-file.ts';
import type { Key } from './key.ts';
import { envName } from './load-config.ts';
import { isLive, KEYS } from './settings.ts';
import type { Group } from './settings.ts';

const HEAD = `# Configuration

This page is made by \`gavel config doc\`; a test holds it equal.

Where the same key is given twice, the first of these counts: a flag (\`--port 8080\`, or any key
with \`--set section.key=value\`), the environment variable, the file, the default. The file is
\`gavel.yaml\` (or \`gavel.yml\`) in the working folder, or the one named with \`--config\` or
\`GAVEL_CONFIG\`. A file in JSON is taken as well, but only where it is named: \`gavel.json\` in the
working folder is not looked for, because a data folder holds a file of that name. Unknown keys and
variables are an error at start, with exit code 78.

\`gavel config print\` shows every value and where it comes from; \`gavel config check\` only checks.
An example file with every key is [config/gavel.example.yaml](../config/gavel.example.yaml).

On SIGHUP a running server reads all of them again and takes over the keys that are marked with
↻. What else was changed is named in the log and waits for the next start. A configuration that
is wrong changes nothing; the log says what is wrong.
`;

export function configurationDoc(): string {
  const sections = Object.entries(KEYS as Group).map(([name, group]) => {
    const rows = [
      ['key', 'variable', 'takes', 'default', 'meaning'],
      ...rowsOf(group as Group, name),
    ];
    return `## ${name}\n\n${table(rows)}\n`;
  });
  return `${HEAD}\n${sections.join('\n')}`;
}

function rowsOf(group: Group, path: string): string[][] {
  return Object.entries(group).flatMap(([name, value]) => {
    const full = `${path}.${name}`;
    if (!isKey(value)) return rowsOf(value, full);
    const mark = isLive(full) ? ' ↻' : '';
    const key = `\`${full}\`${mark}`;
    return [[key, `\`${envName(full)}\``, value.type, fallbackText(value), value.text]];
  });
}

/** Columns of even width, as the formatter wants them. */
function table(rows: readonly (readonly string[])[]): string {
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = (escaped[0] ?? []).map((_, i) =>
    Math.max(...escaped.map((row) => row[i]?.length ?? 0)),
  );
  const lines = escaped.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)));
  lines.splice(
    1,
    0,
    widths.map((width) => '-'.repeat(width)),
  );
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function fallbackText(key: Key<unknown>): string {
  const { fallback } = key;
  if (fallback === null) return 'none';
  if (Array.isArray(fallback)) return 'empty';
  return `\`${typeof fallback === 'object' ? JSON.stringify(fallback) : String(fallback)}\``;
}

/** Every key with its default and its sentence, as a file to start from. */
export function exampleFile(): string {
  const head = [
    '# Every key of Gavel with its default. Copy to gavel.yaml and keep what you change.',
    '# Reference: docs/configuration.md; check with: gavel config check --config FILE',
    '',
  ];
  return `${head.join('\n')}${yamlOf(KEYS, '').join('\n')}\n`;
}

function yamlOf(group: Group, indent: string): string[] {
  return Object.entries(group).flatMap(([name, value]) => {
    if (!isKey(value)) {
      const space = indent === '' ? [''] : [];
      return [...space, `${indent}${name}:`, ...yamlOf(value, `${indent}  `)];
    }
    const text =
      typeof value.fallback === 'object' ? JSON.stringify(value.fallback) : value.fallback;
    return [
      `${indent}# ${value.text}`,
      `${indent}${name}: ${value.fallback === null ? '' : text}`.trimEnd(),
    ];
  });
}
