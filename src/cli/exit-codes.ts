/**
 * The exit codes of every command, after sysexits.h where it has one. Scripts rely on them: a
 * number never changes its meaning. `gavel --help` and docs/operations.md show this table.
 */
export const EXIT = {
  /** It worked. */
  ok: 0,
  /** The server refused, or a check found something. */
  refused: 1,
  /** Wrong usage or bad input. */
  usage: 2,
  /** The server cannot be reached. */
  unreachable: 69,
  /** A mistake of ours. */
  internal: 70,
  /** Files cannot be read or written, or the stored data is damaged. */
  data: 74,
  /** Not now: try again. */
  tryAgain: 75,
  /** The configuration is wrong. */
  configuration: 78,
  /** Ctrl-C or SIGTERM in the middle of the work; what a shell shows for it. */
  interrupted: 130,
  /** Who read the output went away before its end; what a shell shows for SIGPIPE. */
  readerGone: 141,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `Exit codes:
  0    it worked
  1    refused by the server, or a check found something
  2    wrong usage or bad input
  69   the server cannot be reached
  70   internal error: please report it
  74   input/output error or damaged data
  75   temporary: try again (also: it is not known whether a command took effect)
  78   the configuration is wrong, or there is no data folder
  130  interrupted: Ctrl-C or SIGTERM in the middle of the work
  141  whoever read the output stopped reading, as head does`;
