/** The programs that the bench starts: servers to be measured and the load generator. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const STDERR_CHARS_KEPT = 4000;
const STOP_MS_MAX = 30_000;
const LOOPBACK = '127.0.0.1';

/** Path of a file of the bench or of the product, from the folder of this file. */
export function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether its standard output is read here. */
  readonly output?: boolean;
}

export class Child {
  readonly name: string;
  readonly process: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** What it prints, line by line; null: its output is not read. */
  readonly #lines: AsyncIterator<string> | null;
  #stderr = '';

  constructor(name: string, command: string, args: readonly string[], options: ChildOptions = {}) {
    this.name = name;
    const output = options.output === true ? 'pipe' : 'ignore';
    this.process = spawn(command, [...args], {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['pipe', output, 'pipe'],
    });
    this.#lines = this.process.stdout && linesOf(this.process.stdout);
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_KEPT);
    });
    // A child that is gone takes no more input; how it ended is told by whoever waits for it.
    this.process.stdin?.on('error', () => undefined);
    this.#exited = once(this.process, 'exit').catch(() => undefined);
  }

  get isRunning(): boolean {
    const { pid, exitCode, signalCode } = this.process;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** The next line that it prints, parsed. */
  async nextLine<T>(): Promise<T> {
    if (this.#lines === null) throw new Error(`the output of ${this.name} is not read`);
    const { done, value } = await this.#lines.next();
    if (done === true) throw await this.failure('said nothing');
    return JSON.parse(value) as T;
  }

  /** An error that tells how it ended. */
  async failure(what: string): Promise<Error> {
    await Promise.race([this.#exited, sleep(100)]);
    const said = this.#stderr.trim();
    return new Error(`${this.name} ${what}${said === '' ? '' : `:\n${said}`}`);
  }

  /** Asks it to stop and waits; kills it when it takes too long. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return;
    this.process.stdin?.end();
    this.process.kill(signal);
    const late = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS_MAX);
    await this.#exited;
    clearTimeout(late);
  }

  /** The same without asking. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.process.kill('SIGKILL');
    await this.#exited;
  }

  async exit(): Promise<void> {
    await this.#exited;
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** The lines of a stream, one after the other, none lost between two looks. */
export function linesOf(stream: Readable): AsyncIterator<string> {
  return createInterface({ input: stream })[Symbol.asyncIterator]();
}

/** A port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
