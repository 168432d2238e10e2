/** A terminal that keeps what a command writes. */
import { runCli } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface FakeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly interactive?: boolean;
  readonly columns?: number;
}

export class FakeTerminal implements Terminal {
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly interactive: boolean;
  readonly interactiveErrors = false;
  readonly columns: number;
  stdout = '';
  stderr = '';
  readonly #handlers = new Set<(signal: string) => void>();

  constructor({ env = {}, folder = '/', interactive = false, columns = 80 }: FakeOptions = {}) {
    this.env = env;
    this.folder = folder;
    this.interactive = interactive;
    this.columns = columns;
  }

  write(text: string): void {
    this.stdout += text;
  }

  out(line: string): void {
    this.stdout += `${line}\n`;
  }

  writeErrors(text: string): void {
    this.stderr += text;
  }

  err(line: string): void {
    this.stderr += `${line}\n`;
  }

  onHangUp(): () => void {
    return () => undefined;
  }

  onInterrupt(handler: (signal: string) => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  outliveReader(): void {}

  giveWay(): void {}

  interrupt(): void {
    for (const handler of this.#handlers) handler('SIGINT');
  }
}

/** Runs one command line, as typed, without a process of its own. */
export async function gavel(args: readonly string[], options: FakeOptions = {}): Promise<Ran> {
  const terminal = new FakeTerminal(options);
  const code = await runCli(args, terminal);
  return { code, out: terminal.stdout, err: terminal.stderr };
}
