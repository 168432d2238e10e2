/** `gavel token`: a token made with the key of the data folder; works without a running server. */
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { declare, durationMs } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { ROLES, makeToken } from '../own-tokens.ts';
import type { Role } from '../own-tokens.ts';
import { readTier, TIER_RULE } from '../../account/fields.ts';
import { TIME } from '../../config/limits.ts';
import type { Context, Terminal } from '../terminal.ts';

interface TokenOptions extends ConfigOptions {
  readonly sub: string;
  readonly role?: readonly Role[];
  readonly ttl?: number;
  readonly tier?: string;
  readonly json?: true;
}

export function tokenCommand({ terminal }: Context): Command {
  const role = new Option('-r, --role <role...>', 'what the token allows').choices([...ROLES]);
  const command = declare({
    name: 'token',
    summary: 'make a token to sign in with',
    description:
      'Makes a token with the signing key in the data folder. The server need not run; it has to be\n' +
      'one that checks tokens with its own key (auth.jwks is not set).',
    examples: [
      'gavel token --sub alice --role seller bidder',
      'export GAVEL_TOKEN=$(gavel token --sub bob)',
      'gavel token --sub root --role admin --ttl 5m --json',
    ],
    exitCodes: ['74  the key cannot be read', '78  no data folder'],
  })
    .requiredOption('-s, --sub <name>', 'who it is for: 1 to 64 characters')
    .addOption(role)
    .option(
      '--ttl <duration>',
      'how long it is valid (default: auth.accessTtl)',
      durationMs('--ttl', TIME.tokenMsMin, TIME.tokenMsMax),
    )
    .option('--tier <tier>', 'tier of the user, for overload.priorityTiers', tierOf)
    .option('--json', 'print one JSON object');
  return withDataOptions(command).action((options: TokenOptions) => run(options, terminal));
}

async function run(options: TokenOptions, terminal: Terminal): Promise<void> {
  const { settings } = configFrom(options, terminal);
  const folder = resolve(terminal.folder, settings.data.folder);
  const { sub, role: roles = ['bidder'] } = options;
  const ttlMs = options.ttl ?? settings.auth.accessTtlMs;
  const token = await makeToken(folder, settings.auth, {
    sub,
    roles,
    ttlMs,
    ...(options.tier !== undefined && { tier: options.tier }),
  });
  if (options.json !== true) return terminal.out(token);
  terminal.out(JSON.stringify({ token, sub, roles, expiresAtMs: Date.now() + ttlMs }));
}

function tierOf(text: string): string {
  const tier = readTier(text);
  if (tier === undefined) throw new InvalidArgumentError(`The tier ${TIER_RULE}.`);
  return tier;
}
