/** How every command is declared: examples and exit codes in its help, mistakes as exit code 2. */
import { Command } from 'commander';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { parseDuration, DURATION_HINT } from '../config/units.ts';

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

/** A command with its help; options and action are up to the caller. */
export function declare(text: CommandText): Command {
  const command = new Command(text.name)
    .summary(text.summary)
    .description(text.description ?? text.summary)
    .option('--verbose', 'show where an error came from');
  const examples = text.examples.map((line) => `  $ ${line}`).join('\n');
  const codes = (text.exitCodes ?? []).map((line) => `  ${line}`).join('\n');
  command.addHelpText('after', `\nExamples:\n${examples}`);
  if (codes !== '') command.addHelpText('after', `\nExit codes:\n  0  it worked\n${codes}`);
  return command;
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
export function durationMs(name: string): (text: string) => number {
  return (text) => {
    const value = parseDuration(text);
    if (value !== undefined) return value;
    throw new CliError(EXIT.usage, `${name} must be ${DURATION_HINT}, not "${text}"`);
  };
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
