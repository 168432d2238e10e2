/** The real program as a child process: started on free ports and a folder of its own. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SigningKey } from '../../src/gateway/token.ts';
import { loadOrCreateKeyFile, signToken } from '../../src/gateway/token.ts';
import type { RoleName } from '../../src/gateway/user.ts';
import { keysFolder } from '../../src/journal/data-folder.ts';

export interface ServerOptions {
  readonly data?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Starts the server under another program that becomes it, for instance `strace -D`. */
  readonly under?: readonly string[];
}

/** What `gavel serve --json` prints when it is ready. */
interface Ready {
  readonly url: string;
  readonly internalUrl: string;
  readonly token: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** When it was noticed, milliseconds since 1970. */
  readonly atMs: number;
}

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Whether the long forms run. */
export const LONG = process.env['GAVEL_TEST_LONG'] === '1';

/** Limits that are not what a test is about, out of its way. */
export const UNLIMITED: Readonly<Record<string, string>> = {
  GAVEL_RULES_BIDS_PER_MINUTE_MAX: 'unlimited',
  GAVEL_LIMITS_FRAMES_PER_SECOND: '1000000',
  GAVEL_LIMITS_BYTES_PER_SECOND: '1GB',
  GAVEL_LIMITS_COMMANDS_PER_SECOND: '1000000',
  GAVEL_LIMITS_REQUESTS_PER_SECOND: '1000000',
  GAVEL_LIMITS_SIGN_INS_PER_SECOND: '1000000',
};

/** A server that did not become ready. */
export class StartFailed extends Error {
  override name = 'StartFailed';
  readonly exit: Exit;
  readonly log: string;
  constructor(exit: Exit, log: string) {
    super(`the server ended before it was ready (${exit.signal ?? `code ${exit.code}`}):\n${log}`);
    this.exit = exit;
    this.log = log;
  }
}

export class Server {
  readonly child: ChildProcess;
  readonly ready: Ready;
  readonly data: string;
  readonly exited: Promise<Exit>;
  readonly #launched: Launched;

  private constructor(launched: Launched, ready: Ready, data: string) {
    this.child = launched.child;
    this.exited = launched.exited;
    this.ready = ready;
    this.data = data;
    this.#launched = launched;
  }

  /** @throws StartFailed */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const data = options.data ?? temporaryFolder();
    const launched = launch(data, options);
    return new Server(launched, await launched.ready, data);
  }

  /** Starts it and kills it after this time, ready or not: mostly while it recovers. */
  static async startAndKill(options: ServerOptions & { data: string }, ms: number): Promise<void> {
    const launched = launch(options.data, options);
    launched.ready.catch(() => undefined);
    setTimeout(() => launched.child.kill('SIGKILL'), ms);
    const { signal } = await launched.exited;
    assert.equal(signal, 'SIGKILL', launched.log.join('\n'));
  }

  get url(): string {
    return this.ready.url;
  }

  get port(): number {
    return Number(new URL(this.ready.url).port);
  }

  /** What the server logged so far. */
  get log(): string {
    return this.#launched.log.join('\n');
  }

  /** A token of the server's own key. */
  async token(sub: string, roles: readonly RoleName[] = ['bidder']): Promise<string> {
    return tokenFor(this.data, sub, roles);
  }

  /** SIGKILL, and gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return (await this.exited).code;
  }
}

interface Launched {
  readonly child: ChildProcess;
  readonly log: readonly string[];
  readonly ready: Promise<Ready>;
  readonly exited: Promise<Exit>;
}

/** Everything started by this process and still running: none of it may outlive the test. */
const running = new Set<ChildProcess>();

function launch(data: string, options: ServerOptions): Launched {
  const command = [
    ...(options.under ?? []),
    process.execPath,
    join(root, 'bin/gavel'),
    'serve',
    '--json',
    '--data',
    data,
    ...(options.args ?? []),
  ];
  const child = spawn(command[0] as string, command.slice(1), {
    // Not the repository: a gavel.yaml there is none of ours.
    cwd: dirname(data),
    env: {
      ...process.env,
      GAVEL_SERVER_HOST: '127.0.0.1',
      GAVEL_SERVER_PORT: '0',
      GAVEL_SERVER_INTERNAL_PORT: '0',
      GAVEL_LOG_FORMAT: 'json',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const log: string[] = [];
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
    log.push(line);
  });
  // `close` comes after `exit`, when all that the server wrote has been read as well.
  let exitAtMs = 0;
  child.on('exit', () => (exitAtMs = Date.now()));
  const exited = new Promise<Exit>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, atMs: exitAtMs });
    });
  });
  const ready = new Promise<Ready>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      resolve(JSON.parse(line) as Ready);
    });
    exited.then((exit) => reject(new StartFailed(exit, log.join('\n'))), reject);
  });
  return { child, log, ready, exited };
}

/** Runs a command of gavel to its end. */
export async function gavel(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, [join(root, 'bin/gavel'), ...args], { cwd: tmpdir() });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

export interface ShardVerdict {
  readonly headHash: string;
  readonly stateHash: string | null;
  readonly records: number;
  readonly snapshotAuctions: number;
  readonly finding: { readonly record: number; readonly what: string } | null;
}

/** `gavel verify` on a folder that has to be whole. */
export async function verified(data: string): Promise<readonly ShardVerdict[]> {
  const { code, out, err } = await gavel('verify', '--json', '--data', data);
  assert.equal(code, 0, `gavel verify: ${out}${err}`);
  const { ok, shards } = JSON.parse(out) as { ok: boolean; shards: ShardVerdict[] };
  assert.ok(ok, out);
  return shards;
}

const keys = new Map<string, Promise<SigningKey>>();

/** A token of the key in this folder; good for longer than any test. */
export async function tokenFor(
  data: string,
  sub: string,
  roles: readonly RoleName[] = ['bidder'],
): Promise<string> {
  let key = keys.get(data);
  if (key === undefined) keys.set(data, (key = loadOrCreateKeyFile(keysFolder(data))));
  return signToken(await key, {
    sub,
    roles,
    ttlMs: 12 * 3_600_000,
    issuer: 'gavel',
    audience: 'gavel',
    nowMs: Date.now(),
  });
}

const folders: string[] = [];
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes with the test process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-test-'));
  folders.push(folder);
  return join(folder, 'data');
}

/** Waits until this gives a value; fails when it takes longer than `limitMs`. */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  limitMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The seed of this run: GAVEL_TEST_SEED repeats one. */
export function seedOfRun(): number {
  return Number(process.env['GAVEL_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
}

/** Numbers from 0 up to below the argument. */
export type Below = (n: number) => number;

/** mulberry32 */
export function randomFrom(seed: number): Below {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

/** Why this machine cannot make system calls fail; null: it can. */
export function whyNoStrace(): string | null {
  const tried = spawnSync('strace', ['-D', '-qq', '-o', '/dev/null', '-e', 'trace=fsync', 'true']);
  if (tried.error !== undefined) return 'strace is not installed (Debian: apt install strace)';
  return tried.status === 0 ? null : `strace may not trace here: ${tried.stderr.toString().trim()}`;
}
