/**
 * Reads a configuration file (YAML; JSON is YAML as well) into raw values per key, each with the
 * line where it stands. Unknown keys are problems that name the nearest known key.
 */
import { readFileSync } from 'node:fs';
import { LineCounter, isMap, isScalar, parseDocument } from 'yaml';
import type { Pair } from 'yaml';
import { nearestName } from './nearest-name.ts';
import type { Key } from './key.ts';
import type { Group } from './settings.ts';

export interface RawValue {
  readonly raw: unknown;
  readonly line: number;
}

export interface FileContent {
  readonly rawByPath: ReadonlyMap<string, RawValue>;
  /** One sentence each, with file and line. */
  readonly problems: readonly string[];
}

/** @throws Error of the file system where the file cannot be read. */
export function readConfigurationFile(path: string, keys: Group): FileContent {
  return parseConfiguration(readFileSync(path, 'utf8'), path, keys);
}

export function parseConfiguration(text: string, name: string, keys: Group): FileContent {
  const rawByPath = new Map<string, RawValue>();
  const problems: string[] = [];
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  for (const error of document.errors) {
    problems.push(`${name} line ${lineCounter.linePos(error.pos[0]).line}: ${error.message}`);
  }
  if (problems.length > 0) return { rawByPath, problems };

  const lineOf = (pair: Pair): number => {
    const range = isScalar(pair.key) ? pair.key.range : undefined;
    return range ? lineCounter.linePos(range[0]).line : 1;
  };
  const walk = (node: unknown, group: Group, path: string): void => {
    if (node === null || (isScalar(node) && node.value === null)) return;
    if (!isMap(node)) {
      problems.push(`${name}: ${path === '' ? 'the file' : path} must be a map of keys`);
      return;
    }
    for (const pair of node.items) {
      const own = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
      const full = path === '' ? own : `${path}.${own}`;
      const known = Object.hasOwn(group, own) ? group[own] : undefined;
      if (known === undefined) {
        problems.push(`${name} line ${lineOf(pair)}: ${unknownKey(full, keys)}`);
      } else if (isKey(known)) {
        const value = pair.value as { toJS(doc: unknown): unknown } | null;
        const raw = value === null ? null : value.toJS(document);
        // An empty value in the file means the default.
        if (raw !== null) rawByPath.set(full, { raw, line: lineOf(pair) });
      } else {
        walk(pair.value, known, full);
      }
    }
  };
  walk(document.contents, keys, '');
  return { rawByPath, problems };
}

/** `unknown key server.prot; did you mean server.port?` */
export function unknownKey(path: string, keys: Group): string {
  const nearest = nearestName(path, [...keysByPath(keys).keys()]);
  const hint = nearest === undefined ? 'see gavel config doc' : `did you mean ${nearest}?`;
  return `unknown key ${path}; ${hint}`;
}

export function isKey(value: Group | Key<unknown>): value is Key<unknown> {
  return typeof value['schema'] === 'object' && typeof value['fromText'] === 'function';
}

/** Every key under its path, for instance `rules.softClose.window`, in the order of the table. */
export function keysByPath(group: Group, path = ''): Map<string, Key<unknown>> {
  const found = new Map<string, Key<unknown>>();
  for (const [name, value] of Object.entries(group)) {
    const full = path === '' ? name : `${path}.${name}`;
    if (isKey(value)) found.set(full, value);
    else for (const [below, key] of keysByPath(value, full)) found.set(below, key);
  }
  return found;
}
