/** Tokens made offline, with the signing key of a data folder. */
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { Settings } from '../config/settings.ts';

export const ROLES = ['bidder', 'seller', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface OwnToken {
  readonly sub: string;
  readonly roles: readonly Role[];
  readonly ttlMs: number;
  readonly tier?: string;
}

/** @throws UnusableDataFolder where there is no data folder; CliError for a bad name */
export async function makeToken(
  folder: string,
  { issuer, audience }: Settings['auth'],
  { sub, roles, ttlMs, tier }: OwnToken,
): Promise<string> {
  if (!/^[\x21-\x7e]{1,64}$/.test(sub)) {
    const next = 'Take 1 to 64 letters, digits or signs, without spaces.';
    throw new CliError(EXIT.usage, `"${sub}" cannot be a user name`, next);
  }
  const { keysFolder, readFolderMeta } = await import('../journal/data-folder.ts');
  const { loadOrCreateKeyFile, signToken } = await import('../gateway/token.ts');
  readFolderMeta(folder);
  const key = await loadOrCreateKeyFile(keysFolder(folder));
  return signToken(key, {
    sub,
    roles,
    ttlMs,
    issuer,
    audience,
    nowMs: Date.now(),
    ...(tier !== undefined && { tier }),
  });
}
