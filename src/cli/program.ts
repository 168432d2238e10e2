/**
 * The command line as a whole: which commands there are, and what becomes of their errors. Only
 * the command that is called is loaded, so that help is quick.
 */
import { Command, CommanderError } from 'commander';
import { asCliError } from './cli-error.ts';
import { addWrappedHelp } from './command-line.ts';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts';
import type { Context, Terminal } from './terminal.ts';
import { programVersion } from '../lib/version.ts';

interface Entry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<(context: Context) => Command>;
}

const ENTRIES: readonly Entry[] = [
  {
    name: 'serve',
    summary: 'start the server',
    load: async () => (await import('./commands/serve.ts')).serveCommand,
  },
  {
    name: 'demo',
    summary: 'start a server with a lively marketplace on it',
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  {
    name: 'token',
    summary: 'make a token to sign in with',
    load: async () => (await import('./commands/token.ts')).tokenCommand,
  },
  {
    name: 'auction',
    summary: 'list, show, watch, bid on and end auctions',
    load: async () => (await import('./commands/auction.ts')).auctionCommand,
  },
  {
    name: 'watchlist',
    summary: 'show one’s own watchlist, and change it',
    load: async () => (await import('./commands/watchlist.ts')).watchlistCommand,
  },
  {
    name: 'import',
    summary: 'list recorded listings on a running server',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  {
    name: 'replay',
    summary: 'run recorded eBay auctions through the engine',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  {
    name: 'snapshot',
    summary: 'copy the data folder, also while the server runs',
    load: async () => (await import('./commands/snapshot.ts')).snapshotCommand,
  },
  {
    name: 'restore',
    summary: 'put a copy back as the data folder',
    load: async () => (await import('./commands/restore.ts')).restoreCommand,
  },
  {
    name: 'verify',
    summary: 'check the log from its first record to its last',
    load: async () => (await import('./commands/verify.ts')).verifyCommand,
  },
  {
    name: 'repair',
    summary: 'say what can be made of a damaged data folder, and do it',
    load: async () => (await import('./commands/repair.ts')).repairCommand,
  },
  {
    name: 'reshard',
    summary: 'give a data folder another number of shards',
    load: async () => (await import('./commands/reshard.ts')).reshardCommand,
  },
  {
    name: 'report',
    summary: 'write the signed report on an auction that is over',
    load: async () => (await import('./commands/report.ts')).reportCommand,
  },
  {
    name: 'inspect',
    summary: 'show what the log holds',
    load: async () => (await import('./commands/inspect.ts')).inspectCommand,
  },
  {
    name: 'project',
    summary: 'look after the lists and the search, which are made from the logs',
    load: async () => (await import('./commands/project.ts')).projectCommand,
  },
  {
    name: 'bench',
    summary: 'measure this machine and compare',
    load: async () => (await import('./commands/bench.ts')).benchCommand,
  },
  {
    name: 'sim',
    summary: 'prove it: thousands of simulated disasters, each under a seed',
    load: async () => (await import('./commands/sim.ts')).simCommand,
  },
  {
    name: 'mode',
    summary: 'show or switch watch-only mode of a running server',
    load: async () => (await import('./commands/mode.ts')).modeCommand,
  },
  {
    name: 'config',
    summary: 'print, check and document the configuration',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
];

const HEAD = `Gavel: an auction server with durable, fair, live bidding.

Start with:
  $ gavel serve
  $ gavel auction create "Brass lamp" --start 10.00 --currency USD --ends-in 10m
  $ gavel auction watch ID
  $ gavel auction bid ID 12.50`;

/** Runs one command; returns the exit code. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const context: Context = { terminal, exitCode: EXIT.ok };
  const [first, second] = args;
  const isHelp = first === 'help';
  const wanted = isHelp ? second : first;
  const given = isHelp ? [...args.slice(1), '--help'] : [...args];
  if (given.length === 0) given.push('--help');
  try {
    const program = await build(wanted, context);
    await program.parseAsync(given, { from: 'user' });
    return args.length === 0 ? EXIT.usage : context.exitCode;
  } catch (error) {
    return report(error, args, terminal);
  }
}

async function build(wanted: string | undefined, context: Context): Promise<Command> {
  const { terminal } = context;
  const program = new Command('gavel')
    .description(HEAD)
    .version(programVersion(), '-V, --version', 'show the version')
    .helpCommand('help [command]', 'show the help of a command');
  const more = 'Every command has examples and its exit codes: gavel help COMMAND';
  addWrappedHelp(program, `\n${EXIT_CODES_HELP}\n\n${more}`);
  for (const entry of ENTRIES) {
    const command =
      entry.name === wanted
        ? (await entry.load())(context)
        : new Command(entry.name).summary(entry.summary).description(entry.summary);
    program.addCommand(command);
  }
  prepare(program, terminal);
  return program;
}

/** Errors are thrown, texts go to our terminal: for this command and all below. */
function prepare(command: Command, terminal: Terminal): void {
  command.exitOverride();
  command.showHelpAfterError(`See: ${fullName(command)} --help`);
  command.configureOutput({
    writeOut: (text) => terminal.write(text),
    writeErr: (text) => terminal.writeErrors(text),
    getOutHelpWidth: () => Math.min(100, terminal.columns),
    getErrHelpWidth: () => Math.min(100, terminal.columns),
  });
  for (const below of command.commands) prepare(below, terminal);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function report(error: unknown, args: readonly string[], terminal: Terminal): number {
  if (error instanceof CommanderError) {
    // Commander has printed the help or the mistake already.
    const asked = error.exitCode === 0 && args.length > 0;
    return asked ? EXIT.ok : EXIT.usage;
  }
  const known = asCliError(error);
  terminal.err(`gavel: ${known.message}`);
  if (known.next !== '') terminal.err(known.next);
  if (args.includes('--verbose')) {
    const shown = known.cause instanceof Error ? known.cause : known;
    terminal.err(shown.stack ?? String(shown));
  }
  return known.exitCode;
}
