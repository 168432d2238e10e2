/** `gavel mode`: whether a running server is in watch-only mode, and what it shall be. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { declare } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { reportRefusal } from '../refusal-report.ts';
import type { Json } from '../server-api.ts';
import { ServerApi } from '../server-api.ts';
import { signIn } from '../sign-in.ts';
import type { Context, Terminal } from '../terminal.ts';
import { CLIENT_EXIT_CODES } from './auction-create.ts';

interface ModeOptions extends ConfigOptions {
  readonly url?: string;
  readonly token?: string;
  readonly json?: true;
}

const WORDS = ['show', 'watch-only', 'normal', 'auto'] as const;
type Word = (typeof WORDS)[number];
const ADMIN = 'admin';
const PERCENT = 100;

export function modeCommand(context: Context): Command {
  const command = declare({
    name: 'mode',
    summary: 'show or switch watch-only mode of a running server',
    description:
      'In watch-only mode bids of signed-in bidders go on as ever, and who watches without a token is\n' +
      'told of prices less often. With `auto`, as at the start, a server switches it on and off by\n' +
      'itself (overload.watchOnly). What is said here holds until the next time, or a restart.',
    examples: [
      'gavel mode',
      'gavel mode watch-only',
      'gavel mode auto --url http://127.0.0.1:9090',
    ],
    exitCodes: CLIENT_EXIT_CODES,
  })
    .addArgument(new Argument('[what]', 'what it shall be').choices(WORDS).default('show'))
    .option('-u, --url <url>', 'internal listener (default: server.internalPort on this machine)')
    .option(
      '-t, --token <token>',
      'token of an admin (GAVEL_TOKEN); default: made in the data folder',
    )
    .option('--json', 'print one JSON object');
  return withDataOptions(command).action((what: Word, options: ModeOptions) =>
    reportRefusal(context, options.json === true, () => run(what, options, context.terminal)),
  );
}

async function run(what: Word, options: ModeOptions, terminal: Terminal): Promise<void> {
  const { internalPort } = configFrom(options, terminal).settings.server;
  const url = options.url ?? `http://127.0.0.1:${internalPort}`;
  const api = new ServerApi(await signIn({ ...options, url }, terminal, ADMIN, [ADMIN]));
  const path = '/v1/mode';
  const state = what === 'show' ? await api.get(path) : await api.put(path, { mode: what });
  terminal.out(options.json === true ? JSON.stringify(state) : textOf(state));
}

function textOf({ mode, watchOnly, overloadLevel }: Json): string {
  const state = watchOnly === true ? 'on' : 'off';
  const percent = Math.round((overloadLevel as number) * PERCENT);
  return `Watch-only mode is ${state} (${String(mode)}; overload level ${percent} %).`;
}
