/** `gavel config print|check|doc`: the configuration, where it comes from, and what there is. */
import { Command } from 'commander';
import { declare } from '../command-line.ts';
import { configFrom, withConfigOptions } from '../config-options.ts';
import type { ConfigOptions } from '../config-options.ts';
import { EXIT } from '../exit-codes.ts';
import type { Context } from '../terminal.ts';
import { ConfigError } from '../../config/config-error.ts';
import type { Entry } from '../../config/load-config.ts';

export function configCommand(context: Context): Command {
  return new Command('config')
    .summary('print, check and document the configuration')
    .description('Print, check and document the configuration.')
    .addCommand(printCommand(context))
    .addCommand(checkCommand(context))
    .addCommand(docCommand(context))
    .addHelpText(
      'after',
      '\nExamples:\n  $ gavel config print\n  $ gavel config check --config gavel.yaml\n  $ gavel config doc',
    );
}

function printCommand({ terminal }: Context): Command {
  const command = declare({
    name: 'print',
    summary: 'print every value in force and where it comes from; secrets are masked',
    examples: [
      'gavel config print',
      'GAVEL_SERVER_PORT=9000 gavel config print --json',
      'gavel config print --set limits.connections=500',
    ],
    exitCodes: ['78  the configuration is wrong'],
  }).option('--json', 'print one JSON object');
  return withConfigOptions(command).action((options: ConfigOptions & { json?: true }) => {
    const { entries, file } = configFrom(options, terminal);
    if (options.json === true) {
      const values = Object.fromEntries(
        entries.map(({ path, text, origin }) => [path, { value: text, origin }]),
      );
      return terminal.out(JSON.stringify({ file, values }, null, 2));
    }
    const rows = entries.map(({ path, text, origin }) => [path, text, origin] as const);
    const widths = [0, 1].map((i) =>
      Math.min(50, Math.max(...rows.map((row) => row[i]?.length ?? 0))),
    );
    terminal.out(file === null ? '# no configuration file' : `# file: ${file}`);
    for (const [path, text, origin] of rows) {
      terminal.out(`${path.padEnd(widths[0] ?? 0)}  ${text.padEnd(widths[1] ?? 0)}  ${origin}`);
    }
  });
}

function checkCommand(context: Context): Command {
  const command = declare({
    name: 'check',
    summary: 'check the configuration without starting anything',
    examples: ['gavel config check', 'gavel config check --config /etc/gavel/gavel.yaml'],
    exitCodes: ['78  the configuration is wrong; every mistake is named'],
  }).option('--json', 'print one JSON object');
  return withConfigOptions(command).action((options: CheckOptions) =>
    options.json === true ? checkForScripts(options, context) : check(options, context),
  );
}

type CheckOptions = ConfigOptions & { readonly json?: true };

function check(options: CheckOptions, { terminal }: Context): void {
  const { entries, file } = configFrom(options, terminal);
  const source = file === null ? 'no file' : file;
  const own = ownValues(entries);
  terminal.out(`The configuration is fine: ${source}, ${own} of ${entries.length} values set.`);
}

function checkForScripts(options: CheckOptions, context: Context): void {
  const { terminal } = context;
  try {
    const { entries, file } = configFrom(options, terminal);
    terminal.out(JSON.stringify({ ok: true, file, own: ownValues(entries) }));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    terminal.out(JSON.stringify({ ok: false, problems: error.problems }));
    context.exitCode = EXIT.configuration;
  }
}

function ownValues(entries: readonly Entry[]): number {
  return entries.filter(({ origin }) => origin !== 'default').length;
}

function docCommand({ terminal }: Context): Command {
  return declare({
    name: 'doc',
    summary: 'print the reference of every key as Markdown',
    examples: ['gavel config doc', 'gavel config doc --example > gavel.yaml'],
  })
    .option('--example', 'print a file with every key and its default instead')
    .action(async (options: { example?: true }) => {
      const doc = await import('../../config/configuration-doc.ts');
      terminal.write(options.example === true ? doc.exampleFile() : doc.configurationDoc());
    });
}
