/**
 * Commands that are shown to be copied: under the name by which this program was called, with the
 * options that lead to the same server. Pure but for the name of this process.
 */
import { basename, delimiter, dirname, relative, resolve } from 'node:path';
import type { ConfigOptions } from './config-options.ts';
import { URL_DEFAULT } from './sign-in.ts';
import type { Terminal } from './terminal.ts';

/** How this program was called. */
export function ownName(terminal: Terminal): string {
  const script = process.argv[1] ?? 'gavel';
  const searched = (terminal.env['PATH'] ?? '').split(delimiter);
  if (searched.includes(dirname(script))) return basename(script);
  const path = relative(terminal.folder, script);
  return quoted(path.startsWith('..') ? script : path);
}

/** What commands need so that they find this server; empty where the defaults do. */
export function whereOptions(url: string, folder: string, terminal: Terminal): string {
  return urlOption(url) + dataOption(folder, terminal);
}

export function urlOption(url: string): string {
  return url === URL_DEFAULT ? '' : ` --url ${quoted(url)}`;
}

/** The data folder and the configuration that were given, for tokens made with its key. */
export function dataOption(
  folder: string,
  terminal: Terminal,
  options: ConfigOptions = {},
): string {
  const data = relative(terminal.folder, resolve(terminal.folder, folder));
  const { config, set = [] } = options;
  return [
    data === 'data' ? '' : ` --data ${quoted(data || '.')}`,
    config === undefined ? '' : ` --config ${quoted(config)}`,
    ...set
      .filter((assignment) => !assignment.startsWith('data.folder='))
      .map((assignment) => ` --set ${quoted(assignment)}`),
  ].join('');
}

/** As a shell reads it as one word. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
