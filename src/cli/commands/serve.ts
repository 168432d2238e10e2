/** `gavel serve`: start the server, say how to try it, and stop it cleanly. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { declare } from '../command-line.ts';
import { configFrom, withDataOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { EXIT } from '../exit-codes.ts';
import { ownName, whereOptions } from '../hints.ts';
import { makeLogger } from '../logger.ts';
import type { Context, Terminal } from '../terminal.ts';
import type { Logger } from 'pino';
import { ConfigError } from '../../config/config-error.ts';
import { reloaded } from '../../config/load-config.ts';
import type { Config, Entry } from '../../config/load-config.ts';
import { STOP } from '../../config/limits.ts';
import { formatDuration } from '../../config/units.ts';
import type { NodeFailure, RunningNode } from '../../node/server.ts';

export function serveCommand(context: Context): Command {
  const command = declare({
    name: 'serve',
    summary: 'start the server',
    description:
      'Starts the server on a data folder, which is made on the first start. Stops cleanly on Ctrl-C\n' +
      'and SIGTERM; a second Ctrl-C stops at once, and even then nothing that was answered is lost.\n' +
      'SIGHUP reads the configuration again and takes over limits and log level.',
    examples: [
      'gavel serve',
      'gavel serve --port 9000 --data /var/lib/gavel',
      'gavel serve --config /etc/gavel/gavel.yaml --log-format json',
      'GAVEL_SERVER_PORT=9000 gavel serve --set rules.softClose.window=2m',
    ],
    exitCodes: [
      '70  a mistake of gavel that starting its threads again does not mend',
      '74  the data is damaged, or files cannot be read or written, also while stopping',
      '75  a port is taken, or another gavel uses the data folder',
      '78  the configuration is wrong',
    ],
  })
    .option('-H, --host <address>', 'address of the public listener (default: 0.0.0.0)')
    .option('-p, --port <port>', 'port of the public listener (default: 8080; 0: any free one)')
    .option(
      '--internal-host <address>',
      'address of health, metrics and admin (default: 127.0.0.1)',
    )
    .option('--internal-port <port>', 'port of health, metrics and admin (default: 9090)')
    .option(
      '--shards <count>',
      'worker threads of a new data folder (default: cores − 1, at least 2)',
    )
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent')
    .option('--log-format <format>', 'auto, pretty or json')
    .option('--json', 'print the addresses and a token as one JSON line');
  return withDataOptions(command).action((options: ServeOptions) => run(options, context));
}

export interface ServeOptions extends ConfigOptions {
  readonly json?: true;
}

/** Something that lives on the server from its start until it is asked to stop. */
export interface Guest {
  /** What there is to look at, in lines. */
  open(node: RunningNode): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Starts the server and resolves once it has stopped. */
export async function run(options: ServeOptions, context: Context, guest?: Guest): Promise<void> {
  const { terminal } = context;
  terminal.outliveReader();
  const config = configFrom(options, terminal);
  const log = await makeLogger(config.settings.log, terminal);
  const { startNode } = await import('../../node/server.ts');
  const interrupts = new Interrupts(terminal);
  let node: RunningNode | null = null;
  // Whoever started it by hand has closed the window: nobody would see it, or stop it, any more.
  const endReloads = terminal.interactiveErrors
    ? terminal.onHangUp(() => interrupts.ask('SIGHUP'))
    : reloadOnHangUp(options, config, log, terminal, () => node);
  try {
    node = await startNode(config.settings, log);
  } catch (error) {
    throw portProblem(error, config) ?? error;
  }
  const lines = options.json
    ? [JSON.stringify(await addresses(node, config))]
    : await greeting(node, config, terminal);
  for (const line of lines) terminal.out(line);
  for (const line of (await guest?.open(node)) ?? []) terminal.out(line);
  const failure = await Promise.race([interrupts.first.then(() => null), node.failed]);
  await guest?.close();
  if (failure !== null) throw stopped(failure);
  terminal.err('Stopping: clients move away, what was accepted is finished. Ctrl-C stops at once.');
  const startedMs = performance.now();
  const failedLate = await Promise.race([node.stop().then(() => null), node.failed]);
  if (failedLate !== null) throw stopped(failedLate);
  terminal.err(`Stopped after ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`);
  interrupts.end();
  endReloads();
}

/** On SIGHUP: whatever is wrong with the configuration, the server goes on with what it has. */
function reloadOnHangUp(
  options: ServeOptions,
  started: Config,
  log: Logger,
  terminal: Terminal,
  node: () => RunningNode | null,
): () => void {
  let running = started;
  return terminal.onHangUp(() => {
    const server = node();
    if (server === null) return log.warn('SIGHUP: still starting; send it again once it is ready');
    try {
      const { config, changed, atNextStart } = reloaded(running, configFrom(options, terminal));
      running = config;
      server.setLimits(config.settings);
      // Told at the more talkative one of both levels.
      if (!log.isLevelEnabled('info')) log.level = config.settings.log.level;
      log.info({ changed: textsOf(changed) }, 'SIGHUP: the configuration was read again');
      log.level = config.settings.log.level;
      if (atNextStart.length === 0) return;
      log.warn({ keys: textsOf(atNextStart) }, 'SIGHUP: changed, but taken over at the next start');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const { problems } = error;
      log.error({ problems }, 'SIGHUP: the configuration is wrong; nothing was taken over');
    }
  });
}

/** By path. */
function textsOf(entries: readonly Entry[]): Readonly<Record<string, string>> {
  return Object.fromEntries(entries.map(({ path, text }) => [path, text]));
}

/**
 * The first signal asks to stop; a later Ctrl-C does not wait. One signal to a whole process group
 * (a supervisor, Ctrl-C) may come twice, because whoever started this process passes it on as well:
 * so a second SIGTERM changes nothing, and a second SIGINT only when it comes some time later.
 */
class Interrupts {
  readonly first: Promise<string>;
  /** Asks to stop, as a first signal does. */
  readonly ask: (signal: string) => void;
  readonly end: () => void;

  constructor(terminal: Terminal) {
    const { promise, resolve: asked } = Promise.withResolvers<string>();
    this.first = promise;
    this.ask = asked;
    let firstMs: number | null = null;
    this.end = terminal.onInterrupt((signal) => {
      const nowMs = performance.now();
      if (firstMs === null) {
        firstMs = nowMs;
        return asked(signal);
      }
      if (signal !== 'SIGINT' || nowMs < firstMs + STOP.sameSignalMs) return;
      terminal.err('Stopped at once. Whatever was answered is in the log.');
      process.exit(EXIT.interrupted);
    });
  }
}

/** A shard or the accounts cannot go on: everybody who waited has been told that the outcome is unknown. */
function stopped({ where, name, message, isOurs }: NodeFailure): CliError {
  const next = isOurs
    ? 'This is a mistake of gavel: please report it with the log above. Then start again.'
    : 'Remove the cause (often a full or failing disk), then start again.';
  return new CliError(
    isOurs ? EXIT.internal : EXIT.data,
    `the server had to stop: ${where}: ${name}: ${message}`,
    `Nothing that was answered is lost. ${next}`,
  );
}

async function addresses(node: RunningNode, { settings }: Config): Promise<object> {
  const own = settings.auth.jwks === null;
  return {
    url: node.publicUrl,
    internalUrl: node.internalUrl,
    token: own ? await node.tokenFor('alice', ['seller', 'bidder']) : null,
  };
}

async function greeting(node: RunningNode, config: Config, terminal: Terminal): Promise<string[]> {
  const { settings } = config;
  const gavel = ownName(terminal);
  const folder = resolve(terminal.folder, settings.data.folder);
  const url = node.publicUrl;
  const lines = [
    'Gavel is ready.',
    `  public    ${url}   (WebSocket: ${url.replace(/^http/, 'ws')}/v1/ws)`,
    `  internal  ${node.internalUrl}   (/livez, /readyz, /metrics)`,
    `  data      ${folder}`,
    `  config    ${config.file ?? 'defaults; see: gavel config print'}`,
    '',
  ];
  if (settings.auth.jwks !== null) return lines;
  const token = await node.tokenFor('alice', ['seller', 'bidder']);
  const where = whereOptions(url, folder, terminal);
  return [
    ...lines,
    'Try it in another terminal, in this folder:',
    `  ${gavel} auction create "Brass lamp" --start 10.00 --currency USD --ends-in 10m${where}`,
    `  ${gavel} auction watch ID${where}`,
    `  ${gavel} auction bid ID 12.50 --as bob${where}`,
    '',
    `A token for other clients (alice, seller and bidder, ${formatDuration(settings.auth.accessTtlMs)}):`,
    `  ${token}`,
    `More tokens: ${gavel} token --sub NAME --role bidder`,
    'Stop with Ctrl-C.',
  ];
}

/** A port that is taken, in words. */
function portProblem(error: unknown, config: Config): CliError | null {
  if (!(error instanceof Error)) return null;
  if (!error.message.startsWith('Cannot listen on ')) return null;
  const { port, internalPort } = config.settings.server;
  return new CliError(
    EXIT.tryAgain,
    error.message,
    `Stop the program that uses it, or take others: gavel serve --port ${port + 1} --internal-port ${internalPort + 1}`,
    { cause: error },
  );
}
