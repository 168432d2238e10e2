/** The options through which any configuration key can be given on the command line. */
import type { Command } from 'commander';
import { loadConfig } from '../config/load-config.ts';
import type { Config, ConfigSources } from '../config/load-config.ts';
import { CliError } from './cli-error.ts';
import { collect } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** Short flags and the keys that they stand for. */
export interface ConfigOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly data?: string;
  readonly host?: string;
  readonly port?: string;
  readonly internalHost?: string;
  readonly internalPort?: string;
  readonly shards?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

const SHORT_FLAGS = [
  { name: 'data', flag: '--data', path: 'data.folder' },
  { name: 'host', flag: '--host', path: 'server.host' },
  { name: 'port', flag: '--port', path: 'server.port' },
  { name: 'internalHost', flag: '--internal-host', path: 'server.internalHost' },
  { name: 'internalPort', flag: '--internal-port', path: 'server.internalPort' },
  { name: 'shards', flag: '--shards', path: 'data.shards' },
  { name: 'logLevel', flag: '--log-level', path: 'log.level' },
  { name: 'logFormat', flag: '--log-format', path: 'log.format' },
] as const;

/** --config and --set. */
export function withConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file (default: gavel.yaml here, if it is there)')
    .option('--set <key=value>', 'set any configuration key; may be repeated', collect);
}

/** --config, --set and --data: for commands that work on a data folder. */
export function withDataOptions(command: Command): Command {
  return withConfigOptions(command).option('-d, --data <dir>', 'data folder (default: data)');
}

/** @throws ConfigError, CliError */
export function configFrom(options: ConfigOptions, terminal: Terminal): Config {
  const flags = new Map<string, { text: string; flag: string }>();
  for (const assignment of options.set ?? []) {
    const at = assignment.indexOf('=');
    if (at < 1) {
      const next = 'Write it as --set server.port=9000.';
      throw new CliError(EXIT.usage, `--set takes key=value, not "${assignment}"`, next);
    }
    const path = assignment.slice(0, at);
    flags.set(path, { text: assignment.slice(at + 1), flag: `--set ${path}` });
  }
  for (const { name, flag, path } of SHORT_FLAGS) {
    const text = options[name];
    if (text !== undefined) flags.set(path, { text, flag });
  }
  const sources: ConfigSources = { flags, env: terminal.env, folder: terminal.folder };
  return loadConfig(options.config === undefined ? sources : { ...sources, file: options.config });
}
