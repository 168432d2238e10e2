/**
 * Which server a client command talks to, and as whom: the token of --token or GAVEL_TOKEN, else
 * one made with the key of the data folder, which works where the server's data folder is.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CliError } from './cli-error.ts';
import { configFrom, withDataOptions } from './config-options.ts';
import type { ConfigOptions } from './config-options.ts';
import { EXIT } from './exit-codes.ts';
import { makeToken } from './own-tokens.ts';
import type { Role } from './own-tokens.ts';
import type { Terminal } from './terminal.ts';

export interface ServerOptions extends ConfigOptions {
  readonly url?: string;
  readonly token?: string;
  readonly as?: string;
}

export interface Server {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** Who signed in with a token made here, and with the key of which data folder; null: given. */
  readonly own: { readonly name: string; readonly folder: string } | null;
}

export const URL_DEFAULT = 'http://127.0.0.1:8080';
const OWN_TOKEN_TTL_MS = 12 * 3_600_000;

export function withServerOptions(command: Command, defaultName: string): Command {
  return withDataOptions(
    command
      .option('-u, --url <url>', `server (GAVEL_URL; default: ${URL_DEFAULT})`)
      .option('-t, --token <token>', 'token to sign in with (GAVEL_TOKEN)')
      .option('--as <name>', `without a token: sign in under this name (default: ${defaultName})`),
  );
}

/** @throws CliError where no token is given and none can be made */
export async function signIn(
  options: ServerOptions,
  terminal: Terminal,
  defaultName: string,
  roles: readonly Role[],
): Promise<Server> {
  const url = serverUrl(options.url ?? terminal.env['GAVEL_URL'] ?? URL_DEFAULT);
  const given = options.token ?? terminal.env['GAVEL_TOKEN'];
  if (given !== undefined && given !== '' && options.as === undefined) {
    return { url, token: given, own: null };
  }
  const { settings } = configFrom(options, terminal);
  const folder = resolve(terminal.folder, settings.data.folder);
  try {
    const sub = options.as ?? defaultName;
    const token = await makeToken(folder, settings.auth, { sub, roles, ttlMs: OWN_TOKEN_TTL_MS });
    return { url, token, own: { name: sub, folder } };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'UnusableDataFolder') throw error;
    throw new CliError(
      EXIT.usage,
      `no token to sign in with, and no data folder at ${folder} to make one`,
      'Give one with --token or GAVEL_TOKEN, or name the data folder of the server with --data.',
    );
  }
}

function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) {
    return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  }
  throw new CliError(
    EXIT.usage,
    `"${text}" is not an address of a server`,
    `Write it like ${URL_DEFAULT}.`,
  );
}
