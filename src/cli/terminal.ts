/**
 * Where a command reads from and writes to: results to stdout, everything else to stderr. Tests
 * put their own in its place.
 */
import { yieldAsProcess } from '../node/low-priority.ts';
import { EXIT } from './exit-codes.ts';

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working folder. */
  readonly folder: string;
  /** Whether a person looks at stdout, so that lines may be drawn again. */
  readonly interactive: boolean;
  /** Whether a person looks at stderr, so that progress may be drawn there. */
  readonly interactiveErrors: boolean;
  readonly columns: number;
  /** Writes to stdout as it is. */
  write(text: string): void;
  /** A line to stdout. */
  out(line: string): void;
  /** Writes to stderr as it is. */
  writeErrors(text: string): void;
  /** A line to stderr. */
  err(line: string): void;
  /** Calls back on Ctrl-C and SIGTERM; the function returned ends that. */
  onInterrupt(handler: (signal: string) => void): () => void;
  /** Calls back on SIGHUP, which ends the program otherwise; the function returned ends that. */
  onHangUp(handler: () => void): () => void;
  /** From now on the program goes on when nobody reads its output any more. */
  outliveReader(): void;
  /** The program leaves the processor to others from now on (nice). */
  giveWay(niceness: number): void;
}

/** What every command gets: the terminal, and the exit code to leave behind. */
export interface Context {
  readonly terminal: Terminal;
  exitCode: number;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export function processTerminal(): Terminal {
  let outlives = false;
  // A reader that has seen enough (`gavel inspect --records | head`) closes the pipe. What is left
  // to do was for that reader; but a check that was not finished must not look as if it had passed.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!outlives) process.exit(error.code === 'EPIPE' ? EXIT.readerGone : EXIT.data);
  });
  // Where the messages go to nobody there is nobody to tell, and the work may go on.
  process.stderr.on('error', () => {});
  return {
    env: process.env,
    folder: process.cwd(),
    interactive: process.stdout.isTTY === true,
    interactiveErrors: process.stderr.isTTY === true,
    get columns() {
      return process.stdout.columns || process.stderr.columns || 80;
    },
    write: (text) => void process.stdout.write(text),
    out: (line) => void process.stdout.write(`${line}\n`),
    writeErrors: (text) => void process.stderr.write(text),
    err: (line) => void process.stderr.write(`${line}\n`),
    outliveReader: () => {
      outlives = true;
    },
    giveWay: yieldAsProcess,
    onHangUp(handler) {
      process.on('SIGHUP', handler);
      return () => void process.off('SIGHUP', handler);
    },
    onInterrupt(handler) {
      for (const signal of SIGNALS) process.on(signal, handler);
      return () => {
        for (const signal of SIGNALS) process.off(signal, handler);
      };
    },
  };
}
