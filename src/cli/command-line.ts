/** How every command is declared: examples and exit codes in its help, mistakes as exit code 2. */
import { Command } from 'commander';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { unwrapped, wrapped } from './help-text.ts';
import { DURATION_HINT, formatDuration, parseDuration } from '../config/units.ts';

export interface CommandText {
  readonly name: string;
  readonly summary: string;
  /** More than the summary, for the command's own help. */
  readonly description?: string;
  /** Lines as one would type them, without the leading `$`. */
  readonly examples: readonly string[];
  /** What the exit codes mean here, for instance `1  refused`. */
  readonly exitCodes?: readonly string[];
}

const HELP_WIDTH = 80;

/** A command with its help; options and action are up to the caller. */
export function declare(text: CommandText): Command {
  const command = new Command(text.name)
    .summary(text.summary)
    .description(unwrapped(text.description ?? text.summary))
    .option('--verbose', 'show where an error came from');
  const examples = text.examples.map((line) => `  $ ${line}`).join('\n');
  const own = text.exitCodes ?? [];
  const usage = own.some((line) => line.startsWith('2 ')) ? [] : ['2  wrong usage'];
  const codes = ['0  it worked', ...usage, ...own]
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((line) => `  ${line.replace(/^(\d+) +/, (_, code: string) => code.padEnd(5))}`)
    .join('\n');
  command.addHelpText('after', `\nExamples:\n${examples}`);
  return addWrappedHelp(command, `\nExit codes (all of them: gavel --help):\n${codes}`);
}

/** Puts a text behind the help, wrapped like the rest of it. */
export function addWrappedHelp(command: Command, text: string): Command {
  return command.addHelpText('after', () =>
    wrapped(text, command.configureOutput().getOutHelpWidth?.() ?? HELP_WIDTH),
  );
}

/** An option that takes a whole number. */
export function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new CliError(
      EXIT.usage,
      `${name} must be a whole number from ${min} to ${max}, not "${text}"`,
    );
  };
}

/** An option that takes a duration, as milliseconds. */
export function durationMs(name: string, min = 0, max = Infinity): (text: string) => number {
  return (text) => {
    const value = parseDuration(text);
    if (value !== undefined && value >= min && value <= max) return value;
    const range = `a duration from ${formatDuration(min)} to ${formatDuration(max)}`;
    const wanted = max === Infinity ? DURATION_HINT : range;
    throw new CliError(EXIT.usage, `${name} must be ${wanted}, not "${text}"`);
  };
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
