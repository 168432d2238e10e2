/**
 * The effective configuration: flags > environment > file > defaults, every value with its origin.
 * Whatever is wrong is collected and reported at once, as a ConfigError; nothing is guessed.
 *
 *   flags --port …            ─┐
 *   GAVEL_SERVER_PORT=…       ─┼▶ raw value per key ─▶ check ─▶ Settings + entries
 *   gavel.yaml                ─┤
 *   settings.ts               ─┘
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { assert } from '../lib/assert.ts';
import { fileProblem } from '../lib/file-problem.ts';
import { ConfigError } from './config-error.ts';
import { isKey, keysByPath, readConfigurationFile, unknownKey } from './configuration-file.ts';
import type { FileContent } from './configuration-file.ts';
import type { Key } from './key.ts';
import { nearestName } from './nearest-name.ts';
import { KEYS, contradictions, isLive } from './settings.ts';
import type { Group, Settings } from './settings.ts';

/**
 * Looked for in the working folder when no file is named. Not `gavel.json`: a data folder has a file
 * of that name, and `gavel … --json > gavel.json` makes one. A file in JSON can be named.
 */
export const CONFIG_FILE_NAMES = ['gavel.yaml', 'gavel.yml'] as const;

/** Variables with our prefix that are no configuration keys: they belong to the command line. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['GAVEL_URL', 'GAVEL_TOKEN', 'GAVEL_CONFIG']);
const TEST_VARIABLES = 'GAVEL_TEST_';
const PREFIX = 'GAVEL_';

export interface Entry {
  /** For instance `server.port`. */
  readonly path: string;
  readonly env: string;
  readonly key: Key<unknown>;
  readonly value: unknown;
  /** The value as one would write it, without secrets. */
  readonly text: string;
  /** `default`, `gavel.yaml line 3`, `environment GAVEL_SERVER_PORT`, `flag --port`. */
  readonly origin: string;
}

export interface Config {
  readonly settings: Settings;
  readonly entries: readonly Entry[];
  /** The file that was read, or null. */
  readonly file: string | null;
}

export interface ConfigSources {
  /** Texts by path, with the flag that gave them. */
  readonly flags?: ReadonlyMap<string, { readonly text: string; readonly flag: string }>;
  /** Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the file is looked for; default: the working folder. */
  readonly folder?: string;
  /** A file named with --config; must exist then. */
  readonly file?: string;
}

/** The configuration with nothing but defaults, and values by path on top: for tests and tools. */
export function settingsWith(texts: Readonly<Record<string, string>> = {}): Settings {
  const flags = new Map(
    Object.entries(texts).map(([path, text]) => [path, { text, flag: `--set ${path}` }]),
  );
  return resolveConfig(null, { rawByPath: new Map(), problems: [] }, { flags }).settings;
}

/** @throws ConfigError */
export function loadConfig(sources: ConfigSources = {}): Config {
  const named = sources.file ?? sources.env?.['GAVEL_CONFIG'];
  const folder = sources.folder ?? '.';
  const file = named === undefined ? findFile(folder) : resolve(folder, named);
  return resolveConfig(file, file === null ? NO_FILE : readFile(file), sources);
}

const NO_FILE: FileContent = { rawByPath: new Map(), problems: [] };

function findFile(folder: string): string | null {
  const name = CONFIG_FILE_NAMES.find((candidate) => existsSync(join(folder, candidate)));
  return name === undefined ? null : join(folder, name);
}

function readFile(file: string): FileContent {
  try {
    return readConfigurationFile(file, KEYS);
  } catch (error) {
    const problem = fileProblem(error, file);
    if (problem === null) throw error;
    throw new ConfigError([`the configuration file cannot be read: ${problem.message}`]);
  }
}

interface Raw {
  readonly raw: unknown;
  readonly origin: string;
}

function resolveConfig(file: string | null, content: FileContent, sources: ConfigSources): Config {
  const keys = keysByPath(KEYS);
  const problems = [...content.problems, ...unknownFlags(keys, sources)];
  problems.push(...unknownVariables(keys, sources));
  const entries: Entry[] = [];
  for (const [path, key] of keys) {
    const { raw, origin } = rawValue(path, key, file, content, sources);
    const checked = key.schema.safeParse(raw);
    if (checked.success) {
      const value = checked.data;
      entries.push({ path, env: envName(path), key, value, text: key.show(value), origin });
      continue;
    }
    assert(origin !== 'default', `the default of ${path} is not valid`);
    for (const issue of checked.error.issues) {
      const place = [path, ...issue.path.map(String)].join('.');
      problems.push(`${origin}: ${place} ${issue.message}, not ${quote(raw)}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return configOf(entries, file);
}

function configOf(entries: readonly Entry[], file: string | null): Config {
  const valueByPath = new Map(entries.map(({ path, value }) => [path, value]));
  const settings = assemble(KEYS, '', valueByPath) as Settings;
  const found = contradictions(settings);
  if (found.length > 0) throw new ConfigError(found);
  return { settings, entries, file };
}

export interface Reloaded {
  /** What holds from now on. */
  readonly config: Config;
  /** Keys that have another value from now on. */
  readonly changed: readonly Entry[];
  /** Keys that were changed, but keep their former value until the next start. */
  readonly atNextStart: readonly Entry[];
}

/**
 * What a running server takes over of a configuration that was read again.
 * @throws ConfigError where new and kept values contradict each other, or the file is gone
 */
export function reloaded(running: Config, read: Config): Reloaded {
  // Else a file that was moved away for a moment would bring all the defaults.
  if (running.file !== null && read.file === null) {
    throw new ConfigError([`the configuration file is gone: ${running.file}`]);
  }
  const readByPath = new Map(read.entries.map((entry) => [entry.path, entry]));
  const differing = running.entries.flatMap(({ path, value }) => {
    const entry = readByPath.get(path);
    return entry === undefined || isDeepStrictEqual(entry.value, value) ? [] : [entry];
  });
  const changed = differing.filter(({ path }) => isLive(path));
  const atNextStart = differing.filter(({ path }) => !isLive(path));
  const takenOver = new Map(changed.map((entry) => [entry.path, entry]));
  const entries = running.entries.map((entry) => takenOver.get(entry.path) ?? entry);
  return { config: configOf(entries, read.file), changed, atNextStart };
}

function rawValue(
  path: string,
  key: Key<unknown>,
  file: string | null,
  content: FileContent,
  sources: ConfigSources,
): Raw {
  const flag = sources.flags?.get(path);
  if (flag !== undefined) return { raw: key.fromText(flag.text), origin: `flag ${flag.flag}` };
  const variable = envName(path);
  const text = sources.env?.[variable];
  if (text !== undefined && text !== '') {
    return { raw: key.fromText(text), origin: `environment ${variable}` };
  }
  const written = content.rawByPath.get(path);
  if (written !== undefined) return { raw: written.raw, origin: `${file} line ${written.line}` };
  return { raw: key.fallback, origin: 'default' };
}

/** `rules.softClose.window` → `GAVEL_RULES_SOFT_CLOSE_WINDOW` */
export function envName(path: string): string {
  return (
    PREFIX +
    path
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll('.', '_')
      .toUpperCase()
  );
}

function unknownFlags(keys: ReadonlyMap<string, unknown>, sources: ConfigSources): string[] {
  return [...(sources.flags ?? [])]
    .filter(([path]) => !keys.has(path))
    .map(([path, { flag }]) => `flag ${flag}: ${unknownKey(path, KEYS)}`);
}

function unknownVariables(keys: ReadonlyMap<string, unknown>, sources: ConfigSources): string[] {
  const known = new Set([...keys.keys()].map(envName));
  const problems: string[] = [];
  for (const name of Object.keys(sources.env ?? {})) {
    if (!name.startsWith(PREFIX) || known.has(name) || OTHER_VARIABLES.has(name)) continue;
    if (name.startsWith(TEST_VARIABLES)) continue;
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? 'see gavel config doc' : `did you mean ${nearest}?`;
    problems.push(`environment: unknown variable ${name}; ${hint}`);
  }
  return problems;
}

const ENDINGS = { ms: 'Ms', bytes: 'Bytes', none: '' } as const;

function assemble(group: Group, path: string, values: ReadonlyMap<string, unknown>): unknown {
  const assembled: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(group)) {
    const full = path === '' ? name : `${path}.${name}`;
    if (isKey(value)) {
      assert(values.has(full), `no value for ${full}`);
      assembled[name + ENDINGS[value.unit]] = values.get(full);
    } else {
      assembled[name] = assemble(value, full, values);
    }
  }
  return assembled;
}

function quote(raw: unknown): string {
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
