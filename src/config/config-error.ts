/** What a wrong configuration throws; apart from the rest, so that it can be known cheaply. */

/** The configuration is wrong. `problems` has one sentence each. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}
